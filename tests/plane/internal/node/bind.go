package node

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

var everything = labels.Everything()

// bindAgain is when a pod is looked at again that fitted no node.
const bindAgain = time.Second

// binder goes round the nodes.
type binder struct {
	mutex  sync.Mutex
	sorted []*core.Node
	stale  bool
	next   int
}

func (b *binder) nodesChanged() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.stale = true
}

// choose returns a node that the pod's selector and affinity allow, or nil.
func (b *binder) choose(a *agent, object *core.Pod) *core.Node {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.stale {
		nodes, err := a.nodes.List(everything)
		if err != nil {
			return nil
		}
		b.sorted = slices.DeleteFunc(nodes, func(one *core.Node) bool { return !a.owns(one.Name) })
		slices.SortFunc(b.sorted, func(x, y *core.Node) int { return strings.Compare(x.Name, y.Name) })
		b.stale = false
	}
	required := nodeaffinity.GetRequiredNodeAffinity(object)
	for range b.sorted {
		candidate := b.sorted[b.next%len(b.sorted)]
		b.next++
		if candidate.Spec.Unschedulable && !toleratesUnschedulable(object) {
			continue
		}
		if fits, err := required.Match(candidate); err == nil && fits {
			return candidate
		}
	}
	return nil
}

// toleratesUnschedulable is true of DaemonSet pods, which cordoned nodes get too.
func toleratesUnschedulable(object *core.Pod) bool {
	return slices.ContainsFunc(object.Spec.Tolerations, func(one core.Toleration) bool {
		return one.Key == core.TaintNodeUnschedulable
	})
}

// bind gives an unassigned pod a node. Resources and taints are not looked at:
// this node runs whatever it is given.
func (a *agent) bind(ctx context.Context, key string, object *core.Pod) error {
	if object.DeletionTimestamp != nil || len(object.Spec.SchedulingGates) > 0 ||
		object.Annotations[annotationUnschedulable] == "true" {
		return nil
	}
	chosen := a.binder.choose(a, object)
	if chosen == nil {
		a.queue.AddAfter(key, bindAgain)
		return nil
	}
	return a.client.CoreV1().Pods(object.Namespace).Bind(ctx, &core.Binding{
		ObjectMeta: meta.ObjectMeta{Namespace: object.Namespace, Name: object.Name, UID: object.UID},
		Target:     core.ObjectReference{Kind: "Node", Name: chosen.Name},
	}, meta.CreateOptions{})
}
