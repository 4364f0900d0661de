// Package components runs the control plane's own programs inside this process.
// It is the only package that imports Kubernetes' and etcd's main programs, so
// that the tests of all other packages compile quickly.
package components

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// Etcd runs etcd with the given flags and does not return before it ends.
func Etcd(args []string) int {
	etcdmain.Main(append([]string{"etcd"}, args...))
	return 0
}

// APIServer runs kube-apiserver with the given flags.
func APIServer(args []string) int {
	command := apiserver.NewAPIServerCommand()
	command.SetArgs(args)
	return cli.Run(command)
}

// ControllerManager runs kube-controller-manager with the given flags.
func ControllerManager(args []string) int {
	command := kcm.NewControllerManagerCommand()
	command.SetArgs(args)
	return cli.Run(command)
}

// Kubectl runs kubectl with the given arguments.
func Kubectl(args []string) int {
	os.Args = append([]string{"kubectl"}, args...)
	command := cmd.NewDefaultKubectlCommand()
	command.SetArgs(args)
	return cli.Run(command)
}
