package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"podcron.dev/plane/internal/spawn"
)

// endGrace is how long a component may take to end in order. The API server
// waits for requests that are under way.
const endGrace = 8 * time.Second

// component is one process of the plane. Its methods are called under the
// plane's mutex; only `ended` and `wanted` are touched from its waiter.
type component struct {
	plane   *Plane
	name    string
	command *exec.Cmd
	ended   chan struct{}
	stopped bool
	starts  int
	// wanted says that the present end was asked for.
	wanted *atomic.Bool
}

func newComponent(plane *Plane, name string) *component {
	return &component{plane: plane, name: name}
}

// start runs this very program with another sub-command.
func (c *component) start() error {
	if c.running() {
		return fmt.Errorf("runs already")
	}
	log, err := os.OpenFile(c.plane.layout.Log(c.name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// The path holds also after a new build has replaced the file.
	command := exec.Command("/proc/self/exe")
	command.Args = append([]string{"plane", c.name}, c.plane.arguments(c.name)...)
	command.Env = environment()
	command.Dir = c.plane.layout.Dir
	command.Stdout, command.Stderr = log, log
	// A group of its own keeps the terminal's Ctrl-C for the parent, which ends
	// the components in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := spawn.Start(command, c.deathSignal()); err != nil {
		return err
	}
	c.command, c.stopped = command, false
	c.starts++
	c.ended = make(chan struct{})
	c.wanted = &atomic.Bool{}
	go c.wait(command, c.ended, c.wanted)
	return nil
}

// deathSignal is what the component gets when the parent is killed. The node
// has children to end; if it is stopped, Linux wakes it, because its process
// group is orphaned by the parent's death.
func (c *component) deathSignal() syscall.Signal {
	if c.name == Node {
		return syscall.SIGTERM
	}
	return syscall.SIGKILL
}

func (c *component) wait(command *exec.Cmd, ended chan struct{}, wanted *atomic.Bool) {
	// The error is the exit status, which ProcessState has too.
	_ = spawn.Wait(command)
	if c.name == Node {
		c.plane.killPodProcesses()
	}
	close(ended)
	c.plane.mutex.Lock()
	defer c.plane.mutex.Unlock()
	// At the start, waitFor tells of it, with the log.
	if wanted.Load() || !c.plane.ready {
		return
	}
	fmt.Fprintf(c.plane.errors, "plane: %s ended unexpectedly (%s); the others stay; log: %s\n",
		c.name, command.ProcessState, c.plane.layout.Log(c.name))
	if err := c.plane.saveState(); err != nil {
		fmt.Fprintln(c.plane.errors, "plane:", err)
	}
}

func (c *component) running() bool {
	if c.command == nil {
		return false
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// kill ends the component at once, as a crash would.
func (c *component) kill() error {
	if !c.running() {
		return fmt.Errorf("%s does not run", c.name)
	}
	c.wanted.Store(true)
	if err := c.command.Process.Kill(); err != nil {
		return err
	}
	<-c.ended
	return nil
}

// end ends the component in order, or at once if it takes too long.
func (c *component) end() {
	if !c.running() {
		return
	}
	c.wanted.Store(true)
	if c.stopped {
		// What was stopped holds others up; it has had its share of grace.
		_ = c.command.Process.Kill()
		<-c.ended
		return
	}
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(endGrace):
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

func (c *component) state() ComponentState {
	state := ComponentState{Running: c.running(), Stopped: c.stopped, Starts: c.starts,
		Log: c.plane.layout.Log(c.name)}
	if state.Running {
		state.PID = c.command.Process.Pid
	}
	switch c.name {
	case Etcd:
		state.Port, state.PeerPort = c.plane.ports.etcd, c.plane.ports.peer
	case APIServer:
		state.Port = c.plane.ports.server
	case ControllerManager:
		state.Port = c.plane.ports.manager
	case Node:
		state.Port = c.plane.ports.node
	}
	return state
}
