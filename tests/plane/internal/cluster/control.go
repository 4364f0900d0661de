package cluster

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// socketPathMax is the kernel's limit on the path of a unix socket (108 bytes
// with the final zero).
const socketPathMax = 107

// Request is one line from another `plane` process to the one that is up.
type Request struct {
	Verb string `json:"verb"`
	Name string `json:"name,omitempty"`
}

// Response answers it.
type Response struct {
	Error string `json:"error,omitempty"`
	State State  `json:"state"`
}

// control is the listening side.
type control struct {
	listener  net.Listener
	directory string
}

func (c *control) Close() {
	c.listener.Close()
	if c.directory != "" {
		os.RemoveAll(c.directory)
	}
}

// listen opens the socket, in /tmp if the plane's own path is too long.
func (p *Plane) listen() (*control, error) {
	opened := &control{}
	path := p.layout.path("plane.sock")
	if len(path) > socketPathMax {
		directory, err := os.MkdirTemp("/tmp", "plane-")
		if err != nil {
			return nil, err
		}
		opened.directory = directory
		path = filepath.Join(directory, "plane.sock")
	}
	// A socket that a killed plane has left would refuse the new one.
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	opened.listener = listener
	p.socket = path
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go p.answer(connection)
		}
	}()
	return opened, nil
}

func (p *Plane) answer(connection net.Conn) {
	defer connection.Close()
	var request Request
	if json.NewDecoder(connection).Decode(&request) != nil {
		return
	}
	var response Response
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if err := p.perform(request); err != nil {
		response.Error = err.Error()
	}
	response.State = p.state()
	// The asker may be gone; the work is done all the same.
	_ = json.NewEncoder(connection).Encode(response)
}

// perform does what a verb says. The caller holds the mutex.
func (p *Plane) perform(request Request) error {
	if request.Verb == "state" {
		return nil
	}
	if request.Verb == "down" {
		return syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}
	one := p.components[request.Name]
	if one == nil {
		return fmt.Errorf("want one of %v that this plane has, got %q", Names, request.Name)
	}
	if err := one.perform(request.Verb); err != nil {
		return err
	}
	return p.saveState()
}

func (c *component) perform(verb string) error {
	switch verb {
	case "kill":
		return c.kill()
	case "start":
		return c.start()
	case "restart":
		if c.running() {
			if err := c.kill(); err != nil {
				return err
			}
		}
		return c.start()
	case "stop":
		if err := c.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		c.stopped = true
		return nil
	case "cont":
		if err := c.signal(syscall.SIGCONT); err != nil {
			return err
		}
		c.stopped = false
		return nil
	default:
		return fmt.Errorf("want kill, start, restart, stop or cont, got %q", verb)
	}
}

// askLimit covers a restart, the slowest verb.
const askLimit = 30 * time.Second

func ask(socket string, request Request) (Response, error) {
	var response Response
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return response, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(askLimit)); err != nil {
		return response, err
	}
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		return response, err
	}
	if err := json.NewDecoder(connection).Decode(&response); err != nil {
		return response, err
	}
	if response.Error != "" {
		return response, fmt.Errorf("%s", response.Error)
	}
	return response, nil
}

// Ask performs a verb on the plane of a directory.
func Ask(layout Layout, verb, name string) (State, error) {
	state, err := ReadState(layout)
	if err != nil {
		return State{}, err
	}
	response, err := ask(state.Socket, Request{Verb: verb, Name: name})
	return response.State, err
}

// Down ends the plane of a directory and returns when its process is gone.
func Down(layout Layout) error {
	state, err := Ask(layout, "down", "")
	if err != nil {
		return err
	}
	deadline := time.Now().Add(askLimit)
	for syscall.Kill(state.PID, 0) == nil {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d still runs after %s", state.PID, askLimit)
		}
		time.Sleep(pollPause)
	}
	return nil
}
