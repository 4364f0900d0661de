package node

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// followPause is how often a followed log is looked at for more.
const followPause = 50 * time.Millisecond

// outputFile keeps a container's output and hands it to who is attached.
type outputFile struct {
	mutex     sync.Mutex
	file      *os.File
	listeners map[io.Writer]bool
}

func newOutput(path string) (*outputFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &outputFile{file: file, listeners: map[io.Writer]bool{}}, err
}

func (o *outputFile) Write(bytes []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for listener := range o.listeners {
		if _, err := listener.Write(bytes); err != nil {
			delete(o.listeners, listener)
		}
	}
	if o.file == nil {
		return len(bytes), nil
	}
	return o.file.Write(bytes)
}

func (o *outputFile) Close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.file != nil {
		o.file.Close()
		o.file = nil
	}
}

// listen hands output to a writer until stop is called.
func (o *outputFile) listen(writer io.Writer) (stop func()) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.listeners != nil {
		o.listeners[writer] = true
	}
	return func() {
		o.mutex.Lock()
		defer o.mutex.Unlock()
		delete(o.listeners, writer)
	}
}

// serveLogs answers /containerLogs/{namespace}/{pod}/{container}.
func (a *agent) serveLogs(writer http.ResponseWriter, request *http.Request) {
	live := a.find(request.PathValue("namespace") + "/" + request.PathValue("pod"))
	if live == nil {
		http.Error(writer, "pod does not exist", http.StatusNotFound)
		return
	}
	name := request.PathValue("container")
	live.mutex.Lock()
	c := live.containers[name]
	var run *incarnation
	restarts := int32(0)
	if c != nil {
		run, restarts = c.run, c.restarts
	}
	live.mutex.Unlock()
	if run == nil {
		http.Error(writer, fmt.Sprintf("container %q in pod %q is not available", name, live.name), http.StatusBadRequest)
		return
	}
	query := request.URL.Query()
	previous := query.Get("previous") == "true"
	if previous {
		restarts--
	}
	file, err := os.Open(a.logPath(live, name, restarts))
	if err != nil && previous {
		http.Error(writer, fmt.Sprintf("previous terminated container %q in pod %q not found", name, live.name), http.StatusBadRequest)
		return
	}
	writer.WriteHeader(http.StatusOK)
	if err != nil {
		// A container without a process writes nothing.
		return
	}
	defer file.Close()
	if lines, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		seekTail(file, lines)
	}
	gone := run.gone
	if query.Get("follow") != "true" || previous {
		closed := make(chan struct{})
		close(closed)
		gone = closed
	}
	copyLog(writer, file, gone, request.Context().Done())
}

// copyLog sends what there is, and more until the container or the reader is gone.
func copyLog(writer http.ResponseWriter, file *os.File, gone, left <-chan struct{}) {
	controller := http.NewResponseController(writer)
	for {
		ended := false
		select {
		case <-gone:
			ended = true
		default:
		}
		if count, err := io.Copy(writer, file); err != nil {
			return
		} else if count > 0 {
			// A writer that cannot flush sends all the same, only later.
			_ = controller.Flush()
		}
		if ended {
			return
		}
		select {
		case <-left:
			return
		case <-gone:
		case <-time.After(followPause):
		}
	}
}

// seekTail moves to where the last lines begin. Logs of tests are small enough
// to be read whole.
func seekTail(file *os.File, lines int) {
	text, err := io.ReadAll(file)
	if err != nil {
		return
	}
	start := len(text)
	if start > 0 && text[start-1] == '\n' && lines > 0 {
		start--
	}
	for ; lines > 0 && start >= 0; lines-- {
		start = bytes.LastIndexByte(text[:start], '\n')
	}
	// The error would be that of a closed file.
	_, _ = file.Seek(int64(start+1), io.SeekStart)
	if lines == 0 && start == len(text) {
		_, _ = file.Seek(0, io.SeekEnd)
	}
}
