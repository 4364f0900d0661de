package node

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// killLimit bounds the wait for killed processes to be gone.
const killLimit = 3 * time.Second

// expected says that an error is the everyday result of two writers.
func expected(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsNotFound(err)
}

// sync brings one pod a step further. The queue never runs two for one key.
func (a *agent) sync(ctx context.Context, key string) error {
	namespace, name, _ := strings.Cut(key, "/")
	object, err := a.pods.Pods(namespace).Get(name)
	live := a.find(key)
	if live != nil && (err != nil || live.uid != object.UID) {
		a.tearDown(live)
		a.drop(live)
		live = nil
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if object.Spec.NodeName == "" {
		return a.bind(ctx, key, object)
	}
	if !a.owns(object.Spec.NodeName) {
		return nil
	}
	if live == nil {
		if live, err = a.admit(key, object); err != nil {
			return err
		}
	}
	object = live.see(object)
	switch {
	case object.Status.Phase == core.PodSucceeded || object.Status.Phase == core.PodFailed:
		a.tearDown(live)
		if object.DeletionTimestamp != nil {
			return a.remove(ctx, live, object)
		}
		return nil
	case object.DeletionTimestamp != nil:
		return a.terminate(ctx, live, object)
	default:
		return a.advance(ctx, live, object)
	}
}

// admit takes a pod in and gives it an address.
func (a *agent) admit(key string, object *core.Pod) (*pod, error) {
	live := newPod(key, object)
	if live.hostNetwork {
		live.ip = "127.0.0.1"
	} else if live.ip == "" {
		ip, err := a.addresses.allocate()
		if err != nil {
			return nil, err
		}
		live.ip = ip
	}
	live.mutex.Lock()
	a.loseProcesses(live)
	live.mutex.Unlock()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.live[key] = live
	return live, nil
}

// loseProcesses ends the containers whose processes died with the node's
// process before. Those without a process go on as if nothing had happened, as
// containers do when a kubelet restarts.
func (a *agent) loseProcesses(live *pod) {
	for _, c := range live.order {
		spec := specOf(live.object, c.name)
		if c.stage == stageRunning && spec != nil && len(spec.Command) > 0 {
			live.end(c, exit{code: 137, signal: "SIGKILL"}, "Error")
		}
	}
}

// advance starts what is to be started and writes the status if it has changed.
func (a *agent) advance(ctx context.Context, live *pod, object *core.Pod) error {
	if text := object.Annotations[annotationPhase]; text != "" {
		return a.endByAnnotation(ctx, live, object, text)
	}
	if text := object.Annotations[annotationRestart]; text != live.restartSeen {
		live.restartSeen = text
		a.restartByAnnotation(live, text)
	}
	for {
		due, again := live.due(object, time.Now())
		for _, c := range due {
			a.startContainer(ctx, live, c, object)
		}
		if again > 0 {
			a.queue.AddAfter(live.key, again)
		}
		if len(due) == 0 {
			break
		}
	}
	return a.writeStatus(ctx, live, object, live.status(object, time.Now()))
}

// writeStatus writes a status that differs from the API's.
func (a *agent) writeStatus(ctx context.Context, live *pod, object *core.Pod, status core.PodStatus) error {
	if apiequality.Semantic.DeepEqual(object.Status, status) {
		return nil
	}
	changed := object.DeepCopy()
	changed.Status = status
	written, err := a.client.CoreV1().Pods(object.Namespace).UpdateStatus(ctx, changed, meta.UpdateOptions{})
	if err != nil {
		return err
	}
	written.ManagedFields = nil
	live.see(written)
	return nil
}

// endByAnnotation ends all containers and gives the pod a final phase, as an
// eviction by the kubelet does: "Failed:Evicted".
func (a *agent) endByAnnotation(ctx context.Context, live *pod, object *core.Pod, text string) error {
	phase, reason := wordAndRest(text)
	a.tearDown(live)
	status := live.status(object, time.Now())
	status.Phase, status.Reason = core.PodPhase(phase), reason
	setCompleted(&status, time.Now())
	return a.writeStatus(ctx, live, object, status)
}

// restartByAnnotation ends the app containers as a kill from outside would; the
// restart policy starts them again.
func (a *agent) restartByAnnotation(live *pod, text string) {
	reason, _ := wordAndRest(text)
	if reason == "" {
		reason = "Error"
	}
	live.mutex.Lock()
	defer live.mutex.Unlock()
	for _, c := range live.order {
		if c.kind == kindApp {
			a.endContainer(live, c, exit{code: 137, signal: "SIGKILL"}, reason)
			c.restartAt = time.Now()
		}
	}
}

// tearDown ends everything in a pod at once.
func (a *agent) tearDown(live *pod) {
	live.mutex.Lock()
	defer live.mutex.Unlock()
	live.gone = true
	for _, c := range live.order {
		a.endContainer(live, c, exit{code: 137, signal: "SIGKILL"}, "Error")
	}
}

// terminate ends the containers of a pod that is being deleted and then removes
// the object.
func (a *agent) terminate(ctx context.Context, live *pod, object *core.Pod) error {
	wait := a.endInOrder(live, object, time.Now())
	if wait > 0 {
		a.queue.AddAfter(live.key, wait)
		return a.writeStatus(ctx, live, object, live.status(object, time.Now()))
	}
	if object.Annotations[annotationGraceIgnored] == "true" {
		return a.writeStatus(ctx, live, object, live.status(object, time.Now()))
	}
	a.tearDown(live)
	// The Job controller counts a pod by its final phase, and holds the object
	// by a finalizer until it has.
	if len(object.Finalizers) > 0 || object.Spec.RestartPolicy != core.RestartPolicyAlways {
		status := live.status(object, time.Now())
		if status.Phase != core.PodSucceeded {
			status.Phase = core.PodFailed
		}
		if err := a.writeStatus(ctx, live, object, status); err != nil {
			return err
		}
	}
	return a.remove(ctx, live, object)
}

// endInOrder sends SIGTERM once and SIGKILL when the grace is over. It returns
// when to look again, or 0 when all containers have ended.
func (a *agent) endInOrder(live *pod, object *core.Pod, now time.Time) time.Duration {
	live.mutex.Lock()
	defer live.mutex.Unlock()
	grace := time.Duration(ptr.Deref(object.DeletionGracePeriodSeconds, 0)) * time.Second
	first := live.killAt.IsZero()
	if first || now.Add(grace).Before(live.killAt) {
		live.killAt = now.Add(grace)
	}
	lazy, _ := seconds(object, annotationGrace)
	lazyUntil := live.killAt.Add(-grace).Add(min(lazy, grace))
	waiting := false
	for _, c := range live.order {
		switch {
		case c.stage != stageRunning:
		case !now.Before(live.killAt):
			a.endContainer(live, c, exit{code: 137, signal: "SIGKILL"}, "Error")
		case c.run.process != nil:
			if first {
				c.run.process.signal(syscall.SIGTERM)
			}
			waiting = true
		case now.Before(lazyUntil):
			waiting = true
		default:
			a.endContainer(live, c, exit{code: 143, signal: "SIGTERM"}, "Error")
		}
	}
	if !waiting {
		return 0
	}
	next := live.killAt
	if lazy > 0 && now.Before(lazyUntil) && lazyUntil.Before(next) {
		next = lazyUntil
	}
	return max(next.Sub(now), time.Millisecond)
}

// remove deletes the object for good. Finalizers may keep it.
func (a *agent) remove(ctx context.Context, live *pod, object *core.Pod) error {
	err := a.client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, meta.DeleteOptions{
		GracePeriodSeconds: ptr.To(int64(0)),
		Preconditions:      &meta.Preconditions{UID: &live.uid},
	})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return fmt.Errorf("delete: %w", err)
}
