package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestFreePortsAreDifferentAndBelowTheOutgoingRange(t *testing.T) {
	ports, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 20 || ports[0] < portMin || ports[len(ports)-1] >= 32768 {
		t.Errorf("got %v", ports)
	}
}

// A directory with a path too long for a socket still gets one.
func TestSocketOfALongPath(t *testing.T) {
	plane := &Plane{layout: Layout{Dir: t.TempDir() + "/" + strings.Repeat("x", 120)},
		components: map[string]*component{}}
	opened, err := plane.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	answer, err := ask(plane.socket, Request{Verb: "state"})
	if err != nil || answer.State.Socket != plane.socket {
		t.Errorf("got %+v, %v", answer, err)
	}
	if _, err := ask(plane.socket, Request{Verb: "kill", Name: "nothing"}); err == nil {
		t.Error("a component that is not there was killed")
	}
}

func TestUnknownComponentIsRefused(t *testing.T) {
	_, err := newPlane(Options{Dir: t.TempDir(), Nodes: 1, Without: []string{"etdc"}}, nil)
	if err == nil || !strings.Contains(err.Error(), `got "etdc"`) {
		t.Errorf("got %v", err)
	}
}
