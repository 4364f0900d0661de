package node

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	utilexec "k8s.io/utils/exec"

	"podcron.dev/plane/internal/ledger"
)

// The modes of the annotation exec; README.md is their reference.
const (
	faultRefuse           = "refuse"
	faultNotFound         = "not-found"
	faultCutBeforeUpgrade = "cut-before-upgrade"
	faultDelayUpgrade     = "delay-upgrade"
	faultHang             = "hang"
	faultCutBeforeStatus  = "cut-before-status"
	faultCutMidRun        = "cut-mid-run"
	faultFalseSuccess     = "false-success"
	faultFalseExit        = "false-exit"
	faultStartError       = "start-error"
	faultEndlessOutput    = "endless-output"
	faultSlowOutput       = "slow-output"
	faultDelayStart       = "delay-start"
	faultDelayStatus      = "delay-status"
)

const (
	// cutAfter is when cut-mid-run cuts unless told otherwise.
	cutAfter = 100 * time.Millisecond
	// delayDefault holds for delay-* without a value.
	delayDefault = time.Second
	// slowPause is between two bytes of slow-output.
	slowPause = time.Second
)

// fault returns the misbehaviour that this exec shall have, or nil.
func (p *pod) fault(argv []string) *fault {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	wanted := parseFault(p.object.Annotations[annotationExec])
	if wanted == nil {
		return nil
	}
	match := p.object.Annotations[annotationExecMatch]
	if match != "" && !strings.Contains(strings.Join(argv, " "), match) {
		return nil
	}
	if wanted.times > 0 && p.faultsUsed[wanted.text] >= wanted.times {
		return nil
	}
	p.faultsUsed[wanted.text]++
	return wanted
}

// note writes into the ledger that a misbehaviour was shown, so that a test can
// wait for it.
func (a *agent) note(wanted *fault, live *pod, container string, argv []string, userAgent string) {
	entry := live.entry(ledger.Fault, container)
	entry.Seq, entry.Fault, entry.Argv = a.ledger.NextSeq(), wanted.text, argv
	entry.RunID, entry.Attempt = identity(argv, nil, userAgent)
	if err := a.ledger.Append(entry); err != nil {
		fmt.Fprintln(os.Stderr, "node: ledger:", err)
	}
}

// faultBeforeUpgrade plays the modes that answer in plain HTTP. It says whether
// the request is done with.
func (a *agent) faultBeforeUpgrade(wanted *fault, live *pod, writer http.ResponseWriter, request *http.Request) bool {
	before := []string{faultRefuse, faultNotFound, faultCutBeforeUpgrade, faultDelayUpgrade}
	if !slices.Contains(before, wanted.mode) {
		return false
	}
	argv := request.URL.Query()["command"]
	a.note(wanted, live, request.PathValue("container"), argv, request.UserAgent())
	switch wanted.mode {
	case faultRefuse:
		http.Error(writer, "refused by annotation", http.StatusInternalServerError)
	case faultNotFound:
		http.Error(writer, "pod does not exist", http.StatusNotFound)
	case faultCutBeforeUpgrade:
		cut(request)
	case faultDelayUpgrade:
		select {
		case <-time.After(wanted.duration(delayDefault)):
		case <-request.Context().Done():
			return true
		}
		return false
	}
	return true
}

// misbehave plays the modes that come after the upgrade.
func (e *execution) misbehave(container string, argv []string, client streams) error {
	if e.fault.mode != faultDelayUpgrade {
		e.agent.note(e.fault, e.live, container, argv, e.request.UserAgent())
	}
	switch e.fault.mode {
	case faultHang:
		e.sleep(0)
		return fmt.Errorf("the container has gone")
	case faultFalseSuccess:
		return nil
	case faultFalseExit:
		code := int(e.fault.duration(time.Second) / time.Second)
		return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", code), Code: code}
	case faultStartError:
		_, err := lookUp([]string{argv[0]}, nil)
		return firstError(err, startError(argv[0], "refused by annotation"))
	case faultEndlessOutput:
		return e.flood(client)
	case faultCutBeforeStatus:
		// The error would be told to a client that is cut off.
		_, _ = e.execute(container, argv, client)
		cut(e.request)
		return nil
	case faultCutMidRun:
		time.AfterFunc(e.fault.duration(cutAfter), func() { cut(e.request) })
		return e.perform(container, argv, client)
	case faultSlowOutput:
		if client.stdout != nil {
			client.stdout = &slowWriter{writer: client.stdout, gone: e.run.gone}
		}
		return e.perform(container, argv, client)
	case faultDelayStart:
		e.sleep(e.fault.duration(delayDefault))
		return e.perform(container, argv, client)
	case faultDelayStatus:
		err := e.perform(container, argv, client)
		e.sleep(e.fault.duration(delayDefault))
		return err
	}
	// Also a mode that nobody knows: the ledger has it.
	return e.perform(container, argv, client)
}

// sleep waits for a time (0: for ever), at most as long as the container lives.
func (e *execution) sleep(pause time.Duration) {
	var after <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-after:
	case <-e.run.gone:
	}
}

// flood writes until the client has gone or the container ends.
func (e *execution) flood(client streams) error {
	if client.stdout == nil {
		e.sleep(0)
		return nil
	}
	line := []byte(strings.Repeat("endless output by annotation ", 64) + "\n")
	for {
		select {
		case <-e.run.gone:
			return fmt.Errorf("the container has gone")
		default:
		}
		if _, err := client.stdout.Write(line); err != nil {
			return err
		}
	}
}

// cut closes the TCP connection below TLS, without a word to the other side.
func cut(request *http.Request) {
	connection, _ := request.Context().Value(connectionKey{}).(net.Conn)
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn()
	}
	if connection != nil {
		connection.Close()
	}
}

// slowWriter lets one byte through a second.
type slowWriter struct {
	writer io.Writer
	gone   <-chan struct{}
}

func (s *slowWriter) Write(bytes []byte) (int, error) {
	for index := range bytes {
		if _, err := s.writer.Write(bytes[index : index+1]); err != nil {
			return index, err
		}
		select {
		case <-time.After(slowPause):
		case <-s.gone:
			return len(bytes), nil
		}
	}
	return len(bytes), nil
}
