package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	// idleLimit and creationLimit are the kubelet's for streams.
	idleLimit     = 4 * time.Hour
	creationLimit = 30 * time.Second
	// syncLimit bounds the wait of `plane sync`.
	syncLimit = 10 * time.Second
	syncPause = 2 * time.Millisecond
)

// connectionKey finds the connection of a request in its context, for faults
// that cut it.
type connectionKey struct{}

// serve opens the kubelet's endpoint.
func (a *agent) serve() (stop func(), err error) {
	certificate, err := tls.LoadX509KeyPair(a.config.Certificate, a.config.Key)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(a.config.Port)))
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           a.handler(),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}},
		ReadHeaderTimeout: creationLimit,
		// SPDY and WebSocket upgrades are matters of HTTP/1.1.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ConnContext: func(ctx context.Context, connection net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, connection)
		},
	}
	go func() {
		if err := server.ServeTLS(listener, "", ""); err != http.ErrServerClosed {
			fmt.Fprintln(os.Stderr, "node: server:", err)
		}
	}()
	return func() { server.Close() }, nil
}

func (a *agent) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", a.serveExec)
	mux.HandleFunc("/exec/{namespace}/{pod}/{uid}/{container}", a.serveExec)
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", a.serveAttach)
	mux.HandleFunc("/attach/{namespace}/{pod}/{uid}/{container}", a.serveAttach)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", a.serveLogs)
	mux.HandleFunc("GET /plane/sync", a.serveSync)
	mux.HandleFunc("GET /healthz", func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(writer, "ok")
	})
	mux.HandleFunc("GET /readyz", a.serveReady)
	return mux
}

func (a *agent) serveReady(writer http.ResponseWriter, _ *http.Request) {
	for _, synced := range a.synced {
		if !synced() {
			http.Error(writer, "the caches are not filled", http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprint(writer, "ok")
}

// serveSync answers when this node has seen a pod's version, so that a test
// knows that an annotation holds.
func (a *agent) serveSync(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	wanted, err := strconv.ParseUint(query.Get("resourceVersion"), 10, 64)
	if err != nil {
		http.Error(writer, "resourceVersion: "+err.Error(), http.StatusBadRequest)
		return
	}
	deadline := time.Now().Add(syncLimit)
	for time.Now().Before(deadline) {
		object, err := a.pods.Pods(query.Get("namespace")).Get(query.Get("pod"))
		if err == nil && version(object) >= wanted {
			fmt.Fprint(writer, "ok")
			return
		}
		time.Sleep(syncPause)
	}
	http.Error(writer, "not seen", http.StatusGatewayTimeout)
}

// target finds the pod and container of a streaming request, or answers with
// the error that a kubelet gives.
func (a *agent) target(writer http.ResponseWriter, request *http.Request) (*pod, *incarnation) {
	live := a.find(request.PathValue("namespace") + "/" + request.PathValue("pod"))
	if uid := request.PathValue("uid"); live != nil && uid != "" && uid != string(live.uid) {
		live = nil
	}
	if live == nil {
		http.Error(writer, "pod does not exist", http.StatusNotFound)
		return nil, nil
	}
	name := request.PathValue("container")
	run, known := live.running(name)
	if run != nil {
		return live, run
	}
	if known {
		http.Error(writer, fmt.Sprintf("container %q is not in CONTAINER_RUNNING state", name), http.StatusInternalServerError)
	} else {
		http.Error(writer, fmt.Sprintf("container not found (%q)", name), http.StatusInternalServerError)
	}
	return nil, nil
}

func (a *agent) serveExec(writer http.ResponseWriter, request *http.Request) {
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	live, run := a.target(writer, request)
	if live == nil {
		return
	}
	argv := request.URL.Query()["command"]
	wanted := live.fault(argv)
	if wanted != nil && a.faultBeforeUpgrade(wanted, live, writer, request) {
		return
	}
	executor := &execution{agent: a, live: live, run: run, request: request, fault: wanted}
	remotecommand.ServeExec(writer, request, executor, live.name, string(live.uid), request.PathValue("container"),
		argv, options, idleLimit, creationLimit, remotecommand.SupportedStreamingProtocols)
}

func (a *agent) serveAttach(writer http.ResponseWriter, request *http.Request) {
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	live, run := a.target(writer, request)
	if live == nil {
		return
	}
	executor := &execution{agent: a, live: live, run: run, request: request}
	remotecommand.ServeAttach(writer, request, executor, live.name, string(live.uid), request.PathValue("container"),
		options, idleLimit, creationLimit, remotecommand.SupportedStreamingProtocols)
}
