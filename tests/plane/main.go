// Command plane runs a real Kubernetes control plane and a node of our own on
// the loopback, for tests, benchmarks and demonstrations. See README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"podcron.dev/plane/internal/cluster"
	"podcron.dev/plane/internal/components"
	"podcron.dev/plane/internal/node"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	os.Exit(run(os.Args[1], os.Args[2:]))
}

// run does what a sub-command says and returns the exit code. The first group
// are the processes that `plane up` starts.
func run(command string, arguments []string) int {
	switch command {
	case cluster.Etcd:
		return components.Etcd(arguments)
	case cluster.APIServer:
		return components.APIServer(arguments)
	case cluster.ControllerManager:
		return components.ControllerManager(arguments)
	case cluster.Node:
		return runNode(arguments)
	case "kubectl":
		return runKubectl(arguments)
	case "help", "-h", "--help":
		fmt.Println(usage)
		return 0
	}
	if perform, ok := verbs[command]; ok {
		if err := perform(command, arguments); err != nil {
			fmt.Fprintf(os.Stderr, "plane %s: %v\n", command, err)
			return 1
		}
		return 0
	}
	if command == "up" {
		return runUp(arguments)
	}
	fmt.Fprintf(os.Stderr, "plane: want a command, got %q\n%s\n", command, usage)
	return 2
}

func runNode(arguments []string) int {
	if len(arguments) != 2 || arguments[0] != "--config" {
		fmt.Fprintln(os.Stderr, "plane node: want --config FILE")
		return 2
	}
	// SIGHUP comes with the SIGCONT that wakes a stopped node when its parent
	// has died; without a handler it would end the node before its children.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	return node.Run(ctx, arguments[1])
}
