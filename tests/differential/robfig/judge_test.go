// Goal:   a wrong answer is called a difference; the documented exceptions are not.
// Method: lines as podcron's side writes them, right and forged.
package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func verdictOn(t *testing.T, expected, zone, after, asCronJob, once, expression string) verdict {
	t.Helper()
	seconds := func(text string) string {
		if text == "never" || text == "refused" {
			return text
		}
		return unix(t, text)
	}
	asked, err := parseQuestion(strings.Join([]string{
		expected, zone, unix(t, after), seconds(asCronJob), seconds(once), expression,
	}, "\x1f"))
	if err != nil {
		t.Fatal(err)
	}
	return judge(asked)
}

func unix(t *testing.T, text string) string {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(instant.Unix(), 10)
}

func TestARightAnswerIsCompared(t *testing.T) {
	got := verdictOn(t, "random", "Europe/Berlin", "2026-01-01T00:00:00Z",
		"2026-01-01T02:00:00Z", "2026-01-01T02:00:00Z", "0 3 * * *")
	if !got.compared || got.difference != "" {
		t.Errorf("got %+v", got)
	}
}

func TestAWrongAnswerInEitherModeIsADifference(t *testing.T) {
	right, late, early := "2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-01T01:59:00Z"
	for _, answers := range [][2]string{
		{late, right}, {right, late}, {early, right}, {right, "never"}, {"never", "never"},
		{"refused", right}, {"refused", "refused"},
	} {
		got := verdictOn(t, "random", "Europe/Berlin", "2026-01-01T00:00:00Z", answers[0], answers[1], "0 3 * * *")
		if got.difference == "" {
			t.Errorf("%v: no difference", answers)
		}
	}
}

func TestADifferenceIsExcusedOnTheDayOfAChangeOnly(t *testing.T) {
	inTheGap := verdictOn(t, "random", "Europe/Berlin", "2026-03-28T12:00:00Z",
		"2026-03-30T00:30:00Z", "2026-03-29T01:00:00Z", "30 2 * * *")
	if !inTheGap.nearChange || inTheGap.difference != "" {
		t.Errorf("got %+v", inTheGap)
	}
	// A change lies between, but not where the answers differ.
	later := verdictOn(t, "random", "Europe/Berlin", "2026-03-28T12:00:00Z",
		"2026-07-02T00:30:00Z", "2026-07-02T00:30:00Z", "30 2 1 7 *")
	if later.difference == "" {
		t.Errorf("got %+v", later)
	}
	tooEarly := verdictOn(t, "random", "Europe/Berlin", "2026-03-28T12:00:00Z",
		"2026-06-29T00:30:00Z", "2026-06-29T00:30:00Z", "30 2 1 7 *")
	if tooEarly.difference == "" {
		t.Errorf("got %+v", tooEarly)
	}
}

func TestOnlyAnAdditionMayBeAcceptedThatRobfigRefuses(t *testing.T) {
	for expression, allowed := range map[string]bool{
		"0 3 L * *": true, "0 3 l-3 * *": true, "0 3 15W,LW * *": true, "0 3 * * friL": true, "0 3 * * 5#2": true,
		"H H(0-7) * * *": true, "H/15 * * * *": true, "0 3 * * 7": false, "0 3 * * monday": false,
		"0 24 * * *": false, "0 3 * jul1 *": false, "@Daily": false,
	} {
		got := verdictOn(t, "random", "UTC", "2026-01-01T00:00:00Z",
			"2026-01-31T03:00:00Z", "2026-01-31T03:00:00Z", expression)
		if (got.difference == "") != allowed {
			t.Errorf("%s: %+v", expression, got)
		}
	}
}

