package node

import (
	"fmt"
	"net/netip"
	"sync"
)

// addresses gives out pod addresses. It goes round, so that an address is not
// given to another pod right after its own has gone.
type addresses struct {
	mutex  sync.Mutex
	prefix netip.Prefix
	next   netip.Addr
	used   map[netip.Addr]bool
}

func newAddresses(cidr string) (*addresses, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return nil, fmt.Errorf("--pod-cidr: want a prefix such as 127.1.0.0/16, got %q: %w", cidr, err)
	}
	made := &addresses{prefix: prefix.Masked(), used: map[netip.Addr]bool{}}
	made.next = made.first()
	return made, nil
}

// first leaves out the network's own address and the one that a bridge would have.
func (a *addresses) first() netip.Addr {
	return a.prefix.Addr().Next().Next()
}

// take marks an address as used; one outside the range needs no mark.
func (a *addresses) take(text string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if address, err := netip.ParseAddr(text); err == nil && a.prefix.Contains(address) {
		a.used[address] = true
	}
}

func (a *addresses) release(text string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if address, err := netip.ParseAddr(text); err == nil {
		delete(a.used, address)
	}
}

// allocate returns a free address. It fails when the whole range is in use.
func (a *addresses) allocate() (string, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	wrapped := false
	for {
		address := a.next
		a.next = a.next.Next()
		if !a.prefix.Contains(address) {
			if wrapped {
				return "", fmt.Errorf("no free address in %s", a.prefix)
			}
			wrapped = true
			a.next = a.first()
			continue
		}
		if !a.used[address] {
			a.used[address] = true
			return address.String(), nil
		}
	}
}
