// Package node is a node of our own: it binds pods, runs their containers as
// local processes or as nothing at all, and answers exec, attach and logs as a
// kubelet does.
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"

	"podcron.dev/plane/internal/ledger"
	"podcron.dev/plane/internal/spawn"
)

// Config is what `plane up` tells the node, as a JSON file.
type Config struct {
	Dir            string `json:"dir"`
	Kubeconfig     string `json:"kubeconfig"`
	Nodes          int    `json:"nodes"`
	PodCIDR        string `json:"podCIDR"`
	Port           int    `json:"port"`
	Certificate    string `json:"certificate"`
	Key            string `json:"key"`
	CA             string `json:"ca"`
	ServerHost     string `json:"serverHost"`
	ServerPort     int    `json:"serverPort"`
	Ledger         string `json:"ledger"`
	LedgerNoFsync  bool   `json:"ledgerNoFsync"`
	Mark           string `json:"mark"`
	ServingVersion string `json:"version"`
}

const (
	// workers bounds the pods that are worked on at once. Most of that time is
	// spent waiting for the API server.
	workers = 16
	// retryBase and retryMax bound the pause after a failed request.
	retryBase = 10 * time.Millisecond
	retryMax  = 2 * time.Second
	// endLimit bounds the wait for the last lines of the ledger.
	endLimit = time.Second
)

// agent serves all the nodes of a plane.
type agent struct {
	config    Config
	client    kubernetes.Interface
	ledger    *ledger.Ledger
	addresses *addresses
	pods      listers.PodLister
	nodes     listers.NodeLister
	synced    []cache.InformerSynced
	queue     workqueue.TypedRateLimitingInterface[string]
	binder    binder
	// nodeChanged asks the heartbeat to look at the nodes now.
	nodeChanged chan struct{}
	// executions are waited for at the end, so that the ledger has their ends.
	executions sync.WaitGroup

	// mutex guards live. Keys are namespace/name, as in the queue.
	mutex sync.Mutex
	live  map[string]*pod
}

// Run serves until the context ends and returns the exit code.
func Run(ctx context.Context, configPath string) int {
	config, err := readConfig(configPath)
	if err == nil {
		err = run(ctx, config)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}

func readConfig(path string) (Config, error) {
	var config Config
	text, err := os.ReadFile(path)
	if err != nil {
		return config, err
	}
	return config, json.Unmarshal(text, &config)
}

func run(ctx context.Context, config Config) error {
	if err := spawn.AdoptOrphans(); err != nil {
		return err
	}
	agent, err := newAgent(config)
	if err != nil {
		return err
	}
	if err := agent.ledger.Append(ledger.Entry{Event: ledger.NodeStart, PID: os.Getpid()}); err != nil {
		return err
	}
	stopServer, err := agent.serve()
	if err != nil {
		return err
	}
	defer stopServer()
	agent.startInformers(ctx)
	if err := agent.registerNodes(ctx); err != nil {
		return err
	}
	if !cache.WaitForCacheSync(ctx.Done(), agent.synced...) {
		return nil
	}
	if err := agent.adoptAddresses(); err != nil {
		return err
	}
	for range workers {
		go agent.work(ctx)
	}
	go agent.heartbeat(ctx)
	<-ctx.Done()
	agent.queue.ShutDown()
	agent.endProcesses()
	left := spawn.KillMarked(config.Mark, killLimit)
	if len(left) > 0 {
		return fmt.Errorf("processes that could not be ended: %v", left)
	}
	return agent.ledger.Close()
}

func newAgent(config Config) (*agent, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return nil, err
	}
	// The API server's own limits hold; a second limit here would only slow
	// benchmarks down.
	rest.QPS = -1
	rest.UserAgent = "plane-node"
	rest.ContentType = "application/vnd.kubernetes.protobuf"
	rest.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	opened, err := ledger.Open(config.Ledger, config.LedgerNoFsync)
	if err != nil {
		return nil, err
	}
	pool, err := newAddresses(config.PodCIDR)
	if err != nil {
		return nil, err
	}
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](retryBase, retryMax)
	return &agent{config: config, client: client, ledger: opened, addresses: pool,
		nodeChanged: make(chan struct{}, 1),
		queue:       workqueue.NewTypedRateLimitingQueue(limiter), live: map[string]*pod{}}, nil
}

