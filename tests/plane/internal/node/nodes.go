package node

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	nodeNamePrefix = "plane-node-"
	// zones is how many different zone labels the nodes have.
	zones = 3
	// heartbeatPause and leaseSeconds are the kubelet's.
	heartbeatPause = 10 * time.Second
	leaseSeconds   = 40
	podsMax        = "100000"
)

func (a *agent) nodeName(index int) string { return nodeNamePrefix + strconv.Itoa(index) }

// owns says whether a node is one of this plane's.
func (a *agent) owns(name string) bool {
	index, err := strconv.Atoi(strings.TrimPrefix(name, nodeNamePrefix))
	return strings.HasPrefix(name, nodeNamePrefix) && err == nil && index >= 0 && index < a.config.Nodes
}

// registerNodes creates the Node objects, or finds them from before a restart,
// and says that they are ready.
func (a *agent) registerNodes(ctx context.Context) error {
	for index := range a.config.Nodes {
		name := a.nodeName(index)
		wanted := a.nodeObject(name, index)
		created, err := a.client.CoreV1().Nodes().Create(ctx, wanted, meta.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			created, err = a.client.CoreV1().Nodes().Get(ctx, name, meta.GetOptions{})
		}
		if err != nil {
			return err
		}
		created = created.DeepCopy()
		created.Status = wanted.Status
		setNodeReady(created)
		if _, err = a.client.CoreV1().Nodes().UpdateStatus(ctx, created, meta.UpdateOptions{}); err != nil {
			return err
		}
	}
	// The leases follow with the first heartbeat: their namespace may not be
	// there yet.
	return nil
}

func (a *agent) nodeObject(name string, index int) *core.Node {
	room := core.ResourceList{
		core.ResourceCPU: resource.MustParse("1000"), core.ResourceMemory: resource.MustParse("1Ti"),
		core.ResourceEphemeralStorage: resource.MustParse("1Ti"), core.ResourcePods: resource.MustParse(podsMax),
	}
	return &core.Node{
		ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{
			core.LabelHostname: name, core.LabelOSStable: "linux", core.LabelArchStable: "amd64",
			core.LabelTopologyRegion: "plane", core.LabelTopologyZone: fmt.Sprintf("plane-%c", 'a'+index%zones),
		}},
		Status: core.NodeStatus{
			Capacity: room, Allocatable: room,
			Addresses: []core.NodeAddress{
				{Type: core.NodeInternalIP, Address: "127.0.0.1"},
				{Type: core.NodeHostName, Address: name},
			},
			DaemonEndpoints: core.NodeDaemonEndpoints{
				KubeletEndpoint: core.DaemonEndpoint{Port: int32(a.config.Port)},
			},
			NodeInfo: core.NodeSystemInfo{
				KubeletVersion: a.config.ServingVersion, ContainerRuntimeVersion: "plane://1",
				OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	}
}

// setNodeReady sets the conditions that a healthy kubelet sets.
func setNodeReady(object *core.Node) {
	now := meta.Now()
	ready := core.NodeCondition{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady",
		Message: "the plane's node is ready", LastHeartbeatTime: now, LastTransitionTime: now}
	if object.Annotations[annotationReady] == "false" {
		ready.Status, ready.Reason = core.ConditionFalse, "KubeletNotReady"
	}
	for index, old := range object.Status.Conditions {
		if old.Type == core.NodeReady {
			if old.Status == ready.Status {
				ready.LastTransitionTime = old.LastTransitionTime
			}
			object.Status.Conditions[index] = ready
			return
		}
	}
	object.Status.Conditions = append(object.Status.Conditions, ready)
}

// heartbeat renews the leases and repairs a Ready condition that the node
// lifecycle controller has set to Unknown while this process stood still.
func (a *agent) heartbeat(ctx context.Context) {
	ticker := time.NewTicker(heartbeatPause)
	defer ticker.Stop()
	a.renewLeases(ctx)
	for {
		for index := range a.config.Nodes {
			name := a.nodeName(index)
			if err := a.repairNode(ctx, name); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "node: status of %s: %v\n", name, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-a.nodeChanged:
		case <-ticker.C:
			a.renewLeases(ctx)
		}
	}
}

func (a *agent) renewLeases(ctx context.Context) {
	for index := range a.config.Nodes {
		name := a.nodeName(index)
		if err := a.renewLease(ctx, name); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "node: lease of %s: %v\n", name, err)
		}
	}
}

func (a *agent) repairNode(ctx context.Context, name string) error {
	known, err := a.nodes.Get(name)
	if err != nil {
		return err
	}
	wanted := known.DeepCopy()
	setNodeReady(wanted)
	for _, old := range known.Status.Conditions {
		for _, condition := range wanted.Status.Conditions {
			if old.Type == core.NodeReady && condition.Type == core.NodeReady && old.Status == condition.Status {
				return nil
			}
		}
	}
	_, err = a.client.CoreV1().Nodes().UpdateStatus(ctx, wanted, meta.UpdateOptions{})
	return err
}

func (a *agent) renewLease(ctx context.Context, name string) error {
	leases := a.client.CoordinationV1().Leases(core.NamespaceNodeLease)
	lease, err := leases.Get(ctx, name, meta.GetOptions{})
	now := meta.NewMicroTime(time.Now())
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordination.Lease{
			ObjectMeta: meta.ObjectMeta{Name: name, Namespace: core.NamespaceNodeLease},
			Spec: coordination.LeaseSpec{HolderIdentity: ptr.To(name),
				LeaseDurationSeconds: ptr.To(int32(leaseSeconds)), RenewTime: &now},
		}, meta.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
	return err
}
