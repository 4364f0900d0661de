// Package cluster starts, watches and stops the processes of one plane.
package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The names of the components, which are also the sub-commands that run them.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Node              = "node"
)

// Names lists the components in the order of their start.
var Names = []string{Etcd, APIServer, ControllerManager, Node}

// MarkVariable marks every process that a plane's pods run; its value differs
// from plane to plane.
const MarkVariable = "PLANE_MARK"

// Layout knows where things are in the directory of a plane.
type Layout struct{ Dir string }

// NewLayout makes the path absolute, because children may run elsewhere.
func NewLayout(directory string) (Layout, error) {
	if directory == "" {
		return Layout{}, fmt.Errorf("--dir: want the plane's directory, got nothing")
	}
	absolute, err := filepath.Abs(directory)
	return Layout{Dir: absolute}, err
}

func (l Layout) path(parts ...string) string {
	return filepath.Join(append([]string{l.Dir}, parts...)...)
}

// AdminKubeconfig belongs to a member of system:masters.
func (l Layout) AdminKubeconfig() string { return l.path("admin.kubeconfig") }

// Kubeconfig is the kubeconfig of a component.
func (l Layout) Kubeconfig(name string) string { return l.path("pki", name+".kubeconfig") }

// Log is where a component's stdout and stderr go.
func (l Layout) Log(name string) string { return l.path("log", name+".log") }

// StateFile describes the running plane.
func (l Layout) StateFile() string { return l.path("plane.json") }

// NodeConfig is what the node is told at its start.
func (l Layout) NodeConfig() string { return l.path("node.json") }

// KubectlCache keeps what kubectl learns of this API server's resources. The
// usual place in the home directory is keyed by address, and another plane may
// have had the same port with other resources.
func (l Layout) KubectlCache() string { return l.path("kubectl-cache") }

// State is the content of plane.json.
type State struct {
	PID        int                       `json:"pid"`
	Ready      bool                      `json:"ready"`
	Server     string                    `json:"server"`
	Kubeconfig string                    `json:"kubeconfig"`
	Ledger     string                    `json:"ledger"`
	Socket     string                    `json:"socket"`
	Mark       string                    `json:"mark"`
	Components map[string]ComponentState `json:"components"`
}

// ComponentState is what plane.json says of one component.
type ComponentState struct {
	PID      int    `json:"pid"`
	Port     int    `json:"port"`
	PeerPort int    `json:"peerPort,omitempty"`
	Running  bool   `json:"running"`
	Stopped  bool   `json:"stopped,omitempty"`
	Starts   int    `json:"starts"`
	Log      string `json:"log"`
}

// ReadState reads plane.json.
func ReadState(layout Layout) (State, error) {
	var state State
	text, err := os.ReadFile(layout.StateFile())
	if err != nil {
		return state, fmt.Errorf("%s: no plane here: %w", layout.Dir, err)
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("%s: %w", layout.StateFile(), err)
	}
	return state, nil
}

// writeJSON replaces a file at once, so that readers never see half of it.
func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// newMark makes the value of MarkVariable for one plane.
func newMark() string {
	bytes := make([]byte, 8)
	// crypto/rand never fails on Linux, and says so by ending the program.
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}

// tail returns the last lines of a file, to show why a component ended.
func tail(path string, lines int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