func (a *agent) startInformers(ctx context.Context) {
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0,
		informers.WithTransform(dropManagedFields))
	pods := factory.Core().V1().Pods()
	nodes := factory.Core().V1().Nodes()
	a.pods, a.nodes = pods.Lister(), nodes.Lister()
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			a.queue.Add(key)
		}
	}
	// The errors say that the informer has been stopped, which it has not.
	_, _ = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
		DeleteFunc: enqueue,
	})
	_, _ = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { a.nodesChanged() },
		UpdateFunc: func(any, any) { a.nodesChanged() },
		DeleteFunc: func(any) { a.nodesChanged() },
	})
	a.synced = []cache.InformerSynced{pods.Informer().HasSynced, nodes.Informer().HasSynced}
	factory.Start(ctx.Done())
}

// dropManagedFields keeps the cache small; nothing here reads them.
func dropManagedFields(object any) (any, error) {
	switch object := object.(type) {
	case *core.Pod:
		object.ManagedFields = nil
	case *core.Node:
		object.ManagedFields = nil
	}
	return object, nil
}

// adoptAddresses takes the addresses that pods have from before a restart, so
// that none is given twice.
func (a *agent) adoptAddresses() error {
	pods, err := a.pods.List(everything)
	if err != nil {
		return err
	}
	for _, one := range pods {
		if one.Status.PodIP != "" {
			a.addresses.take(one.Status.PodIP)
		}
	}
	return nil
}

func (a *agent) nodesChanged() {
	a.binder.nodesChanged()
	select {
	case a.nodeChanged <- struct{}{}:
	default:
		// A look is due already.
	}
}

// endProcesses ends what really runs and waits until the ledger has it. The
// other containers live on in the API, for a node that is started again.
func (a *agent) endProcesses() {
	a.mutex.Lock()
	pods := slices.Collect(maps.Values(a.live))
	a.mutex.Unlock()
	for _, live := range pods {
		live.mutex.Lock()
		for _, c := range live.order {
			if c.stage == stageRunning && (c.run.forked.Load() || len(c.run.argv) > 0) {
				a.endContainer(live, c, killed, "Error")
			}
		}
		live.mutex.Unlock()
	}
	ended := make(chan struct{})
	go func() {
		a.executions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(endLimit):
	}
}

func (a *agent) work(ctx context.Context) {
	for {
		key, shutDown := a.queue.Get()
		if shutDown {
			return
		}
		if err := a.sync(ctx, key); err != nil {
			if ctx.Err() == nil && !expected(err) {
				fmt.Fprintf(os.Stderr, "node: %s: %v\n", key, err)
			}
			a.queue.AddRateLimited(key)
		} else {
			a.queue.Forget(key)
		}
		a.queue.Done(key)
	}
}

// find returns the live pod of a key.
func (a *agent) find(key string) *pod {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.live[key]
}

// drop forgets a pod whose processes have ended.
func (a *agent) drop(gone *pod) {
	a.mutex.Lock()
	if a.live[gone.key] == gone {
		delete(a.live, gone.key)
	}
	a.mutex.Unlock()
	if !gone.hostNetwork {
		a.addresses.release(gone.ip)
	}
	// What cannot be removed now is removed with the plane's directory.
	_ = os.RemoveAll(a.podDir(gone.uid))
}

// podDir keeps a pod's logs and volumes.
func (a *agent) podDir(uid types.UID) string {
	return filepath.Join(a.config.Dir, "pods", string(uid))
}
