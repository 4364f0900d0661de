package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// firstLooks is the pause between looks until there is a first verdict.
const firstLooks = 100 * time.Millisecond

// probeClient asks as a kubelet does: certificates are not verified, redirects
// not followed, connections not kept.
var probeClient = &http.Client{
	Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// startProbes watches over a container that has a real process. The others have
// nothing to ask and are ready at once.
func (a *agent) startProbes(live *pod, c *container, run *incarnation, spec *core.Container) {
	set := func(change func()) {
		live.mutex.Lock()
		if c.run == run && c.stage == stageRunning {
			change()
		}
		live.mutex.Unlock()
		a.queue.Add(live.key)
	}
	go func() {
		if spec.StartupProbe != nil {
			passed := a.probe(live, run, spec, spec.StartupProbe, func(good bool) bool { return !good })
			if !passed {
				run.process.signal(9)
				return
			}
			set(func() { c.started = true })
		}
		if spec.LivenessProbe != nil {
			go func() {
				if !a.probe(live, run, spec, spec.LivenessProbe, func(good bool) bool { return good }) {
					run.process.signal(9)
				}
			}()
		}
		if spec.ReadinessProbe != nil {
			a.probe(live, run, spec, spec.ReadinessProbe, func(good bool) bool {
				set(func() { c.ready = good })
				return true
			})
		}
	}()
}

// probe asks until the container is gone or `changed`, told of every change of
// the verdict, says to stop. It returns the last verdict.
func (a *agent) probe(live *pod, run *incarnation, spec *core.Container, probe *core.Probe, goOn func(good bool) bool) bool {
	period := time.Duration(max(probe.PeriodSeconds, 1)) * time.Second
	pause := time.Duration(probe.InitialDelaySeconds) * time.Second
	successes, failures := int32(0), int32(0)
	verdict, decided := false, false
	var counted time.Time
	for {
		select {
		case <-run.gone:
			return true
		case <-time.After(pause):
		}
		good := a.ask(live, run, spec, probe)
		if good {
			successes, failures = successes+1, 0
		} else {
			successes = 0
			// Failures count once a period, however often is asked.
			if time.Since(counted) >= period {
				failures, counted = failures+1, time.Now()
			}
		}
		passed := successes >= max(probe.SuccessThreshold, 1)
		failed := failures >= max(probe.FailureThreshold, 1)
		if (passed && (!decided || !verdict)) || (failed && (!decided || verdict)) {
			verdict, decided = passed, true
			if !goOn(verdict) {
				return verdict
			}
		}
		pause = period
		if !decided {
			// A process that is coming up is asked more often than a kubelet
			// would: a test waits for it.
			pause = min(period, firstLooks)
		}
	}
}

// ask makes one look and says whether the answer was good.
func (a *agent) ask(live *pod, run *incarnation, spec *core.Container, probe *core.Probe) bool {
	limit := time.Duration(max(probe.TimeoutSeconds, 1)) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	switch {
	case probe.HTTPGet != nil:
		return askHTTP(ctx, live.ip, spec, probe.HTTPGet)
	case probe.TCPSocket != nil:
		host := probe.TCPSocket.Host
		if host == "" {
			host = live.ip
		}
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, portOf(spec, probe.TCPSocket.Port)))
		if err != nil {
			return false
		}
		connection.Close()
		return true
	case probe.Exec != nil:
		return a.askExec(ctx, live, run, probe.Exec.Command)
	default:
		return true
	}
}

func askHTTP(ctx context.Context, ip string, spec *core.Container, get *core.HTTPGetAction) bool {
	host, scheme := get.Host, "http"
	if host == "" {
		host = ip
	}
	if get.Scheme == core.URISchemeHTTPS {
		scheme = "https"
	}
	url := fmt.Sprintf("%s://%s%s", scheme, net.JoinHostPort(host, portOf(spec, get.Port)), get.Path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	request.Header.Set("User-Agent", "kube-probe/plane")
	for _, header := range get.HTTPHeaders {
		if header.Name == "Host" {
			request.Host = header.Value
			continue
		}
		request.Header.Add(header.Name, header.Value)
	}
	response, err := probeClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode >= 200 && response.StatusCode < 400
}

func (a *agent) askExec(ctx context.Context, live *pod, run *incarnation, argv []string) bool {
	started, err := startProcess(processOptions{
		argv: argv, environment: run.environment, directory: a.podDir(live.uid),
	})
	if err != nil {
		return false
	}
	select {
	case <-started.ended:
		return started.how.code == 0
	case <-ctx.Done():
		started.signal(9)
		return false
	}
}

// portOf resolves a port by number or by the name that the container declares.
func portOf(spec *core.Container, port intstr.IntOrString) string {
	if port.Type == intstr.Int {
		return strconv.Itoa(port.IntValue())
	}
	for _, declared := range spec.Ports {
		if declared.Name == port.StrVal {
			return strconv.Itoa(int(declared.ContainerPort))
		}
	}
	return port.StrVal
}
