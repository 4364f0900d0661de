// Answers the questions that differential_questions asked podcron with robfig/cron, the library
// that Kubernetes' CronJob uses, and compares. Knows nothing of podcron but the lines it reads.
//
// Usage: differential SEED <LINES      (the seed is only printed)
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// After this many there is nothing new to be learned.
const shownMax = 20

// The slowest answers take 20 ms. A robfig that searches for ever cannot be stopped, only left.
const answerMax = 30 * time.Second

// Whoever asks fewer questions than were ordered must not pass for one who found no difference.
const randomMin = 100_000

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: differential SEED <LINES")
		os.Exit(2)
	}
	tally, err := judgeAll(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
	fmt.Printf("differential: %d random and %d kept questions, seed %s: %d compared times, %d refused by both\n",
		tally.random, tally.kept, os.Args[1], tally.compared, tally.refused)
	fmt.Printf("differential: %d about impossible dates and empty lists, %d near a change of the clock, %d differences\n",
		tally.impossible, tally.nearChange, tally.differences)
	if tally.differences > 0 {
		fmt.Printf("differential: to ask again: tests/differential/run %s\n", os.Args[1])
	}
	if tally.random < randomMin {
		fmt.Printf("differential: wanted at least %d random questions\n", randomMin)
	}
	if tally.differences > 0 || tally.random < randomMin {
		os.Exit(1)
	}
}

type tally struct {
	random, kept                              int
	compared, refused, impossible, nearChange int
	differences                               int
}

func judgeAll(lines io.Reader, out io.Writer) (tally, error) {
	var sum tally
	// Not a Scanner: that would take a carriage return, which is a blank, for part of the line end.
	reader := bufio.NewReader(lines)
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF && line == "" {
			return sum, nil
		}
		if err != nil {
			return sum, fmt.Errorf("reading a question: %w", err)
		}
		asked, err := parseQuestion(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return sum, err
		}
		if asked.expected == "random" {
			sum.random++
		} else {
			sum.kept++
		}
		watchdog := time.AfterFunc(answerMax, func() {
			fmt.Fprintf(out, "differential: %q in %s after %d: robfig does not come back\n",
				asked.expression, asked.zone, asked.instant)
			os.Exit(1)
		})
		verdict := judge(asked)
		watchdog.Stop()
		switch {
		case verdict.difference != "":
			sum.differences++
			if sum.differences <= shownMax {
				fmt.Fprintf(out, "differential: %q in %s after %d: %s\n",
					asked.expression, asked.zone, asked.instant, verdict.difference)
			}
		case verdict.nearChange:
			sum.nearChange++
		case verdict.impossible:
			sum.impossible++
		case verdict.compared:
			sum.compared++
		default:
			sum.refused++
		}
	}
}

// What podcron said about one expression, zone and instant.
type question struct {
	expected        string // "random", or which of the two programs accept a kept expression
	zone            string
	instant         int64
	asCronJob, once answer
	expression      string
}

// answer is the first scheduled time in Unix seconds, never or refused.
type answer int64

const (
	never   answer = -1 << 62
	refused answer = never + 1
)

func (a answer) String() string {
	switch a {
	case never:
		return "never"
	case refused:
		return "refused"
	}
	return utc(int64(a))
}

func parseQuestion(line string) (question, error) {
	texts := strings.SplitN(line, "\x1f", 6)
	if len(texts) != 6 {
		return question{}, fmt.Errorf("not a question: %q", line)
	}
	instant, err := strconv.ParseInt(texts[2], 10, 64)
	if err != nil {
		return question{}, fmt.Errorf("not an instant in %q: %w", line, err)
	}
	asked := question{expected: texts[0], zone: texts[1], instant: instant, expression: texts[5]}
	if asked.asCronJob, err = parseAnswer(texts[3]); err != nil {
		return question{}, fmt.Errorf("not an answer in %q: %w", line, err)
	}
	if asked.once, err = parseAnswer(texts[4]); err != nil {
		return question{}, fmt.Errorf("not an answer in %q: %w", line, err)
	}
	return asked, nil
}

func parseAnswer(text string) (answer, error) {
	switch text {
	case "never":
		return never, nil
	case "refused":
		return refused, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return answer(seconds), err
}
