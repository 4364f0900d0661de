package node

import (
	"fmt"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const notReadyReason = "ContainersNotReady"

// status is the pod's status as this node sees it, over what others have
// written into it.
func (p *pod) status(object *core.Pod, now time.Time) core.PodStatus {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	status := *object.Status.DeepCopy()
	if status.StartTime == nil {
		status.StartTime = ptr.To(apiTime(p.firstSeen))
	}
	status.ObservedGeneration = object.Generation
	status.HostIP, status.HostIPs = "127.0.0.1", []core.HostIP{{IP: "127.0.0.1"}}
	status.PodIP, status.PodIPs = p.ip, []core.PodIP{{IP: p.ip}}
	status.InitContainerStatuses, status.ContainerStatuses = nil, nil
	status.EphemeralContainerStatuses = nil
	var unready []string
	for _, c := range p.order {
		one := c.status(object)
		switch c.kind {
		case kindApp:
			status.ContainerStatuses = append(status.ContainerStatuses, one)
		case kindEphemeral:
			status.EphemeralContainerStatuses = append(status.EphemeralContainerStatuses, one)
		default:
			status.InitContainerStatuses = append(status.InitContainerStatuses, one)
		}
		if !one.Ready && (c.kind == kindApp || c.kind == kindSidecar) {
			unready = append(unready, c.name)
		}
	}
	status.Phase = p.phase(object)
	if status.Phase == core.PodSucceeded || status.Phase == core.PodFailed {
		setCompleted(&status, now)
		return status
	}
	p.setConditions(object, &status, unready, now)
	return status
}

// status is the API's form of a container's state.
func (c *container) status(object *core.Pod) core.ContainerStatus {
	status := core.ContainerStatus{Name: c.name, RestartCount: c.restarts, Started: ptr.To(false)}
	if spec := specOf(object, c.name); spec != nil {
		status.Image, status.ImageID = spec.Image, spec.Image
	}
	if c.last != nil {
		status.LastTerminationState.Terminated = c.last
	}
	if c.run != nil {
		status.ContainerID = c.run.runtimeID()
	}
	switch {
	case c.stage == stageRunning:
		status.State.Running = &core.ContainerStateRunning{StartedAt: apiTime(c.run.startedAt)}
		status.Started = ptr.To(c.started)
		status.Ready = c.ready && c.started && c.kind != kindInit && readyAllowed(object, c.name)
	case c.stage == stageEnded && !(c.waiting == "CrashLoopBackOff" && restarts(object, c)):
		status.State.Terminated = c.run.terminated()
		// A completed init container counts as ready.
		status.Ready = c.kind == kindInit && c.run.exit.code == 0
	case c.stage == stageEnded:
		status.State.Waiting = &core.ContainerStateWaiting{Reason: c.waiting, Message: "back-off restarting failed container"}
		status.LastTerminationState.Terminated = c.run.terminated()
	default:
		status.State.Waiting = &core.ContainerStateWaiting{Reason: c.waiting, Message: c.message}
	}
	if c.kind == kindEphemeral {
		// Ephemeral containers have no part in readiness.
		status.Started, status.Ready = nil, false
	}
	return status
}

// phase follows the kubelet's rules. The caller holds the mutex.
func (p *pod) phase(object *core.Pod) core.PodPhase {
	running, waiting, ended, failed := 0, 0, 0, 0
	for _, c := range p.order {
		switch c.kind {
		case kindInit:
			if c.stage == stageEnded && c.run.exit.code != 0 && !restarts(object, c) {
				return core.PodFailed
			}
			if c.stage != stageEnded || c.run.exit.code != 0 {
				return core.PodPending
			}
		case kindApp:
			switch {
			case c.stage == stageRunning:
				running++
			case c.stage == stageWaiting && c.restarts == 0:
				waiting++
			case c.stage == stageEnded && !restarts(object, c):
				ended++
				if c.run.exit.code != 0 {
					failed++
				}
			default:
				// Between two starts: the pod goes on.
				running++
			}
		}
	}
	switch {
	case waiting > 0:
		return core.PodPending
	case running > 0 || ended == 0:
		return core.PodRunning
	case failed > 0:
		return core.PodFailed
	default:
		return core.PodSucceeded
	}
}

// setConditions sets the conditions of a pod that has not ended.
func (p *pod) setConditions(object *core.Pod, status *core.PodStatus, unready []string, now time.Time) {
	initialized := core.PodCondition{Type: core.PodInitialized, Status: core.ConditionTrue}
	for _, c := range p.order {
		if c.kind == kindInit && (c.stage != stageEnded || c.run.exit.code != 0) {
			initialized.Status, initialized.Reason = core.ConditionFalse, "ContainersNotInitialized"
		}
	}
	ready := core.PodCondition{Type: core.ContainersReady, Status: core.ConditionTrue}
	if len(unready) > 0 {
		ready.Status, ready.Reason = core.ConditionFalse, notReadyReason
		ready.Message = fmt.Sprintf("containers with unready status: %v", unready)
	}
	podReady := ready
	podReady.Type = core.PodReady
	if podReady.Status == core.ConditionTrue {
		checkGates(object, status, &podReady)
	}
	setCondition(status, core.PodCondition{Type: core.PodScheduled, Status: core.ConditionTrue}, now)
	setCondition(status, core.PodCondition{Type: core.PodReadyToStartContainers, Status: core.ConditionTrue}, now)
	setCondition(status, initialized, now)
	setCondition(status, ready, now)
	setCondition(status, podReady, now)
}

// checkGates makes a pod not ready whose readiness gates are not all True.
func checkGates(object *core.Pod, status *core.PodStatus, ready *core.PodCondition) {
	for _, gate := range object.Spec.ReadinessGates {
		index := slices.IndexFunc(status.Conditions, func(one core.PodCondition) bool {
			return one.Type == gate.ConditionType
		})
		if index >= 0 && status.Conditions[index].Status == core.ConditionTrue {
			continue
		}
		state := "does not exist"
		if index >= 0 {
			state = "is not True"
		}
		ready.Status, ready.Reason = core.ConditionFalse, "ReadinessGatesNotReady"
		ready.Message = fmt.Sprintf("corresponding condition of pod readiness gate %q %s.", gate.ConditionType, state)
		return
	}
}

// setCompleted sets the conditions of a pod in a final phase.
func setCompleted(status *core.PodStatus, now time.Time) {
	setCondition(status, core.PodCondition{Type: core.PodScheduled, Status: core.ConditionTrue}, now)
	for _, one := range []core.PodConditionType{core.PodReady, core.ContainersReady} {
		setCondition(status, core.PodCondition{Type: one, Status: core.ConditionFalse, Reason: "PodCompleted"}, now)
	}
}

// setCondition replaces or adds a condition. The time of the transition changes
// only with the status.
func setCondition(status *core.PodStatus, wanted core.PodCondition, now time.Time) {
	wanted.LastTransitionTime = apiTime(now)
	for index, old := range status.Conditions {
		if old.Type != wanted.Type {
			continue
		}
		if old.Status == wanted.Status {
			wanted.LastTransitionTime = old.LastTransitionTime
			wanted.LastProbeTime = old.LastProbeTime
			wanted.ObservedGeneration = old.ObservedGeneration
		}
		status.Conditions[index] = wanted
		return
	}
	status.Conditions = append(status.Conditions, wanted)
}

// apiTime cuts a time to the seconds that the API keeps, so that a status that
// was written compares equal to the one that is read back.
func apiTime(exact time.Time) meta.Time { return meta.NewTime(exact.Truncate(time.Second)) }
