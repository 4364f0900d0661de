package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// An entry is in the file when Append returns, also with many writers at once.
func TestAppendReturnsAfterTheWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	opened, err := Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			id := opened.NextSeq()
			if err := opened.Append(Entry{Event: Start, Seq: id, RunID: "a<b"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := len(lines(t, path)); got != 50 {
		t.Errorf("got %d lines, want 50", got)
	}
	if !strings.Contains(lines(t, path)[0], `"run_id":"a<b"`) {
		t.Errorf("the run id is escaped: %s", lines(t, path)[0])
	}
}

// A ledger that is opened again goes on with its numbers; a line that a kill
// has torn does not spoil the next one.
func TestOpenContinuesAfterATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	content := `{"event":"start","seq":41}` + "\n" + `{"event":"end","se`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := opened.NextSeq(); got != 42 {
		t.Errorf("got seq %d, want 42", got)
	}
	if err := opened.Append(Entry{Event: End, Seq: 42}); err != nil {
		t.Fatal(err)
	}
	got := lines(t, path)
	if len(got) != 3 || !strings.HasPrefix(got[2], `{"event":"end","seq":42`) {
		t.Errorf("got %q", got)
	}
}

// After Close nothing is written and nothing panics.
func TestAppendAfterCloseFails(t *testing.T) {
	opened, err := Open(filepath.Join(t.TempDir(), "ledger.jsonl"), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	if err := opened.Append(Entry{Event: Start}); err == nil {
		t.Error("got no error, want one")
	}
}
