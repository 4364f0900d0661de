package node

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
)

// builtinCommand runs inside the node, without a fork, until it ends or the
// container does.
type builtinCommand func(gone <-chan struct{}, stdout io.Writer) exit

// killed is how a built-in command ends with its container.
var killed = exit{code: 137, signal: "SIGKILL"}

// floodChunk is how much podcron-flood writes at once.
const floodChunk = 16 << 10

// builtin returns the built-in command that argv names, also behind
// `env NAME=VALUE …`, or nil.
func builtin(argv []string) builtinCommand {
	_, rest := splitEnv(argv)
	if len(rest) == 0 {
		return nil
	}
	argument := ""
	if len(rest) > 1 {
		argument = rest[1]
	}
	switch rest[0] {
	case "podcron-noop":
		return func(<-chan struct{}, io.Writer) exit { return exit{} }
	case "podcron-exit":
		code, err := strconv.Atoi(argument)
		if err != nil || code < 0 || code > 255 {
			code = 2
		}
		return func(<-chan struct{}, io.Writer) exit { return exit{code: code} }
	case "podcron-sleep":
		return sleepCommand(argument)
	case "podcron-flood":
		return floodCommand(argument)
	}
	return nil
}

func sleepCommand(argument string) builtinCommand {
	number, err := strconv.ParseFloat(argument, 64)
	if err != nil || number < 0 {
		return func(<-chan struct{}, io.Writer) exit { return exit{code: 2} }
	}
	return func(gone <-chan struct{}, _ io.Writer) exit {
		timer := time.NewTimer(time.Duration(number * float64(time.Second)))
		defer timer.Stop()
		select {
		case <-timer.C:
			return exit{}
		case <-gone:
			return killed
		}
	}
}

func floodCommand(argument string) builtinCommand {
	total, err := strconv.ParseInt(argument, 10, 64)
	if err != nil || total < 0 {
		return func(<-chan struct{}, io.Writer) exit { return exit{code: 2} }
	}
	return func(gone <-chan struct{}, stdout io.Writer) exit {
		chunk := bytes.Repeat([]byte("podcron-flood: some output\n"), floodChunk/27)
		for left := total; left > 0 && stdout != nil; {
			select {
			case <-gone:
				return killed
			default:
			}
			part := chunk[:min(int64(len(chunk)), left)]
			if _, err := stdout.Write(part); err != nil {
				// As a process whose pipe breaks.
				return exit{code: 141, signal: "SIGPIPE"}
			}
			left -= int64(len(part))
		}
		return exit{}
	}
}

// splitEnv takes `env NAME=VALUE … command` apart. Options of env are not
// understood: then nothing is taken apart.
func splitEnv(argv []string) (assignments, rest []string) {
	if len(argv) == 0 || (argv[0] != "env" && !strings.HasSuffix(argv[0], "/env")) {
		return nil, argv
	}
	for index, word := range argv[1:] {
		if strings.HasPrefix(word, "-") {
			return nil, argv
		}
		if !strings.Contains(word, "=") {
			return argv[1 : 1+index], argv[1+index:]
		}
	}
	return argv[1:], nil
}

const (
	runIDVariable   = "PODCRON_RUN_ID"
	attemptVariable = "PODCRON_ATTEMPT"
)

// identity finds the run that a command belongs to: in its own `env` prefix, in
// its environment, in the request's User-Agent (`run/<id>`).
func identity(argv, environment []string, userAgent string) (runID, attempt string) {
	assignments, _ := splitEnv(argv)
	runID, attempt = valueOf(assignments, runIDVariable), valueOf(assignments, attemptVariable)
	if runID == "" {
		runID = valueOf(environment, runIDVariable)
	}
	if attempt == "" {
		attempt = valueOf(environment, attemptVariable)
	}
	if runID == "" {
		for _, word := range strings.Fields(userAgent) {
			if id, ok := strings.CutPrefix(word, "run/"); ok {
				runID = id
			}
		}
	}
	return runID, attempt
}

// valueOf returns the last value of a name in a list of NAME=VALUE.
func valueOf(environment []string, name string) string {
	value := ""
	for _, entry := range environment {
		if found, ok := strings.CutPrefix(entry, name+"="); ok {
			value = found
		}
	}
	return value
}
