package node

import (
	"slices"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
)

// The annotations by which a test tells a pod how to behave; README.md is their
// reference.
const (
	prefix = "plane.podcron.dev/"

	annotationReady         = prefix + "ready"
	annotationUnready       = prefix + "unready-containers"
	annotationWaiting       = prefix + "waiting"
	annotationPhase         = prefix + "phase"
	annotationRestart       = prefix + "restart"
	annotationStartDelay    = prefix + "start-delay"
	annotationBackOff       = prefix + "backoff"
	annotationGrace         = prefix + "grace"
	annotationGraceIgnored  = prefix + "grace-ignored"
	annotationEphemeral     = prefix + "ephemeral"
	annotationUnschedulable = prefix + "unschedulable"
	annotationExec          = prefix + "exec"
	annotationExecMatch     = prefix + "exec-match"
)

// seconds reads a number of seconds, which may have a fraction.
func seconds(object *core.Pod, annotation string) (time.Duration, bool) {
	text, ok := object.Annotations[annotation]
	if !ok {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number < 0 {
		return 0, false
	}
	return time.Duration(number * float64(time.Second)), true
}

// readyAllowed says whether the annotations let a container be ready.
func readyAllowed(object *core.Pod, container string) bool {
	if object.Annotations[annotationReady] == "false" {
		return false
	}
	unready := strings.Split(object.Annotations[annotationUnready], ",")
	return !slices.Contains(unready, container)
}

// wordAndRest splits "REASON:anything" as the annotations restart and phase use it.
func wordAndRest(text string) (word, rest string) {
	word, rest, _ = strings.Cut(text, ":")
	return word, rest
}

// fault is the annotation exec taken apart: MODE[=VALUE][,times=N].
type fault struct {
	mode  string
	value string
	times int
	text  string
}

// parseFault returns nil if there is no misbehaviour. `times` 0 is always.
func parseFault(text string) *fault {
	if text == "" {
		return nil
	}
	first, options, _ := strings.Cut(text, ",")
	made := &fault{text: text}
	made.mode, made.value, _ = strings.Cut(first, "=")
	for _, option := range strings.Split(options, ",") {
		if name, value, _ := strings.Cut(option, "="); name == "times" {
			made.times, _ = strconv.Atoi(value)
		}
	}
	return made
}

// duration is the value in seconds, or the default.
func (f *fault) duration(fallback time.Duration) time.Duration {
	number, err := strconv.ParseFloat(f.value, 64)
	if err != nil || number < 0 {
		return fallback
	}
	return time.Duration(number * float64(time.Second))
}
