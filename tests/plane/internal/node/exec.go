package node

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"podcron.dev/plane/internal/ledger"
	"podcron.dev/plane/internal/spawn"
)

// execution is one exec or attach.
type execution struct {
	agent   *agent
	live    *pod
	run     *incarnation
	request *http.Request
	fault   *fault
}

// streams are the client's.
type streams struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	tty    bool
	sizes  <-chan remotecommand.TerminalSize
}

// ExecInContainer runs a command. It does not end with the request: a lost
// connection neither ends the process nor is known to it, as with containerd.
func (e *execution) ExecInContainer(_ context.Context, _, _, container string, argv []string,
	stdin io.Reader, stdout, stderr io.WriteCloser, tty bool,
	sizes <-chan remotecommand.TerminalSize, _ time.Duration) error {
	e.agent.executions.Add(1)
	defer e.agent.executions.Done()
	client := streams{stdin: stdin, tty: tty, sizes: sizes}
	// A nil pointer in an interface would be taken for a stream.
	if stdout != nil {
		client.stdout = stdout
	}
	if stderr != nil {
		client.stderr = stderr
	}
	if e.fault != nil {
		return e.misbehave(container, argv, client)
	}
	return e.perform(container, argv, client)
}

// perform runs the command and returns its end as the streaming library wants it.
func (e *execution) perform(container string, argv []string, client streams) error {
	how, err := e.execute(container, argv, client)
	if err != nil {
		return err
	}
	if how.code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", how.code), Code: how.code}
	}
	return nil
}

// execute runs the command between two lines of the ledger. An error means that
// it was certainly not started.
func (e *execution) execute(container string, argv []string, client streams) (exit, error) {
	entry := e.live.entry(ledger.Start, container)
	entry.ID, entry.Argv = e.run.runtimeID(), argv
	if command := builtin(argv); command != nil {
		entry.RunID, entry.Attempt = identity(argv, nil, e.request.UserAgent())
		if err := e.begin(&entry); err != nil {
			return exit{}, err
		}
		return e.finish(entry, command(e.run.gone, client.stdout))
	}
	environment, err := e.agent.execEnvironment(context.Background(), e.live, container, e.run)
	if err != nil {
		return exit{}, err
	}
	entry.RunID, entry.Attempt = identity(argv, environment, e.request.UserAgent())
	// Looked up before the line is written: what cannot start is no start.
	if _, err := lookUp(argv, environment); err != nil {
		return exit{}, err
	}
	directory := e.agent.podDir(e.live.uid)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return exit{}, err
	}
	if err := e.begin(&entry); err != nil {
		return exit{}, err
	}
	e.run.forked.Store(true)
	started, err := startProcess(processOptions{
		argv: argv, environment: environment, directory: directory,
		stdin: client.stdin, stdout: client.stdout, stderr: client.stderr, tty: client.tty,
	})
	if err != nil {
		entry.Event, entry.Time, entry.Error = ledger.End, "", err.Error()
		return exit{}, firstError(e.agent.ledger.Append(entry), err)
	}
	started.followSize(client.sizes)
	entry.PID = started.pid
	return e.finish(entry, e.await(started))
}

// await waits for the process, which ends with its container.
func (e *execution) await(started *process) exit {
	select {
	case <-started.ended:
	case <-e.run.gone:
		started.signal(9)
		spawn.KillMarked(e.run.mark(), killLimit)
		<-started.ended
	}
	return started.how
}

// begin writes the start and returns when it is on disk.
func (e *execution) begin(entry *ledger.Entry) error {
	select {
	case <-e.run.gone:
		return fmt.Errorf("container not found (%q)", entry.Container)
	default:
	}
	entry.Event, entry.Seq = ledger.Start, e.agent.ledger.NextSeq()
	return e.agent.ledger.Append(*entry)
}

// finish writes the end and returns when it is on disk.
func (e *execution) finish(entry ledger.Entry, how exit) (exit, error) {
	entry.Event, entry.Time = ledger.End, ""
	entry.ExitCode, entry.Signal = &how.code, how.signal
	return how, e.agent.ledger.Append(entry)
}

func firstError(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

// AttachContainer joins the streams of a container's own process.
func (e *execution) AttachContainer(_ context.Context, _, _, _ string, stdin io.Reader,
	stdout, stderr io.WriteCloser, _ bool, sizes <-chan remotecommand.TerminalSize) error {
	started := e.run.process
	left := make(chan struct{})
	if started != nil {
		if stdout != nil && started.output != nil {
			defer started.output.listen(stdout)()
		}
		started.followSize(sizes)
	}
	if stdin != nil {
		go func() {
			if started != nil && started.stdin != nil {
				_, _ = io.Copy(started.stdin, stdin)
			} else {
				_, _ = io.Copy(io.Discard, stdin)
			}
			// The end of stdin is all that shows that the client has gone.
			close(left)
		}()
	}
	select {
	case <-e.run.gone:
	case <-left:
	}
	return nil
}
