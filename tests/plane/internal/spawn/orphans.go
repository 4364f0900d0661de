package spawn

import (
	"bytes"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is the pause between two looks at processes that are about to end.
const lookAgain = 5 * time.Millisecond

// AdoptOrphans makes this process the parent of every descendant whose own
// parent has died, so that none escapes to init, and collects those that end.
func AdoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	go func() {
		for range died {
			for collectOrphan() {
			}
		}
	}()
	return nil
}

// collectOrphan collects one ended process that nobody waits for. It says
// whether to look again. The look itself (WNOWAIT) leaves the process in place,
// because the exit status of our own children belongs to Wait.
func collectOrphan() bool {
	mutex.Lock()
	defer mutex.Unlock()
	var found unix.Siginfo
	options := unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	if err := unix.Waitid(unix.P_ALL, 0, &found, options, nil); err != nil {
		return false
	}
	pid := siginfoPID(&found)
	if pid == 0 {
		return false
	}
	if children[pid] {
		// Wait is about to collect it; others may stand behind it.
		mutex.Unlock()
		time.Sleep(lookAgain)
		mutex.Lock()
		return true
	}
	var status syscall.WaitStatus
	_, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	return err == nil
}

// Marked returns the processes whose environment holds the entry NAME=VALUE.
// Children inherit their parent's environment, so one mark finds a whole tree,
// also the members that made a session of their own.
func Marked(entry string) []int {
	names, err := procNames()
	if err != nil {
		return nil
	}
	mark := []byte("\x00" + entry + "\x00")
	var found []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile("/proc/" + name + "/environ")
		if err != nil || len(environment) == 0 {
			continue
		}
		if bytes.Contains(append([]byte{0}, environment...), mark) {
			found = append(found, pid)
		}
	}
	return found
}

func procNames() ([]string, error) {
	directory, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	return directory.Readdirnames(-1)
}

// KillMarked kills every process with the mark and returns when none is left,
// or after the limit with those that are. A process may fork between the look
// and the kill, so it looks until it finds nobody.
func KillMarked(entry string, limit time.Duration) (left []int) {
	deadline := time.Now().Add(limit)
	for {
		left = Marked(entry)
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		for _, pid := range left {
			// It may have ended meanwhile, which is what is wanted.
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(lookAgain)
	}
}
