package main

import (
	"fmt"
	"math/bits"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// The answers are compared only where no clock is changed within this time of them: what happens
// on such days is podcron's own contract. No change is by more than a day.
const aroundChange = 26 * time.Hour

// podcron finds no times after this.
const lastYear = 2199

// Six fields with seconds first are podcron's addition; robfig has a parser for them, too.
var withSeconds = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// What podcron takes from Quartz and Jenkins, one item of a list: L, L-3, 15W, LW, friL, fri#2,
// H, H(1-5), H/5. Nothing else may be accepted that robfig refuses.
var addition = regexp.MustCompile(`(?i)^l(-\d+)?$|^(l|\+?\d+)w$|^(\+?\d+|[a-z]{3})(l|#\+?\d+)$|^h(\(.*\))?(/\+?\d+)?$`)

type verdict struct {
	difference string // in words, or empty
	compared   bool
	impossible bool
	nearChange bool
}

func judge(asked question) verdict {
	schedule, standard := parse(asked.expression)
	if text := unexpected(asked, standard); text != "" {
		return verdict{difference: text}
	}
	if excluded(asked.expression) {
		return verdict{}
	}
	podcronRefuses := asked.asCronJob == refused
	if podcronRefuses != (asked.once == refused) {
		return verdict{difference: "podcron refuses it in one mode of daylight saving only"}
	}
	switch {
	case schedule == nil && podcronRefuses:
		return verdict{}
	case schedule == nil:
		if hasAddition(asked.expression) {
			return verdict{}
		}
		return verdict{difference: "podcron accepts it, robfig refuses it"}
	case podcronRefuses:
		if isImpossible(schedule) || !isASCII(strings.Join(strings.Fields(asked.expression), "")) {
			return verdict{impossible: true}
		}
		return verdict{difference: "podcron refuses it, robfig accepts it"}
	}
	return compare(asked, schedule)
}

// parse answers nil for what robfig refuses; standard says whether its CronJob parser accepts.
func parse(expression string) (schedule *cron.SpecSchedule, standard bool) {
	// A zone prefix without a blank after it makes robfig panic.
	if strings.Contains(expression, "TZ=") && !strings.Contains(expression, " ") {
		return nil, false
	}
	parsed, err := cron.ParseStandard(expression)
	standard = err == nil
	if err != nil {
		parsed, err = withSeconds.Parse(expression)
	}
	if err != nil {
		return nil, standard
	}
	schedule, _ = parsed.(*cron.SpecSchedule)
	return schedule, standard
}

// unexpected compares who accepts a kept expression with what its line says.
func unexpected(asked question, standard bool) string {
	if asked.expected == "random" {
		return ""
	}
	found := "neither"
	switch {
	case standard && asked.asCronJob != refused:
		found = "both"
	case standard:
		found = "robfig"
	case asked.asCronJob != refused:
		found = "podcron"
	}
	if found == asked.expected {
		return ""
	}
	return fmt.Sprintf("accepted by %s, the corpus says %s", found, asked.expected)
}

// excluded are the forms whose meaning differs on purpose.
func excluded(expression string) bool {
	return strings.HasPrefix(expression, "@every ") || strings.HasPrefix(expression, "TZ=") ||
		strings.HasPrefix(expression, "CRON_TZ=")
}

func hasAddition(expression string) bool {
	for _, field := range strings.Fields(expression) {
		for item := range strings.SplitSeq(field, ",") {
			if addition.MatchString(item) {
				return true
			}
		}
	}
	return false
}

// robfig lowers names by Unicode's rules, so that the Turkish capital in "FRİ" passes for an I.
func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0
}

const starBit = 1 << 63

