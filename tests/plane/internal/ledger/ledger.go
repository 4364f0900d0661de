// Package ledger is the ground truth of what ran: one JSON line per start and
// per end, on disk before anybody is told.
package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"sync"
	"time"
)

// The words of Entry.Event.
const (
	Start          = "start"
	End            = "end"
	ContainerStart = "container-start"
	ContainerEnd   = "container-end"
	Fault          = "fault"
	NodeStart      = "node-start"
)

// Entry is one line. An end carries the identity of its start and its seq.
type Entry struct {
	Event     string   `json:"event"`
	Seq       uint64   `json:"seq"`
	Time      string   `json:"time"`
	Namespace string   `json:"ns,omitempty"`
	Pod       string   `json:"pod,omitempty"`
	UID       string   `json:"uid,omitempty"`
	Container string   `json:"container,omitempty"`
	ID        string   `json:"container_id,omitempty"`
	Argv      []string `json:"argv,omitempty"`
	RunID     string   `json:"run_id"`
	Attempt   string   `json:"attempt"`
	PID       int      `json:"pid"`
	ExitCode  *int     `json:"exit_code,omitempty"`
	Signal    string   `json:"signal,omitempty"`
	Fault     string   `json:"fault,omitempty"`
	Error     string   `json:"error,omitempty"`
}

// pending is a line that waits for the next write.
type pending struct {
	line []byte
	done chan error
}

// Ledger appends lines. Lines that come while a write is under way share the
// next write and its fsync.
type Ledger struct {
	mutex   sync.Mutex
	file    *os.File
	noFsync bool
	seq     uint64
	lines   chan pending
	closed  chan struct{}

	// ending is held for reading over an append, so that none meets a closed channel.
	ending sync.RWMutex
	ended  bool
}

// batchMax bounds the lines of one write.
const batchMax = 1024

// Open appends to the file and continues its sequence numbers.
func Open(path string, noFsync bool) (*Ledger, error) {
	last, err := lastSeq(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if err := endLine(path, file); err != nil {
		return nil, err
	}
	opened := &Ledger{file: file, noFsync: noFsync, seq: last,
		lines: make(chan pending, batchMax), closed: make(chan struct{})}
	go opened.serve()
	return opened, nil
}

// lastSeq finds the highest sequence number of an existing file. The last line
// may be torn by a kill; it was not durable, so nothing was started for it.
func lastSeq(path string) (uint64, error) {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var last uint64
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 0, 64<<10), 16<<20)
	for scanner.Scan() {
		var entry struct {
			Seq uint64 `json:"seq"`
		}
		if json.Unmarshal(scanner.Bytes(), &entry) == nil && entry.Seq > last {
			last = entry.Seq
		}
	}
	return last, scanner.Err()
}

// endLine closes a torn last line, so that the next entry has a line of its own.
func endLine(path string, file *os.File) error {
	information, err := file.Stat()
	if err != nil || information.Size() == 0 {
		return err
	}
	reader, err := os.Open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	last := make([]byte, 1)
	if _, err := reader.ReadAt(last, information.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = file.Write([]byte("\n"))
	}
	return err
}

// NextSeq returns a number that no other entry pair has.
func (l *Ledger) NextSeq() uint64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.seq++
	return l.seq
}

// Append writes the entry and returns when it is durable.
func (l *Ledger) Append(entry Entry) error {
	return <-l.enqueue(entry)
}

// AppendLater writes the entry soon, in order, and does not wait for the disk.
func (l *Ledger) AppendLater(entry Entry) {
	l.enqueue(entry)
}

func (l *Ledger) enqueue(entry Entry) chan error {
	if entry.Time == "" {
		entry.Time = time.Now().UTC().Format(time.RFC3339Nano)
	}
	done := make(chan error, 1)
	line, err := encode(entry)
	if err != nil {
		done <- err
		return done
	}
	l.ending.RLock()
	defer l.ending.RUnlock()
	if l.ended {
		done <- os.ErrClosed
		return done
	}
	l.lines <- pending{line: line, done: done}
	return done
}

// encode leaves < and & as they are, because people read the argv.
func encode(entry Entry) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(entry)
	return text.Bytes(), err
}

// Close writes what waits and closes the file. What is appended later fails.
func (l *Ledger) Close() error {
	l.ending.Lock()
	l.ended = true
	close(l.lines)
	l.ending.Unlock()
	<-l.closed
	return l.file.Close()
}

func (l *Ledger) serve() {
	defer close(l.closed)
	for first := range l.lines {
		batch := append(make([]pending, 0, 16), first)
		for more := true; more && len(batch) < batchMax; {
			select {
			case next, open := <-l.lines:
				if open {
					batch = append(batch, next)
				} else {
					more = false
				}
			default:
				more = false
			}
		}
		err := l.write(batch)
		for _, waiting := range batch {
			waiting.done <- err
		}
	}
}

func (l *Ledger) write(batch []pending) error {
	var text []byte
	for _, waiting := range batch {
		text = append(text, waiting.line...)
	}
	if _, err := l.file.Write(text); err != nil {
		return err
	}
	if l.noFsync {
		return nil
	}
	return l.file.Sync()
}
