package node

import (
	"time"

	core "k8s.io/api/core/v1"
)

const (
	// backOffFirst and backOffMax are the kubelet's pauses before a restart.
	backOffFirst = 10 * time.Second
	backOffMax   = 5 * time.Minute
	// backOffForgotten is how long a container must run to begin anew.
	backOffForgotten = 10 * time.Minute
)

// due returns the containers that are to be started now, in order, and when to
// look again for one whose time has not come (0: no such one).
func (p *pod) due(object *core.Pod, now time.Time) (start []*container, again time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if delay, ok := seconds(object, annotationStartDelay); ok {
		if wait := p.firstSeen.Add(delay).Sub(now); wait > 0 {
			return nil, wait
		}
	}
	reason := object.Annotations[annotationWaiting]
	for _, c := range p.order {
		if c.kind == kindInit || c.kind == kindSidecar {
			startNow, wait, passed := p.dueInit(object, c, now)
			if startNow {
				return []*container{c}, again
			}
			again = sooner(again, wait)
			if !passed {
				p.holdApps()
				return nil, again
			}
			continue
		}
		if reason != "" && c.kind == kindApp && c.stage != stageRunning {
			c.waiting, c.message = reason, "by annotation"
			continue
		}
		startNow, wait := p.dueOne(object, c, now)
		again = sooner(again, wait)
		if startNow {
			start = append(start, c)
		}
	}
	return start, again
}

// holdApps names the reason why the app's containers wait.
func (p *pod) holdApps() {
	for _, c := range p.order {
		if c.kind == kindApp && c.stage == stageWaiting {
			c.waiting = "PodInitializing"
		}
	}
}

// dueInit looks at an init container or native sidecar: start it now, look
// again later, or pass on to the next container.
func (p *pod) dueInit(object *core.Pod, c *container, now time.Time) (start bool, wait time.Duration, passed bool) {
	if c.kind == kindSidecar {
		startNow, wait := p.dueOne(object, c, now)
		return startNow, wait, c.stage == stageRunning && c.started
	}
	if c.stage == stageEnded && c.run.exit.code == 0 {
		return false, 0, true
	}
	startNow, wait := p.dueOne(object, c, now)
	return startNow, wait, false
}

// dueOne decides by stage, restart policy and back-off.
func (p *pod) dueOne(object *core.Pod, c *container, now time.Time) (start bool, wait time.Duration) {
	switch c.stage {
	case stageRunning:
		return false, 0
	case stageWaiting:
		if wait := c.restartAt.Sub(now); wait > 0 {
			return false, wait
		}
		return true, 0
	}
	if !restarts(object, c) {
		return false, 0
	}
	if c.restartAt.IsZero() || c.restartAt.Before(c.run.endedAt) {
		c.restartAt = c.run.endedAt.Add(c.pause(object))
	}
	if wait := c.restartAt.Sub(now); wait > 0 {
		c.waiting = "CrashLoopBackOff"
		return false, wait
	}
	return true, 0
}

// pause is the wait before the next restart: none before the first, then
// doubling, as the kubelet does.
func (c *container) pause(object *core.Pod) time.Duration {
	first := backOffFirst
	if wanted, ok := seconds(object, annotationBackOff); ok {
		first = wanted
	}
	if c.restarts == 0 || c.run.endedAt.Sub(c.run.startedAt) > backOffForgotten {
		c.backOff = 0
		return 0
	}
	c.backOff = min(max(c.backOff*2, first), backOffMax)
	return c.backOff
}

// restarts says whether a container that has ended is to be started again.
func restarts(object *core.Pod, c *container) bool {
	switch c.kind {
	case kindEphemeral:
		return false
	case kindSidecar:
		return true
	case kindInit:
		return object.Spec.RestartPolicy != core.RestartPolicyNever
	}
	switch object.Spec.RestartPolicy {
	case core.RestartPolicyNever:
		return false
	case core.RestartPolicyOnFailure:
		return c.run.exit.code != 0
	default:
		return true
	}
}

// sooner returns the smaller of two waits, where 0 means none.
func sooner(one, other time.Duration) time.Duration {
	if one == 0 || (other > 0 && other < one) {
		return other
	}
	return one
}
