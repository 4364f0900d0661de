package node

import (
	"bytes"
	"slices"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestIdentityPrefersTheCommandThenEnvironmentThenUserAgent(t *testing.T) {
	environment := []string{"PODCRON_RUN_ID=environment"}
	cases := []struct {
		argv        []string
		environment []string
		agent       string
		id, attempt string
	}{
		{[]string{"env", "PODCRON_RUN_ID=a=b", "PODCRON_ATTEMPT=2", "cmd"}, environment, "x run/agent", "a=b", "2"},
		{[]string{"/usr/bin/env", "PODCRON_RUN_ID=a", "cmd"}, nil, "", "a", ""},
		{[]string{"cmd", "PODCRON_RUN_ID=not-this"}, environment, "x run/agent", "environment", ""},
		{[]string{"cmd"}, nil, "podcron/1.0 run/agent", "agent", ""},
		{[]string{"cmd"}, nil, "curl/8", "", ""},
	}
	for _, one := range cases {
		id, attempt := identity(one.argv, one.environment, one.agent)
		if id != one.id || attempt != one.attempt {
			t.Errorf("%q: got %q, %q, want %q, %q", one.argv, id, attempt, one.id, one.attempt)
		}
	}
}

func TestExpandFollowsKubernetes(t *testing.T) {
	environment := []string{"A=1", "B=2", "A=3"}
	cases := map[string]string{
		"plain": "plain", "$(A)$(B)": "32", "$$(A)": "$(A)", "$(C)": "$(C)", "a$": "a$", "$(A": "$(A",
	}
	for text, want := range cases {
		if got := expand(text, environment); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestParseFault(t *testing.T) {
	got := parseFault("cut-mid-run=0.5,times=3")
	if got.mode != "cut-mid-run" || got.duration(time.Second) != 500*time.Millisecond || got.times != 3 {
		t.Errorf("got %+v", got)
	}
	if parseFault("") != nil {
		t.Error("got a fault from an empty annotation")
	}
	if got := parseFault("hang"); got.times != 0 || got.duration(time.Second) != time.Second {
		t.Errorf("got %+v", got)
	}
}

func TestBuiltinCommandsNeedNoProcess(t *testing.T) {
	gone := make(chan struct{})
	if got := builtin([]string{"env", "A=1", "podcron-exit", "7"})(gone, nil); got.code != 7 {
		t.Errorf("podcron-exit 7: got %d", got.code)
	}
	var output bytes.Buffer
	if got := builtin([]string{"podcron-flood", "50000"})(gone, &output); got.code != 0 || output.Len() != 50000 {
		t.Errorf("podcron-flood: got %d and %d bytes", got.code, output.Len())
	}
	close(gone)
	if got := builtin([]string{"podcron-sleep", "3600"})(gone, nil); got != killed {
		t.Errorf("podcron-sleep in a container that has gone: got %+v", got)
	}
	if builtin([]string{"sh", "-c", "podcron-noop"}) != nil {
		t.Error("sh is taken for a built-in command")
	}
}

func TestAddressesGoRoundAndRunOut(t *testing.T) {
	pool, err := newAddresses("127.1.0.0/30")
	if err != nil {
		t.Fatal(err)
	}
	pool.take("127.1.0.2")
	first, err := pool.allocate()
	if err != nil || first != "127.1.0.3" {
		t.Errorf("got %s, %v, want 127.1.0.3", first, err)
	}
	if again, err := pool.allocate(); err == nil {
		t.Errorf("got %s from a full range", again)
	}
	pool.release("127.1.0.2")
	if again, err := pool.allocate(); err != nil || again != "127.1.0.2" {
		t.Errorf("got %s, %v, want 127.1.0.2", again, err)
	}
}

// onePod has a container "app" and, if wanted, an init container and a sidecar.
func onePod(policy core.RestartPolicy, inits ...core.Container) (*pod, *core.Pod) {
	object := &core.Pod{
		ObjectMeta: meta.ObjectMeta{Namespace: "shop", Name: "web", UID: "1", Annotations: map[string]string{}},
		Spec: core.PodSpec{RestartPolicy: policy, InitContainers: inits,
			Containers: []core.Container{{Name: "app"}}},
	}
	return newPod("shop/web", object), object
}

// play starts a container as the agent would.
func (p *pod) play(c *container) {
	if c.stage == stageEnded {
		c.restarts++
	}
	c.run, c.stage, c.ready, c.started, c.waiting = newIncarnation(), stageRunning, true, true, ""
}

func names(list []*container) (found []string) {
	for _, c := range list {
		found = append(found, c.name)
	}
	return found
}

func TestInitContainersRunBeforeSidecarsBeforeTheApp(t *testing.T) {
	live, object := onePod(core.RestartPolicyAlways, core.Container{Name: "init"},
		core.Container{Name: "side", RestartPolicy: ptr.To(core.ContainerRestartPolicyAlways)})
	now := time.Now()
	for _, want := range []string{"init", "side", "app"} {
		due, _ := live.due(object, now)
		if !slices.Equal(names(due), []string{want}) {
			t.Fatalf("got %v, want %s", names(due), want)
		}
		live.play(due[0])
		if want != "app" && live.phase(object) != core.PodPending {
			t.Errorf("after %s: got phase %s", want, live.phase(object))
		}
		if want == "init" {
			live.end(due[0], exit{}, "Completed")
		}
	}
	if got := live.phase(object); got != core.PodRunning {
		t.Errorf("got phase %s, want Running", got)
	}
}

func TestPhaseOfAJobsPod(t *testing.T) {
	for code, want := range map[int]core.PodPhase{0: core.PodSucceeded, 3: core.PodFailed} {
		live, object := onePod(core.RestartPolicyNever)
		live.play(live.containers["app"])
		live.end(live.containers["app"], exit{code: code}, "Error")
		if got := live.phase(object); got != want {
			t.Errorf("exit code %d: got %s, want %s", code, got, want)
		}
	}
}

func TestRestartsAtOnceThenBacksOff(t *testing.T) {
	live, object := onePod(core.RestartPolicyAlways)
	object.Annotations[annotationBackOff] = "5"
	app := live.containers["app"]
	live.play(app)
	live.end(app, exit{code: 1}, "Error")
	if due, _ := live.due(object, time.Now()); len(due) != 1 {
		t.Error("the first restart waits")
	}
	live.play(app)
	live.end(app, exit{code: 1}, "Error")
	due, again := live.due(object, time.Now())
	if len(due) != 0 || again <= 4*time.Second || again > 5*time.Second {
		t.Errorf("got %v due and a wait of %s, want a wait of 5 s", names(due), again)
	}
	if app.status(object).State.Waiting.Reason != "CrashLoopBackOff" {
		t.Errorf("got %+v", app.status(object).State)
	}
}

func condition(status core.PodStatus, wanted core.PodConditionType) core.PodCondition {
	for _, one := range status.Conditions {
		if one.Type == wanted {
			return one
		}
	}
	return core.PodCondition{}
}

func TestReadyNeedsContainersAnnotationAndGates(t *testing.T) {
	live, object := onePod(core.RestartPolicyAlways)
	live.play(live.containers["app"])
	now := time.Now()
	if got := condition(live.status(object, now), core.PodReady); got.Status != core.ConditionTrue {
		t.Errorf("got %+v, want True", got)
	}
	object.Annotations[annotationReady] = "false"
	if got := condition(live.status(object, now), core.PodReady); got.Reason != notReadyReason {
		t.Errorf("got %+v, want False by annotation", got)
	}
	delete(object.Annotations, annotationReady)
	object.Spec.ReadinessGates = []core.PodReadinessGate{{ConditionType: "example.com/gate"}}
	status := live.status(object, now)
	if got := condition(status, core.PodReady); got.Reason != "ReadinessGatesNotReady" {
		t.Errorf("got %+v, want False by gate", got)
	}
	if got := condition(status, core.ContainersReady); got.Status != core.ConditionTrue {
		t.Errorf("got %+v, want True", got)
	}
	object.Status.Conditions = []core.PodCondition{{Type: "example.com/gate", Status: core.ConditionTrue}}
	if got := condition(live.status(object, now), core.PodReady); got.Status != core.ConditionTrue {
		t.Errorf("got %+v, want True", got)
	}
}

// A status that was written must compare equal when it is computed again, or
// the node would write for ever.
func TestStatusIsStable(t *testing.T) {
	live, object := onePod(core.RestartPolicyAlways)
	live.play(live.containers["app"])
	object.Status = live.status(object, time.Now())
	again := live.status(object, time.Now().Add(time.Minute))
	if !object.Status.Conditions[0].LastTransitionTime.Equal(&again.Conditions[0].LastTransitionTime) {
		t.Error("the time of a transition changes without a transition")
	}
	if object.Status.ContainerStatuses[0].State.Running.StartedAt.Nanosecond() != 0 {
		t.Error("a time is finer than the API keeps")
	}
}