func TestOnlyImpossibleDatesAndEmptyListsMayBeRefusedThatRobfigAccepts(t *testing.T) {
	for expression, allowed := range map[string]bool{
		"0 0 30 2 *": true, "0 0 31 4,6 ?": true, "0 0 30 2 */1": true, ", * * * *": true,
		"0 0 30 2 */2": false, "0 0 29 2 *": false, "0 0 31 4,5 *": false, "0 0 30 2 mon": false,
		"0 0 30,3 2 *": false,
	} {
		got := verdictOn(t, "random", "UTC", "2026-01-01T00:00:00Z", "refused", "refused", expression)
		if got.impossible != allowed || (got.difference == "") != allowed {
			t.Errorf("%s: %+v", expression, got)
		}
	}
}

func TestAKeptExpressionIsAcceptedByWhomItsLineSays(t *testing.T) {
	for _, expected := range []string{"both", "podcron", "robfig", "neither"} {
		got := verdictOn(t, expected, "UTC", "2026-01-01T00:00:00Z",
			"2026-01-01T03:00:00Z", "2026-01-01T03:00:00Z", "0 3 * * *")
		if (got.difference == "") != (expected == "both") {
			t.Errorf("%s: %+v", expected, got)
		}
	}
}

func TestRobfigIsAskedAgainWhereAMonthWithoutItsFirstMidnightThrewItOff(t *testing.T) {
	// In Amman 1 April 1994 began at 01:00; robfig goes on from there to 01:00 of 1 September.
	got := verdictOn(t, "random", "Asia/Amman", "1994-04-13T10:46:05Z",
		"1994-08-31T21:00:00Z", "1994-08-31T21:00:00Z", "* * * 9 *")
	if !got.nearChange || got.difference != "" {
		t.Errorf("got %+v", got)
	}
	for _, wrong := range []string{"1994-08-31T21:01:00Z", "1994-08-31T22:01:00Z", "1994-08-31T20:59:00Z"} {
		got = verdictOn(t, "random", "Asia/Amman", "1994-04-13T10:46:05Z", wrong, wrong, "* * * 9 *")
		if got.difference == "" {
			t.Errorf("%s: no difference", wrong)
		}
	}
}

func TestRobfigIsAskedAgainWhereItAnswersInAMonthThatIsNotScheduled(t *testing.T) {
	// 1 April 2005 began at 01:00 in Amman, and robfig did not see March end.
	got := verdictOn(t, "random", "Asia/Amman", "2005-03-30T23:00:00Z",
		"2005-11-29T16:00:00Z", "2005-11-29T16:00:00Z", "0 18 29,30 11,3 *")
	if !got.nearChange || got.difference != "" {
		t.Errorf("got %+v", got)
	}
	late := verdictOn(t, "random", "Asia/Amman", "2005-04-10T23:00:00Z",
		"2005-11-29T16:01:00Z", "2005-11-29T16:01:00Z", "0 18 29,30 11,3 *")
	if late.difference == "" {
		t.Errorf("got %+v", late)
	}
}

func TestRobfigIsNotAskedToCrossADayThatWasLeftOut(t *testing.T) {
	// There was no 31 December 1994 in Kiribati's east, and robfig never comes past it.
	got := verdictOn(t, "random", "Pacific/Enderbury", "1994-12-30T05:05:29Z",
		"1995-11-01T11:00:00Z", "1995-11-01T11:00:00Z", "0 0 2 11 *")
	if !got.nearChange || got.difference != "" {
		t.Errorf("got %+v", got)
	}
	got = verdictOn(t, "random", "Pacific/Enderbury", "1995-03-01T00:00:00Z",
		"1995-11-01T11:00:00Z", "1995-11-01T11:00:00Z", "0 0 2 11 *")
	if !got.compared {
		t.Errorf("got %+v", got)
	}
}

func TestLeapDaysAreFoundWhereRobfigGivesUpAfterFiveYears(t *testing.T) {
	got := verdictOn(t, "random", "UTC", "2096-03-01T00:00:00Z",
		"2104-02-29T00:00:00Z", "2104-02-29T00:00:00Z", "0 0 29 2 *")
	if !got.compared {
		t.Errorf("got %+v", got)
	}
}
