package node

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// kind is the list of the pod's spec that a container stands in.
type kind int

const (
	kindInit kind = iota
	kindSidecar
	kindApp
	kindEphemeral
)

// stage is where a container is in its life.
type stage int

const (
	stageWaiting stage = iota
	stageRunning
	stageEnded
)

// pod is what the node knows of one pod beyond the API's object.
type pod struct {
	key         string
	uid         types.UID
	namespace   string
	name        string
	ip          string
	hostNetwork bool
	// mutex guards the fields below. Only the sync of this pod, the end of a
	// process and a probe change them.
	mutex       sync.Mutex
	object      *core.Pod
	containers  map[string]*container
	order       []*container
	firstSeen   time.Time
	restartSeen string
	killAt      time.Time
	faultsUsed  map[string]int
	gone        bool
	volumes     volumeDirs
}

// container is one container through all its starts.
type container struct {
	name      string
	kind      kind
	stage     stage
	waiting   string
	message   string
	restarts  int32
	run       *incarnation
	last      *core.ContainerStateTerminated
	ready     bool
	started   bool
	backOff   time.Duration
	restartAt time.Time
}

// incarnation is one start of a container.
type incarnation struct {
	id        string
	startedAt time.Time
	endedAt   time.Time
	exit      exit
	reason    string
	message   string
	argv      []string
	process   *process
	seq       uint64
	// gone is closed when the container ends; execs in it end with it.
	gone chan struct{}
	// forked says that a real process was started, so that somebody may be left.
	forked atomic.Bool

	environmentOnce sync.Once
	environment     []string
	environmentErr  error
}

// exit is how a process ended: a code, and the signal if one ended it.
type exit struct {
	code   int
	signal string
}

func newIncarnation() *incarnation {
	bytes := make([]byte, 32)
	// crypto/rand never fails on Linux, and says so by ending the program.
	_, _ = rand.Read(bytes)
	return &incarnation{id: hex.EncodeToString(bytes), startedAt: time.Now(), gone: make(chan struct{})}
}

// mark finds the incarnation's processes by their environment.
func (i *incarnation) mark() string { return "PLANE_CONTAINER=" + i.id }

// runtimeID is the container ID as a container runtime would give it.
func (i *incarnation) runtimeID() string { return "containerd://" + i.id }

// newPod starts to know a pod. What the API's status says of containers from
// before a restart of the node is kept.
func newPod(key string, object *core.Pod) *pod {
	made := &pod{key: key, uid: object.UID, namespace: object.Namespace, name: object.Name,
		ip: object.Status.PodIP, hostNetwork: object.Spec.HostNetwork, object: object,
		containers: map[string]*container{}, firstSeen: time.Now(),
		restartSeen: object.Annotations[annotationRestart], faultsUsed: map[string]int{}}
	made.meet(object)
	return made
}

// meet adds the containers of the spec that are not known yet: all of them at
// first, ephemeral ones later.
func (p *pod) meet(object *core.Pod) {
	for _, spec := range object.Spec.InitContainers {
		met := kindInit
		if spec.RestartPolicy != nil && *spec.RestartPolicy == core.ContainerRestartPolicyAlways {
			met = kindSidecar
		}
		p.meetOne(spec.Name, met, object.Status.InitContainerStatuses)
	}
	for _, spec := range object.Spec.Containers {
		p.meetOne(spec.Name, kindApp, object.Status.ContainerStatuses)
	}
	for _, spec := range object.Spec.EphemeralContainers {
		p.meetOne(spec.Name, kindEphemeral, object.Status.EphemeralContainerStatuses)
	}
}

func (p *pod) meetOne(name string, met kind, statuses []core.ContainerStatus) {
	if p.containers[name] != nil {
		return
	}
	made := &container{name: name, kind: met, waiting: "ContainerCreating"}
	for _, status := range statuses {
		if status.Name == name {
			made.adopt(status)
		}
	}
	p.containers[name] = made
	p.order = append(p.order, made)
}

// adopt takes over what the status says of a container.
func (c *container) adopt(status core.ContainerStatus) {
	c.restarts = status.RestartCount
	c.last = status.LastTerminationState.Terminated
	id := trimScheme(status.ContainerID)
	switch {
	case status.State.Running != nil && id != "":
		c.run = newIncarnation()
		c.run.id = id
		c.run.startedAt = status.State.Running.StartedAt.Time
		c.stage, c.started, c.ready = stageRunning, true, true
	case status.State.Terminated != nil:
		ended := status.State.Terminated
		c.run = newIncarnation()
		c.run.id = id
		c.run.startedAt, c.run.endedAt = ended.StartedAt.Time, ended.FinishedAt.Time
		c.run.exit.code, c.run.reason = int(ended.ExitCode), ended.Reason
		c.stage = stageEnded
		close(c.run.gone)
	}
}

func trimScheme(id string) string {
	const scheme = "containerd://"
	if len(id) > len(scheme) {
		return id[len(scheme):]
	}
	return ""
}

// see keeps the newer of the object that a watch brought and the one that the
// last write returned.
func (p *pod) see(object *core.Pod) *core.Pod {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if version(object) >= version(p.object) {
		p.object = object
	}
	p.meet(p.object)
	return p.object
}

// version reads a resourceVersion as the number that it is.
func version(object *core.Pod) uint64 {
	number, _ := strconv.ParseUint(object.ResourceVersion, 10, 64)
	return number
}

// end marks the present incarnation as ended. The caller holds the mutex.
func (p *pod) end(c *container, how exit, reason string) {
	run := c.run
	if c.stage != stageRunning || run == nil {
		return
	}
	run.exit, run.reason, run.endedAt = how, reason, time.Now()
	c.stage, c.ready, c.started = stageEnded, false, false
	close(run.gone)
}

// running returns the incarnation that runs in a container now.
func (p *pod) running(name string) (run *incarnation, known bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	c := p.containers[name]
	if c == nil || p.gone {
		return nil, c != nil
	}
	if c.stage != stageRunning {
		return nil, true
	}
	return c.run, true
}

// specOf returns a container's spec; ephemeral ones have the same fields.
func specOf(object *core.Pod, name string) *core.Container {
	for _, list := range [][]core.Container{object.Spec.Containers, object.Spec.InitContainers} {
		for index := range list {
			if list[index].Name == name {
				return &list[index]
			}
		}
	}
	for index := range object.Spec.EphemeralContainers {
		if object.Spec.EphemeralContainers[index].Name == name {
			converted := core.Container(object.Spec.EphemeralContainers[index].EphemeralContainerCommon)
			return &converted
		}
	}
	return nil
}

// terminated is the API's form of how an incarnation ended.
func (i *incarnation) terminated() *core.ContainerStateTerminated {
	return &core.ContainerStateTerminated{
		ExitCode: int32(i.exit.code), Reason: i.reason, Message: i.message,
		StartedAt: apiTime(i.startedAt), FinishedAt: apiTime(i.endedAt), ContainerID: i.runtimeID(),
	}
}
