package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"podcron.dev/plane/internal/pki"
	"podcron.dev/plane/internal/spawn"
)

// killLimit bounds the wait for killed processes to be gone.
const killLimit = 5 * time.Second

// Plane is one running control plane, owned by the process of `plane up`.
type Plane struct {
	layout    Layout
	options   Options
	authority *pki.Authority
	ports     ports
	mark      string
	socket    string
	errors    io.Writer

	// mutex guards the fields below; verbs come from other processes.
	mutex      sync.Mutex
	components map[string]*component
	ready      bool
}

// readyLine is what `plane up` prints when the plane can be used.
type readyLine struct {
	Ready      bool    `json:"ready"`
	Kubeconfig string  `json:"kubeconfig"`
	Server     string  `json:"server"`
	Seconds    float64 `json:"seconds"`
}

// Up runs a plane until the context ends and returns the exit code.
func Up(ctx context.Context, options Options, output, errors io.Writer) int {
	started := time.Now()
	plane, err := newPlane(options, errors)
	if err != nil {
		fmt.Fprintln(errors, "plane:", err)
		return 1
	}
	control, err := plane.listen()
	if err != nil {
		fmt.Fprintln(errors, "plane:", err)
		return 1
	}
	defer control.Close()
	err = plane.start(ctx)
	if err == nil {
		seconds := float64(time.Since(started).Milliseconds()) / 1000
		line, _ := json.Marshal(readyLine{true, plane.layout.AdminKubeconfig(), plane.server(), seconds})
		fmt.Fprintf(output, "%s\n", line)
		<-ctx.Done()
	}
	left := plane.shutDown()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(errors, "plane:", err)
		return 1
	}
	if len(left) > 0 {
		fmt.Fprintln(errors, "plane: processes that could not be ended:", left)
		return 1
	}
	return 0
}

func newPlane(options Options, errors io.Writer) (*Plane, error) {
	layout, err := NewLayout(options.Dir)
	if err != nil {
		return nil, err
	}
	for _, name := range options.Without {
		if !slices.Contains(Names, name) {
			return nil, fmt.Errorf("--without: want one of %v, got %q", Names, name)
		}
	}
	if options.Nodes < 1 {
		return nil, fmt.Errorf("--nodes: want at least 1, got %d", options.Nodes)
	}
	for _, part := range []string{"log", "pki"} {
		if err := os.MkdirAll(layout.path(part), 0o700); err != nil {
			return nil, err
		}
	}
	plane := &Plane{layout: layout, options: options, errors: errors, mark: newMark(),
		components: map[string]*component{}}
	if err := plane.replaceOld(); err != nil {
		return nil, err
	}
	free, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	plane.ports = ports{free[0], free[1], free[2], free[3], free[4]}
	if err := plane.prepare(); err != nil {
		return nil, err
	}
	for _, name := range Names {
		if !slices.Contains(options.Without, name) {
			plane.components[name] = newComponent(plane, name)
		}
	}
	return plane, spawn.AdoptOrphans()
}

// replaceOld refuses a directory whose plane is alive, and ends what a plane
// that was killed may have left behind.
func (p *Plane) replaceOld() error {
	old, err := ReadState(p.layout)
	if err != nil {
		// There was no plane here, which is the usual case.
		return nil
	}
	if _, err := ask(old.Socket, Request{Verb: "state"}); err == nil {
		return fmt.Errorf("%s: a plane runs here already (process %d)", p.layout.Dir, old.PID)
	}
	if old.Mark != "" {
		spawn.KillMarked(MarkVariable+"="+old.Mark, killLimit)
	}
	return nil
}

// start brings the components up, each when what it needs is there.
func (p *Plane) start(ctx context.Context) error {
	if err := p.startOne(Etcd); err != nil {
		return err
	}
	if err := p.waitFor(ctx, "etcd's port", p.etcdHealthy, Etcd); err != nil {
		return err
	}
	if err := p.startOne(APIServer); err != nil {
		return err
	}
	if err := p.waitFor(ctx, "/readyz", p.serverReady, Etcd, APIServer); err != nil {
		return err
	}
	for _, name := range []string{ControllerManager, Node} {
		if err := p.startOne(name); err != nil {
			return err
		}
	}
	if err := p.waitFor(ctx, "nodes and default service account", p.clusterReady, Names...); err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.ready = true
	return p.saveState()
}

func (p *Plane) startOne(name string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	started := p.components[name]
	if started == nil {
		return nil
	}
	if err := started.start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return p.saveState()
}

// saveState writes plane.json. The caller holds the mutex.
func (p *Plane) saveState() error {
	return writeJSON(p.layout.StateFile(), p.state())
}

func (p *Plane) state() State {
	state := State{PID: os.Getpid(), Ready: p.ready, Server: p.server(),
		Kubeconfig: p.layout.AdminKubeconfig(), Ledger: p.ledgerPath(), Socket: p.socket,
		Mark: p.mark, Components: map[string]ComponentState{}}
	for name, one := range p.components {
		state.Components[name] = one.state()
	}
	return state
}

// shutDown ends every component, the ones that need others first, and returns
// the processes of pods that are left.
func (p *Plane) shutDown() []int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.ready = false
	for _, name := range slices.Backward(Names) {
		if one := p.components[name]; one != nil {
			one.end()
		}
	}
	if err := p.saveState(); err != nil {
		fmt.Fprintln(p.errors, "plane:", err)
	}
	return spawn.KillMarked(MarkVariable+"="+p.mark, killLimit)
}

// killPodProcesses ends what a dead node has left.
func (p *Plane) killPodProcesses() {
	spawn.KillMarked(MarkVariable+"="+p.mark, killLimit)
}

// signal sends a signal to a component that runs.
func (c *component) signal(signal syscall.Signal) error {
	if !c.running() {
		return fmt.Errorf("%s does not run", c.name)
	}
	return c.command.Process.Signal(signal)
}
