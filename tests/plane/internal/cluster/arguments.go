package cluster

import (
	"fmt"
	"os"

	"podcron.dev/plane/internal/node"
	"podcron.dev/plane/internal/pki"
)

// serviceRange holds the addresses of Services; its first is the API server's.
const serviceRange = "10.96.0.0/24"

// issuer is the issuer of service account tokens.
const issuer = "https://kubernetes.default.svc.cluster.local"

// Options are the flags of `plane up`.
type Options struct {
	Dir           string
	Nodes         int
	PodCIDR       string
	Without       []string
	EtcdArgs      []string
	APIServerArgs []string
	ManagerArgs   []string
	EtcdNoFsync   bool
	LedgerNoFsync bool
}

// ports are the ports of one plane.
type ports struct{ etcd, peer, server, manager, node int }

// prepare makes certificates, kubeconfigs and the node's configuration.
func (p *Plane) prepare() error {
	authority, err := pki.Open(p.layout.path("pki"))
	if err != nil {
		return err
	}
	p.authority = authority
	certificates := []error{
		authority.Server(APIServer, []string{"127.0.0.1", "10.96.0.1"},
			[]string{"localhost", "kubernetes.default.svc"}),
		authority.Server("kubelet", []string{"127.0.0.1"}, []string{"localhost"}),
		authority.SigningKey("service-account"),
		authority.Client("admin", "plane-admin", "system:masters"),
		authority.Client(ControllerManager, "system:kube-controller-manager"),
		authority.Client(Node, "plane-node", "system:masters"),
	}
	for _, err := range certificates {
		if err != nil {
			return err
		}
	}
	files := map[string]string{
		"admin":           p.layout.AdminKubeconfig(),
		ControllerManager: p.layout.Kubeconfig(ControllerManager),
		Node:              p.layout.Kubeconfig(Node),
	}
	for name, path := range files {
		if err := writeClientKubeconfig(path, p.server(), authority, name); err != nil {
			return err
		}
	}
	return writeJSON(p.layout.NodeConfig(), node.Config{
		Dir:            p.layout.Dir,
		Kubeconfig:     p.layout.Kubeconfig(Node),
		Nodes:          p.options.Nodes,
		PodCIDR:        p.options.PodCIDR,
		Port:           p.ports.node,
		Certificate:    authority.CertificatePath("kubelet"),
		Key:            authority.KeyPath("kubelet"),
		CA:             authority.CertificatePath("ca"),
		ServerHost:     "127.0.0.1",
		ServerPort:     p.ports.server,
		Ledger:         p.ledgerPath(),
		LedgerNoFsync:  p.options.LedgerNoFsync,
		Mark:           MarkVariable + "=" + p.mark,
		ServingVersion: kubernetesVersion(),
	})
}

func (p *Plane) server() string { return fmt.Sprintf("https://%s", loopback(p.ports.server)) }

func (p *Plane) ledgerPath() string { return p.layout.path("ledger.jsonl") }

// arguments returns the flags of a component.
func (p *Plane) arguments(name string) []string {
	switch name {
	case Etcd:
		return p.etcdArguments()
	case APIServer:
		return p.serverArguments()
	case ControllerManager:
		return p.managerArguments()
	default:
		return []string{"--config", p.layout.NodeConfig()}
	}
}

func (p *Plane) etcdArguments() []string {
	client, peer := "http://"+loopback(p.ports.etcd), "http://"+loopback(p.ports.peer)
	arguments := []string{
		"--name=n0", "--data-dir=" + p.layout.path("etcd"), "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=n0=" + peer,
		// The default of 2 GiB is full after some hours of benchmarks.
		"--quota-backend-bytes=8589934592",
	}
	if p.options.EtcdNoFsync {
		arguments = append(arguments, "--unsafe-no-fsync")
	}
	return append(arguments, p.options.EtcdArgs...)
}

func (p *Plane) serverArguments() []string {
	authority := p.authority
	arguments := []string{
		"--etcd-servers=http://" + loopback(p.ports.etcd),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", p.ports.server),
		// Without a default route the server finds no address to advertise, and
		// its endpoint reconciler refuses a loopback one.
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--tls-cert-file=" + authority.CertificatePath(APIServer),
		"--tls-private-key-file=" + authority.KeyPath(APIServer),
		"--client-ca-file=" + authority.CertificatePath("ca"),
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + authority.CertificatePath("service-account"),
		"--service-account-signing-key-file=" + authority.KeyPath("service-account"),
		"--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--kubelet-preferred-address-types=InternalIP", "--event-ttl=10m",
	}
	return append(arguments, p.options.APIServerArgs...)
}

func (p *Plane) managerArguments() []string {
	authority := p.authority
	arguments := []string{
		"--kubeconfig=" + p.layout.Kubeconfig(ControllerManager),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", p.ports.manager),
		"--leader-elect=false", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + authority.KeyPath("service-account"),
		"--root-ca-file=" + authority.CertificatePath("ca"),
		"--tls-cert-file=" + authority.CertificatePath("kubelet"),
		"--tls-private-key-file=" + authority.KeyPath("kubelet"),
		"--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics",
	}
	return append(arguments, p.options.ManagerArgs...)
}

// environment is what a component inherits. Proxies and a foreign cluster's
// variables would lead traffic away from the loopback.
func environment() []string {
	var kept []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG", "TZ", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"} {
		if value, ok := os.LookupEnv(name); ok {
			kept = append(kept, name+"="+value)
		}
	}
	return kept
}