// isImpossible is true if a field has no value or if the day exists in none of the months.
func isImpossible(schedule *cron.SpecSchedule) bool {
	for _, field := range []uint64{
		schedule.Second, schedule.Minute, schedule.Hour, schedule.Dom, schedule.Month, schedule.Dow,
	} {
		if field&^starBit == 0 {
			return true
		}
	}
	if schedule.Dow&starBit == 0 && schedule.Dom&starBit == 0 {
		return false // the day of the week alone will do
	}
	first := bits.TrailingZeros64(schedule.Dom &^ starBit)
	for month := time.January; month <= time.December; month++ {
		// Day 0 of the next month is the last of this one; 2024 has a 29 February.
		longest := time.Date(2024, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
		if schedule.Month&(1<<uint(month)) != 0 && first <= longest {
			return false
		}
	}
	return true
}

func compare(asked question, schedule *cron.SpecSchedule) verdict {
	zone, err := loadZone(asked.zone)
	if err != nil {
		return verdict{difference: err.Error()}
	}
	instant := time.Unix(asked.instant, 0).In(zone)
	if monthOf(instant).Add(-aroundChange).Before(dayLeftOut(zone)) {
		return verdict{nearChange: true}
	}
	want := next(schedule, instant)
	for _, got := range []answer{asked.asCronJob, asked.once} {
		if got == want {
			continue
		}
		if isExcused(asked, schedule, zone, want, got) {
			return verdict{nearChange: true}
		}
		return verdict{difference: fmt.Sprintf("podcron says %v (Once: %v), robfig %v",
			asked.asCronJob, asked.once, want)}
	}
	return verdict{compared: true}
}

// next asks robfig again where it gives up, which is after five years.
func next(schedule *cron.SpecSchedule, instant time.Time) answer {
	for instant.Year() <= lastYear {
		found := schedule.Next(instant)
		if found.IsZero() {
			instant = time.Date(instant.Add(time.Second).Year()+6, 1, 1, 0, 0, 0, 0, instant.Location()).
				Add(-time.Second)
			continue
		}
		if found.UTC().Year() > lastYear {
			break
		}
		return answer(found.Unix())
	}
	return never
}

// isExcused is true if the two differ about the day of a change: one names an instant near a change
// and the other does not. Which one is right there is for the unit tests to say.
func isExcused(asked question, schedule *cron.SpecSchedule, zone *time.Location, want, got answer) bool {
	earlier := min(want, got)
	if earlier == never {
		earlier = max(want, got)
	}
	instant := time.Unix(int64(earlier), 0).In(zone)
	if isNearChange(instant) {
		return true
	}
	// robfig goes from day to day through midnights, from the first of the month in which it is asked.
	// One that does not exist throws it off for weeks or into a month that is not scheduled. Asked
	// again on this side of the change, it must agree with podcron.
	after := time.Unix(asked.instant, 0).In(zone)
	_, unchanged := monthOf(after).Add(-aroundChange).ZoneBounds()
	if unchanged.IsZero() || unchanged.After(instant) {
		return false
	}
	if earlier == want {
		return next(schedule, instant.Add(-time.Second)) != want
	}
	begin := monthOf(instant).Add(-time.Second)
	if isNearChange(begin) {
		begin = begin.Add(aroundChange)
	}
	if begin.After(after) {
		after = begin
	}
	return next(schedule, after) == got
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

func isNearChange(instant time.Time) bool {
	begin, end := instant.ZoneBounds()
	return !begin.IsZero() && instant.Sub(begin) <= aroundChange ||
		!end.IsZero() && end.Sub(instant) <= aroundChange
}

// dayLeftOut is when the zone last left out a whole day, as Kiribati did at the end of 1994 and Samoa
// at the end of 2011; the zero time if it never did since 1979. A robfig that comes to such a day
// looks for its midnight for ever.
func dayLeftOut(zone *time.Location) time.Time {
	if at, known := daysLeftOut[zone]; known {
		return at
	}
	var found time.Time
	at := time.Date(1979, 1, 1, 0, 0, 0, 0, zone)
	for at.Year() < 2040 {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		_, before := end.Add(-time.Second).Zone()
		_, after := end.Zone()
		if after-before >= 24*60*60 {
			found = end
		}
		at = end
	}
	daysLeftOut[zone] = found
	return found
}

var daysLeftOut = map[*time.Location]time.Time{}

var zones = map[string]*time.Location{}

// loadZone reads the system's tzdata, as podcron's side does.
func loadZone(name string) (*time.Location, error) {
	if zone, known := zones[name]; known {
		return zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones[name] = zone
	}
	return zone, err
}

func utc(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
