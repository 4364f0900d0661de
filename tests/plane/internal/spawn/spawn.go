// Package spawn starts processes that do not outlive the process that started
// them, also when that one is killed with SIGKILL.
package spawn

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// request is one start that waits for the starting thread.
type request struct {
	command *exec.Cmd
	result  chan error
}

var (
	once     sync.Once
	requests chan request

	// mutex guards children and is held over a start, so that the collector of
	// orphans never takes a fresh child for an orphan.
	mutex    sync.Mutex
	children = map[int]bool{}
)

// Start starts the command so that it gets `signal` when this process dies.
// Wait must follow.
//
// Linux ties the parent death signal to the thread that forked, not to the
// process, and Go's threads come and go. So all starts are made by one thread
// that never ends.
func Start(command *exec.Cmd, signal syscall.Signal) error {
	once.Do(func() {
		requests = make(chan request)
		go serve()
	})
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = signal
	waiting := request{command: command, result: make(chan error, 1)}
	requests <- waiting
	return <-waiting.result
}

// Wait waits for a command that Start has started, and for its output.
func Wait(command *exec.Cmd) error {
	err := command.Wait()
	mutex.Lock()
	defer mutex.Unlock()
	delete(children, command.Process.Pid)
	return err
}

func serve() {
	runtime.LockOSThread()
	for waiting := range requests {
		mutex.Lock()
		err := waiting.command.Start()
		if err == nil {
			children[waiting.command.Process.Pid] = true
		}
		mutex.Unlock()
		waiting.result <- err
	}
}
