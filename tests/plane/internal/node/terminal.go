package node

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"podcron.dev/plane/internal/spawn"
)

// openTerminal makes a pseudo terminal: the side that we keep and the one that
// the process gets.
func openTerminal() (ours, theirs *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			ours.Close()
		}
	}()
	if err = unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	theirs, err = os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	return ours, theirs, err
}

func (p *process) startOnTerminal(options processOptions) error {
	ours, theirs, err := openTerminal()
	if err != nil {
		return err
	}
	defer theirs.Close()
	p.command.Stdin, p.command.Stdout, p.command.Stderr = theirs, theirs, theirs
	p.command.SysProcAttr.Setctty = true
	p.command.Env = append(p.command.Env, "TERM=xterm")
	if err := spawn.Start(p.command, syscall.SIGKILL); err != nil {
		ours.Close()
		return err
	}
	p.terminal, p.stdin = ours, ours
	p.copies.Add(1)
	go func() {
		defer p.copies.Done()
		// The read fails (EIO) when the last process has closed its side.
		_, _ = io.Copy(draining(options.stdout), ours)
	}()
	if options.stdin != nil {
		go func() {
			_, _ = io.Copy(ours, options.stdin)
		}()
	}
	return nil
}

// followSize applies the client's window size to the terminal.
func (p *process) followSize(sizes <-chan remotecommand.TerminalSize) {
	if p.terminal == nil || sizes == nil {
		return
	}
	go func() {
		for {
			select {
			case size, open := <-sizes:
				if !open {
					return
				}
				// A size that the kernel refuses changes nothing that matters.
				_ = unix.IoctlSetWinsize(int(p.terminal.Fd()), unix.TIOCSWINSZ,
					&unix.Winsize{Row: size.Height, Col: size.Width})
			case <-p.ended:
				return
			}
		}
	}()
}
