package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"podcron.dev/plane/internal/cluster"
	"podcron.dev/plane/internal/components"
)

const usage = `usage:
  plane up --dir DIR [--nodes N] [--pod-cidr CIDR] [--without NAME,...] [--etcd-no-fsync]
           [--ledger-no-fsync] [--etcd-arg ARG] [--apiserver-arg ARG] [--kcm-arg ARG]
  plane down --dir DIR
  plane wait --dir DIR [--for ready] [--timeout 60s]
  plane kubectl --dir DIR ARGUMENTS...
  plane kubeconfig --dir DIR --serviceaccount NAMESPACE/NAME [--output FILE] [--duration 24h]
  plane kill|start|restart|stop|cont --dir DIR NAME
  plane sync --dir DIR NAMESPACE/POD
NAME is etcd, kube-apiserver, kube-controller-manager or node.`

// verbs are the commands that only say what went wrong.
var verbs = map[string]func(command string, arguments []string) error{
	"kill": component, "start": component, "restart": component, "stop": component, "cont": component,
	"down": down, "wait": wait, "kubeconfig": kubeconfig, "sync": sync,
}

func runUp(arguments []string) int {
	var options cluster.Options
	flags := pflag.NewFlagSet("up", pflag.ContinueOnError)
	flags.StringVar(&options.Dir, "dir", "", "the plane's directory")
	flags.IntVar(&options.Nodes, "nodes", 1, "how many Node objects")
	flags.StringVar(&options.PodCIDR, "pod-cidr", "127.1.0.0/16", "where pod addresses come from")
	flags.StringSliceVar(&options.Without, "without", nil, "components not to start")
	flags.StringArrayVar(&options.EtcdArgs, "etcd-arg", nil, "a flag for etcd")
	flags.StringArrayVar(&options.APIServerArgs, "apiserver-arg", nil, "a flag for kube-apiserver")
	flags.StringArrayVar(&options.ManagerArgs, "kcm-arg", nil, "a flag for kube-controller-manager")
	flags.BoolVar(&options.EtcdNoFsync, "etcd-no-fsync", false, "etcd does not wait for the disk")
	flags.BoolVar(&options.LedgerNoFsync, "ledger-no-fsync", false, "the ledger does not wait for the disk")
	if err := parse(flags, arguments, 0); err != nil {
		fmt.Fprintln(os.Stderr, "plane up:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	return cluster.Up(ctx, options, os.Stdout, os.Stderr)
}

// parse wants exactly that many arguments beside the flags.
func parse(flags *pflag.FlagSet, arguments []string, positional int) error {
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != positional {
		return fmt.Errorf("want %d arguments beside the flags, got %q", positional, flags.Args())
	}
	return nil
}

// withDir parses flags with --dir among them.
func withDir(flags *pflag.FlagSet, arguments []string, positional int) (cluster.Layout, error) {
	directory := flags.String("dir", "", "the plane's directory")
	if err := parse(flags, arguments, positional); err != nil {
		return cluster.Layout{}, err
	}
	return cluster.NewLayout(*directory)
}

func component(verb string, arguments []string) error {
	flags := pflag.NewFlagSet(verb, pflag.ContinueOnError)
	layout, err := withDir(flags, arguments, 1)
	if err != nil {
		return err
	}
	_, err = cluster.Ask(layout, verb, flags.Arg(0))
	return err
}

func down(_ string, arguments []string) error {
	layout, err := withDir(pflag.NewFlagSet("down", pflag.ContinueOnError), arguments, 0)
	if err != nil {
		return err
	}
	return cluster.Down(layout)
}

func wait(_ string, arguments []string) error {
	flags := pflag.NewFlagSet("wait", pflag.ContinueOnError)
	what := flags.String("for", "ready", "what to wait for")
	limit := flags.Duration("timeout", time.Minute, "how long")
	layout, err := withDir(flags, arguments, 0)
	if err != nil {
		return err
	}
	if *what != "ready" {
		return fmt.Errorf("--for: want ready, got %q", *what)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	return cluster.WaitReady(ctx, layout)
}

func sync(_ string, arguments []string) error {
	flags := pflag.NewFlagSet("sync", pflag.ContinueOnError)
	layout, err := withDir(flags, arguments, 1)
	if err != nil {
		return err
	}
	return cluster.SyncPod(layout, flags.Arg(0))
}

func kubeconfig(_ string, arguments []string) error {
	flags := pflag.NewFlagSet("kubeconfig", pflag.ContinueOnError)
	account := flags.String("serviceaccount", "", "NAMESPACE/NAME")
	output := flags.String("output", "", "file to write; default stdout")
	duration := flags.Duration("duration", 24*time.Hour, "how long the token holds")
	layout, err := withDir(flags, arguments, 0)
	if err != nil {
		return err
	}
	text, err := cluster.ServiceAccountKubeconfig(layout, *account, *duration)
	if err != nil {
		return err
	}
	if *output == "" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(*output, text, 0o600)
}

// runKubectl takes only its own --dir, which comes first, and hands all else on.
func runKubectl(arguments []string) int {
	directory, rest := "", arguments
	if len(arguments) >= 2 && arguments[0] == "--dir" {
		directory, rest = arguments[1], arguments[2:]
	} else if len(arguments) >= 1 && strings.HasPrefix(arguments[0], "--dir=") {
		directory, rest = strings.TrimPrefix(arguments[0], "--dir="), arguments[1:]
	}
	if directory != "" {
		layout, err := cluster.NewLayout(directory)
		if err != nil {
			fmt.Fprintln(os.Stderr, "plane kubectl:", err)
			return 2
		}
		// By environment, not by flag: plugins see it too, and kubectl finds
		// them only when no flag stands before their name.
		os.Setenv("KUBECONFIG", layout.AdminKubeconfig())
		os.Setenv("KUBECACHEDIR", layout.KubectlCache())
	} else if !slices.ContainsFunc(rest, isKubeconfigFlag) && !isOffline(rest) {
		// Never the user's own cluster by accident.
		fmt.Fprintln(os.Stderr, "plane kubectl: want --dir DIR first, or --kubeconfig among the arguments")
		return 2
	}
	return components.Kubectl(rest)
}

func isKubeconfigFlag(argument string) bool {
	return argument == "--kubeconfig" || strings.HasPrefix(argument, "--kubeconfig=")
}

func isOffline(arguments []string) bool {
	return len(arguments) == 0 || arguments[0] == "help" || arguments[0] == "kustomize" ||
		slices.Contains(arguments, "--client")
}
