package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"podcron.dev/plane/internal/spawn"
)

// processOptions says what to run and where its streams go.
type processOptions struct {
	argv        []string
	environment []string
	directory   string
	stdin       io.Reader
	stdout      io.Writer
	stderr      io.Writer
	// keepStdin holds stdin open with nobody writing, as a runtime does for a
	// container with `stdin: true`.
	keepStdin bool
	tty       bool
	// drain bounds the wait for output after the end; 0 waits for whoever holds
	// the streams, as an exec does.
	drain time.Duration
}

// process is a local process in a session of its own.
type process struct {
	command *exec.Cmd
	pid     int
	stdin   io.WriteCloser
	output  *outputFile
	copies  sync.WaitGroup
	ended   chan struct{}
	how     exit
	// terminal is the controlling side if the process has a terminal.
	terminal *os.File
}

// lookUp finds the file of a command as a container runtime does, with the
// container's own PATH, and words the failure as runc does.
func lookUp(argv []string, environment []string) (string, error) {
	if len(argv) == 0 {
		return "", errors.New("no command")
	}
	name := argv[0]
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", startError(name, "stat "+name+": "+reasonText(err))
		}
		return name, nil
	}
	for _, directory := range filepath.SplitList(valueOf(environment, "PATH")) {
		if directory == "" {
			directory = "."
		}
		candidate := filepath.Join(directory, name)
		if executable(candidate) == nil {
			return candidate, nil
		}
	}
	return "", startError(name, "executable file not found in $PATH")
}

func executable(path string) error {
	information, err := os.Stat(path)
	if err != nil {
		return err
	}
	if information.IsDir() {
		return syscall.EISDIR
	}
	return unix.Access(path, unix.X_OK)
}

func reasonText(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

func startError(name, reason string) error {
	return fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: exec: %q: %s: unknown",
		name, reason)
}

// startProcess starts a process; wait must follow.
func startProcess(options processOptions) (*process, error) {
	path, err := lookUp(options.argv, options.environment)
	if err != nil {
		return nil, err
	}
	command := &exec.Cmd{Path: path, Args: options.argv, Env: options.environment, Dir: options.directory,
		WaitDelay:   options.drain,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	started := &process{command: command, ended: make(chan struct{})}
	if options.tty {
		err = started.startOnTerminal(options)
	} else {
		err = started.startOnPipes(options)
	}
	if err != nil {
		return nil, startError(options.argv[0], reasonText(err))
	}
	started.pid = command.Process.Pid
	go started.collect()
	return started, nil
}

func (p *process) startOnPipes(options processOptions) error {
	p.command.Stdout, p.command.Stderr = draining(options.stdout), draining(options.stderr)
	if options.stdin != nil || options.keepStdin {
		stdin, err := p.command.StdinPipe()
		if err != nil {
			return err
		}
		p.stdin = stdin
	}
	if err := spawn.Start(p.command, syscall.SIGKILL); err != nil {
		return err
	}
	if options.stdin != nil {
		// Nobody waits for this copy: a client that never closes its stdin must
		// not keep an ended process from being reported.
		go func() {
			_, _ = io.Copy(p.stdin, options.stdin)
			p.stdin.Close()
		}()
	}
	return nil
}

// collect waits for the process and for the end of its output, which others may
// hold open, as a container runtime does.
func (p *process) collect() {
	// The error repeats the exit status.
	_ = spawn.Wait(p.command)
	p.copies.Wait()
	if p.stdin != nil {
		p.stdin.Close()
	}
	p.how = exitOf(p.command.ProcessState)
	close(p.ended)
}

func (p *process) wait() exit {
	<-p.ended
	return p.how
}

// signal reaches the whole process group.
func (p *process) signal(signal syscall.Signal) {
	// The group may have ended meanwhile, which is what is wanted.
	_ = syscall.Kill(-p.pid, signal)
}

// exitOf maps a signal to 128+n, as a container runtime does.
func exitOf(state *os.ProcessState) exit {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return exit{code: 128 + int(status.Signal()), signal: unix.SignalName(status.Signal())}
	}
	return exit{code: state.ExitCode()}
}

// drainingWriter goes on reading for a client that has gone, so that the
// process neither blocks nor gets SIGPIPE.
type drainingWriter struct {
	writer io.Writer
	broken bool
}

func (d *drainingWriter) Write(bytes []byte) (int, error) {
	if !d.broken {
		if _, err := d.writer.Write(bytes); err != nil {
			d.broken = true
		}
	}
	return len(bytes), nil
}

// draining leaves "no stream" as it is.
func draining(writer io.Writer) io.Writer {
	if writer == nil {
		return nil
	}
	return &drainingWriter{writer: writer}
}
