package node

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
)

func runShell(t *testing.T, script, stdin string) (exit, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	started, err := startProcess(processOptions{
		argv: []string{"sh", "-c", script}, environment: []string{"PATH=" + os.Getenv("PATH")},
		directory: t.TempDir(), stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	return started.wait(), stdout.String(), stderr.String()
}

func TestProcessKeepsStreamsApartAndCodes(t *testing.T) {
	how, stdout, stderr := runShell(t, "cat; echo err >&2; exit 7", "in")
	if how.code != 7 || stdout != "in" || stderr != "err\n" {
		t.Errorf("got %+v, %q, %q", how, stdout, stderr)
	}
}

func TestSignalIsReportedAs128PlusN(t *testing.T) {
	how, _, _ := runShell(t, "kill -TERM $$", "")
	if how.code != 128+int(syscall.SIGTERM) || how.signal != "SIGTERM" {
		t.Errorf("got %+v", how)
	}
}

func TestMissingCommandHasTheRuntimesWords(t *testing.T) {
	_, err := lookUp([]string{"no-such-command"}, []string{"PATH=/bin"})
	if err == nil || !strings.Contains(err.Error(), `exec: "no-such-command": executable file not found in $PATH`) {
		t.Errorf("got %v", err)
	}
	_, err = lookUp([]string{"/no/such"}, nil)
	if err == nil || !strings.Contains(err.Error(), "stat /no/such: no such file or directory") {
		t.Errorf("got %v", err)
	}
}

func TestTerminal(t *testing.T) {
	var output bytes.Buffer
	started, err := startProcess(processOptions{
		argv: []string{"sh", "-c", "test -t 0 && echo terminal"}, environment: []string{"PATH=" + os.Getenv("PATH")},
		directory: t.TempDir(), stdout: &output, tty: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if how := started.wait(); how.code != 0 || !strings.Contains(output.String(), "terminal") {
		t.Errorf("got %+v, %q", how, output.String())
	}
}
