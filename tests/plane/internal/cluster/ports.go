package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are drawn below Linux's usual range for outgoing connections (32768 and
// up): a component that is down for a moment must find its port free again.
const (
	portMin   = 20000
	portCount = 12000
	portTries = 200
)

// freePorts returns n different ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	var open []net.Listener
	defer func() {
		for _, listener := range open {
			listener.Close()
		}
	}()
	for tries := 0; len(ports) < n; tries++ {
		if tries == portTries {
			return nil, fmt.Errorf("no free port on 127.0.0.1 after %d tries", portTries)
		}
		port := portMin + rand.IntN(portCount)
		listener, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		open = append(open, listener)
		ports = append(ports, port)
	}
	return ports, nil
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
