package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// pollPause is short because every test waits for it.
	pollPause = 20 * time.Millisecond
	// readyLimit is generous: two planes may start on two busy cores.
	readyLimit = 90 * time.Second
	// checkLimit bounds one look, so that a stopped component fails it.
	checkLimit = 2 * time.Second
	// logTailLines is how much of a dead component's log is shown.
	logTailLines = 15
)

// check says what is missing; nil means nothing.
type check func(ctx context.Context) error

// waitFor polls until the check passes. It gives up when one of the named
// components ends, with the tail of its log.
func (p *Plane) waitFor(ctx context.Context, what string, passed check, needs ...string) error {
	deadline := time.Now().Add(readyLimit)
	for {
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		err := passed(limited)
		cancel()
		if err == nil {
			return nil
		}
		if dead := p.dead(needs); dead != "" {
			path := p.layout.Log(dead)
			return fmt.Errorf("%s ended at its start; the end of %s:\n%s", dead, path, tail(path, logTailLines))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not there after %s: %w", what, readyLimit, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollPause):
		}
	}
}

func (p *Plane) dead(names []string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, name := range names {
		if one := p.components[name]; one != nil && one.command != nil && !one.running() {
			return name
		}
	}
	return ""
}

func (p *Plane) etcdHealthy(ctx context.Context) error {
	if p.components[Etcd] == nil {
		return nil
	}
	return etcdHealthy(ctx, p.ports.etcd)
}

func (p *Plane) serverReady(ctx context.Context) error {
	if p.components[APIServer] == nil {
		return nil
	}
	return getOK(ctx, p.server()+"/readyz")
}

func (p *Plane) clusterReady(ctx context.Context) error {
	if p.components[APIServer] == nil {
		return nil
	}
	nodes := p.options.Nodes
	if p.components[Node] == nil {
		nodes = 0
	}
	return clusterReady(ctx, p.layout.AdminKubeconfig(), nodes, p.components[ControllerManager] != nil)
}

func etcdHealthy(ctx context.Context, port int) error {
	return getOK(ctx, "http://"+loopback(port)+"/health")
}

// probeClient asks components on this machine for their health. It does not
// verify certificates: the answer carries no secret and decides nothing else.
var probeClient = &http.Client{Transport: &http.Transport{
	TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	DisableKeepAlives: true,
	DialContext:       (&net.Dialer{Timeout: checkLimit}).DialContext,
}}

func getOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := probeClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// clusterReady looks for what users of a fresh cluster take for granted.
func clusterReady(ctx context.Context, kubeconfig string, nodes int, withManager bool) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if _, err := client.CoreV1().Namespaces().Get(ctx, "default", meta.GetOptions{}); err != nil {
		return err
	}
	if withManager {
		// Pods of the default namespace are refused before both are there.
		accounts := client.CoreV1().ServiceAccounts("default")
		if _, err := accounts.Get(ctx, "default", meta.GetOptions{}); err != nil {
			return err
		}
		roots := client.CoreV1().ConfigMaps("default")
		if _, err := roots.Get(ctx, "kube-root-ca.crt", meta.GetOptions{}); err != nil {
			return err
		}
	}
	list, err := client.CoreV1().Nodes().List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	ready := 0
	for _, one := range list.Items {
		for _, condition := range one.Status.Conditions {
			if condition.Type == core.NodeReady && condition.Status == core.ConditionTrue {
				ready++
			}
		}
	}
	if ready < nodes {
		return fmt.Errorf("%d of %d nodes are Ready", ready, nodes)
	}
	return nil
}

// WaitReady returns when every component of the plane that should run answers.
func WaitReady(ctx context.Context, layout Layout) error {
	for {
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		err := allHealthy(limited, layout)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-time.After(pollPause):
		}
	}
}

func allHealthy(ctx context.Context, layout Layout) error {
	state, err := Ask(layout, "state", "")
	if err != nil {
		return err
	}
	if !state.Ready {
		return fmt.Errorf("the plane is starting")
	}
	paths := map[string]string{
		Etcd: "http://%s/health", APIServer: "https://%s/readyz",
		ControllerManager: "https://%s/healthz", Node: "https://%s/readyz",
	}
	nodes := 0
	for name, one := range state.Components {
		if err := getOK(ctx, fmt.Sprintf(paths[name], loopback(one.Port))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == Node {
			nodes = 1
		}
	}
	_, withManager := state.Components[ControllerManager]
	return clusterReady(ctx, state.Kubeconfig, nodes, withManager)
}

// SyncPod returns when the node has seen the pod's present version.
func SyncPod(layout Layout, name string) error {
	namespace, pod, ok := strings.Cut(name, "/")
	if !ok {
		return fmt.Errorf("want NAMESPACE/POD, got %q", name)
	}
	state, err := ReadState(layout)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", state.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	object, err := client.CoreV1().Pods(namespace).Get(context.Background(), pod, meta.GetOptions{})
	if err != nil {
		return err
	}
	query := url.Values{"namespace": {namespace}, "pod": {pod}, "resourceVersion": {object.ResourceVersion}}
	address := fmt.Sprintf("https://%s/plane/sync?%s", loopback(state.Components[Node].Port), query.Encode())
	return getOK(context.Background(), address)
}
