package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"

	"podcron.dev/plane/internal/ledger"
	"podcron.dev/plane/internal/spawn"
)

// configAgain is when a container is tried again that lacks a ConfigMap or Secret.
const configAgain = time.Second

// containerDrain is how long output is read on after a container's process has
// ended: others that hold its streams are about to be killed with it.
const containerDrain = 200 * time.Millisecond

// startContainer starts a container. It may ask the API server, so the caller
// does not hold the mutex.
func (a *agent) startContainer(ctx context.Context, live *pod, c *container, object *core.Pod) {
	spec := specOf(object, c.name)
	run := newIncarnation()
	run.argv = append(append([]string{}, spec.Command...), spec.Args...)
	entry := live.entry(ledger.ContainerStart, c.name)
	entry.Seq, entry.ID = a.ledger.NextSeq(), run.runtimeID()
	run.seq = entry.Seq
	if len(spec.Command) == 0 {
		a.ledger.AppendLater(entry)
		a.ran(live, c, run)
		switch {
		case c.kind == kindInit:
			a.containerEnded(live, c, run, exit{}, "Completed")
		case c.kind == kindEphemeral && object.Annotations[annotationEphemeral] == "terminated":
			a.containerEnded(live, c, run, exit{}, "Completed")
		}
		return
	}
	if err := a.prepareContainer(ctx, live, run, object, spec); err != nil {
		live.mutex.Lock()
		c.waiting, c.message = "CreateContainerConfigError", err.Error()
		c.restartAt = time.Now().Add(configAgain)
		live.mutex.Unlock()
		return
	}
	entry.Argv = run.argv
	entry.RunID, entry.Attempt = identity(run.argv, run.environment, "")
	if err := a.ledger.Append(entry); err != nil {
		fmt.Fprintln(os.Stderr, "node: ledger:", err)
		live.mutex.Lock()
		c.restartAt = time.Now().Add(configAgain)
		live.mutex.Unlock()
		return
	}
	a.launch(live, c, run, spec)
}

// prepareContainer resolves what the command needs: volumes, environment, argv.
func (a *agent) prepareContainer(ctx context.Context, live *pod, run *incarnation, object *core.Pod, spec *core.Container) error {
	volumes, err := a.prepareVolumes(ctx, live, object)
	if err != nil {
		return err
	}
	run.environmentOnce.Do(func() {
		run.environment, run.environmentErr = a.environment(ctx, live, object, spec, run, volumes)
	})
	if run.environmentErr != nil {
		return run.environmentErr
	}
	for index, text := range run.argv {
		run.argv[index] = rewriteMounts(expand(text, run.environment), spec, volumes)
	}
	return nil
}

// launch starts the command of a container: a built-in one or a process.
func (a *agent) launch(live *pod, c *container, run *incarnation, spec *core.Container) {
	output, err := newOutput(a.logPath(live, c.name, c.restarts))
	if err != nil {
		fmt.Fprintln(os.Stderr, "node: log:", err)
		output = &outputFile{}
	}
	if command := builtin(run.argv); command != nil {
		a.ran(live, c, run)
		go func() {
			how := command(run.gone, output)
			output.Close()
			a.containerEnded(live, c, run, how, reasonOf(how))
		}()
		return
	}
	started, err := startProcess(processOptions{
		argv: run.argv, environment: run.environment, directory: workingDir(spec, a.podDir(live.uid)),
		stdout: output, stderr: output, keepStdin: spec.Stdin, tty: spec.TTY,
		drain: containerDrain,
	})
	if err != nil {
		output.Close()
		run.message = err.Error()
		a.ran(live, c, run)
		a.containerEnded(live, c, run, exit{code: 128}, "StartError")
		return
	}
	run.process = started
	run.process.output = output
	run.forked.Store(true)
	a.ran(live, c, run)
	a.startProbes(live, c, run, spec)
	go func() {
		how := started.wait()
		output.Close()
		a.containerEnded(live, c, run, how, reasonOf(how))
	}()
}

func reasonOf(how exit) string {
	if how.code == 0 {
		return "Completed"
	}
	return "Error"
}

// ran makes an incarnation the container's present one.
func (a *agent) ran(live *pod, c *container, run *incarnation) {
	live.mutex.Lock()
	defer live.mutex.Unlock()
	if c.run != nil && c.stage == stageEnded {
		c.last = c.run.terminated()
		c.restarts++
	}
	spec := specOf(live.object, c.name)
	probed := len(run.argv) > 0 && builtin(run.argv) == nil
	c.run, c.stage, c.waiting, c.message = run, stageRunning, "", ""
	c.started = !probed || spec.StartupProbe == nil
	c.ready = !probed || spec.ReadinessProbe == nil
	if live.gone {
		a.endContainer(live, c, exit{code: 137, signal: "SIGKILL"}, "Error")
	}
}

// containerEnded records an end that came by itself.
func (a *agent) containerEnded(live *pod, c *container, run *incarnation, how exit, reason string) {
	live.mutex.Lock()
	if c.run == run && c.stage == stageRunning {
		live.end(c, how, reason)
		a.afterEnd(live, c, run)
	}
	live.mutex.Unlock()
	a.queue.Add(live.key)
}

// endContainer ends a container that runs, as SIGKILL would. The caller holds
// the mutex.
func (a *agent) endContainer(live *pod, c *container, how exit, reason string) {
	if c.stage != stageRunning {
		return
	}
	run := c.run
	live.end(c, how, reason)
	a.afterEnd(live, c, run)
}

// afterEnd writes the ledger and ends what is left in the container: when its
// first process ends, the kernel ends all others of its PID namespace.
func (a *agent) afterEnd(live *pod, c *container, run *incarnation) {
	entry := live.entry(ledger.ContainerEnd, c.name)
	entry.Seq, entry.ID, entry.Argv = run.seq, run.runtimeID(), run.argv
	if len(run.argv) > 0 {
		entry.RunID, entry.Attempt = identity(run.argv, run.environment, "")
	}
	entry.ExitCode, entry.Signal = &run.exit.code, run.exit.signal
	if run.process != nil {
		entry.PID = run.process.pid
	}
	a.ledger.AppendLater(entry)
	if run.forked.Load() {
		go spawn.KillMarked(run.mark(), killLimit)
	}
}

// entry is a ledger line with the pod's identity.
func (p *pod) entry(event, container string) ledger.Entry {
	return ledger.Entry{Event: event, Namespace: p.namespace, Pod: p.name, UID: string(p.uid), Container: container}
}

func (a *agent) logPath(live *pod, container string, restarts int32) string {
	return filepath.Join(a.podDir(live.uid), "logs", fmt.Sprintf("%s.%d.log", container, restarts))
}

// workingDir is the container's, if this machine has it; there is no image.
func workingDir(spec *core.Container, fallback string) string {
	if strings.HasPrefix(spec.WorkingDir, "/") {
		if information, err := os.Stat(spec.WorkingDir); err == nil && information.IsDir() {
			return spec.WorkingDir
		}
	}
	return fallback
}
