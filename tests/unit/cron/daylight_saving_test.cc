// Goal:   the rules for the days on which the clock is changed, for every size of change.
// Method: the days themselves, written out in UTC from the published changes.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

using ::testing::ElementsAre;
using enum DaylightSaving;

std::vector<std::string> times(std::string_view expression, std::string_view zone_name,
                               DaylightSaving mode, std::string_view from, std::size_t count) {
  return next_times(schedule(expression, zone_name, mode), from, count);
}

TEST(BerlinGap, AsCronJobSkipsAFixedTimeInside) {
  EXPECT_THAT(times("30 2 * * *", "Europe/Berlin", kAsCronJob, "2026-03-28T00:00:00Z", 3),
              ElementsAre("2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"));
}

TEST(BerlinGap, OnceRunsAFixedTimeInsideAtTheEndOfTheGap) {
  EXPECT_THAT(times("30 2 * * *", "Europe/Berlin", kOnce, "2026-03-28T00:00:00Z", 3),
              ElementsAre("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"));
}

TEST(BerlinGap, OnceRunsSeveralFixedTimesInsideTogether) {
  EXPECT_THAT(times("0,15,30,45 2 * * *", "Europe/Berlin", kOnce, "2026-03-29T00:00:00Z", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"));
}

TEST(BerlinGap, OnceDoesNotAddARunToAnInstantThatIsDueAnyway) {
  const Schedule both = schedule("0 2,3 * * *", "Europe/Berlin", kOnce);
  EXPECT_THAT(next_times(both, "2026-03-29T00:00:00Z", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"));
  EXPECT_EQ(both.count_in(instant("2026-03-29T00:00:00Z"), instant("2026-03-29T12:00:00Z")), 1);
}

TEST(BerlinGap, OnceKeepsTheSpacingOfAScheduleThatIsNotFixed) {
  for (const auto mode : {kOnce, kAsCronJob}) {
    EXPECT_THAT(times("*/30 2,3 * * *", "Europe/Berlin", mode, "2026-03-29T00:00:00Z", 2),
                ElementsAre("2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"));
    EXPECT_THAT(times("30 * * * *", "Europe/Berlin", mode, "2026-03-29T00:00:00Z", 2),
                ElementsAre("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"));
  }
}

TEST(BerlinOverlap, AsCronJobRunsAFixedTimeTwice) {
  EXPECT_THAT(times("30 2 * * *", "Europe/Berlin", kAsCronJob, "2026-10-24T12:00:00Z", 3),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"));
}

TEST(BerlinOverlap, OnceRunsAFixedTimeAtItsFirstOccurrence) {
  EXPECT_THAT(times("30 2 * * *", "Europe/Berlin", kOnce, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
}

TEST(BerlinOverlap, OnceDoesNotRunASecondTimeWhenAskedBetweenThePasses) {
  EXPECT_THAT(times("30 2 * * *", "Europe/Berlin", kOnce, "2026-10-25T00:45:00Z", 1),
              ElementsAre("2026-10-26T01:30:00Z"));
}

TEST(BerlinOverlap, BothPassesCountForAScheduleThatIsNotFixed) {
  for (const auto mode : {kOnce, kAsCronJob}) {
    EXPECT_THAT(times("*/30 2 * * *", "Europe/Berlin", mode, "2026-10-24T12:00:00Z", 4),
                ElementsAre("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z",
                            "2026-10-25T01:30:00Z"));
  }
}

TEST(NewYork, OneOClockAtNightRunsTwiceAsCronJobAndOnceUnderOnce) {
  EXPECT_THAT(times("0 1 * * *", "America/New_York", kAsCronJob, "2026-10-31T12:00:00Z", 3),
              ElementsAre("2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-02T06:00:00Z"));
  EXPECT_THAT(times("0 1 * * *", "America/New_York", kOnce, "2026-10-31T12:00:00Z", 2),
              ElementsAre("2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z"));
}

TEST(LordHowe, AGapOfHalfAnHourHidesHalfAnHour) {
  // 02:00 becomes 02:30 at 15:30 UTC.
  EXPECT_THAT(times("*/15 * * * *", "Australia/Lord_Howe", kAsCronJob, "2026-10-03T15:14:00Z", 3),
              ElementsAre("2026-10-03T15:15:00Z", "2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z"));
  EXPECT_THAT(times("10,40 2 * * *", "Australia/Lord_Howe", kOnce, "2026-10-03T15:00:00Z", 2),
              ElementsAre("2026-10-03T15:30:00Z", "2026-10-03T15:40:00Z"));
  EXPECT_THAT(times("10,40 2 * * *", "Australia/Lord_Howe", kAsCronJob, "2026-10-03T15:00:00Z", 2),
              ElementsAre("2026-10-03T15:40:00Z", "2026-10-04T15:10:00Z"));
}

TEST(LordHowe, AnOverlapOfHalfAnHourRepeatsHalfAnHour) {
  // 02:00 becomes 01:30 at 15:00 UTC.
  EXPECT_THAT(times("0,45 1 * * *", "Australia/Lord_Howe", kAsCronJob, "2026-04-04T13:30:00Z", 3),
              ElementsAre("2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"));
  EXPECT_THAT(times("0,45 1 * * *", "Australia/Lord_Howe", kOnce, "2026-04-04T13:30:00Z", 3),
              ElementsAre("2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z", "2026-04-05T14:30:00Z"));
}

TEST(Cairo, ADayWithoutMidnightRunsItsMidnightJobUnderOnceOnly) {
  // 00:00 of 24 April becomes 01:00 at 22:00 UTC.
  EXPECT_THAT(times("@daily", "Africa/Cairo", kAsCronJob, "2026-04-22T12:00:00Z", 2),
              ElementsAre("2026-04-22T22:00:00Z", "2026-04-24T21:00:00Z"));
  EXPECT_THAT(times("@daily", "Africa/Cairo", kOnce, "2026-04-22T12:00:00Z", 3),
              ElementsAre("2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"));
}

TEST(Cairo, TheHourBeforeMidnightOccursTwice) {
  // 00:00 of 30 October becomes 23:00 of the 29th at 21:00 UTC.
  EXPECT_THAT(times("30 23 * * *", "Africa/Cairo", kAsCronJob, "2026-10-29T12:00:00Z", 2),
              ElementsAre("2026-10-29T20:30:00Z", "2026-10-29T21:30:00Z"));
  EXPECT_THAT(times("30 23 * * *", "Africa/Cairo", kOnce, "2026-10-29T12:00:00Z", 2),
              ElementsAre("2026-10-29T20:30:00Z", "2026-10-30T21:30:00Z"));
}

TEST(Troll, AGapAndAnOverlapOfTwoHours) {
  // 01:00 becomes 03:00 on 29 March and 03:00 becomes 01:00 on 25 October, both at 01:00 UTC.
  EXPECT_THAT(times("0,59 1,2 * * *", "Antarctica/Troll", kOnce, "2026-03-29T00:30:00Z", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-29T23:00:00Z"));
  EXPECT_THAT(times("30 1,2 * * *", "Antarctica/Troll", kAsCronJob, "2026-10-24T12:00:00Z", 5),
              ElementsAre("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
                          "2026-10-25T02:30:00Z", "2026-10-26T01:30:00Z"));
  EXPECT_THAT(times("30 1,2 * * *", "Antarctica/Troll", kOnce, "2026-10-24T12:00:00Z", 3),
              ElementsAre("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
}

TEST(Apia, TheDayThatWasLeftOutRunsOnceAtItsEndUnderOnceOnly) {
  // 30 December 2011 did not take place: 29 December ended at 10:00 UTC of the 30th.
  EXPECT_THAT(times("0 6,18 * * *", "Pacific/Apia", kAsCronJob, "2011-12-29T17:00:00Z", 3),
              ElementsAre("2011-12-30T04:00:00Z", "2011-12-30T16:00:00Z", "2011-12-31T04:00:00Z"));
  EXPECT_THAT(times("0 6,18 * * *", "Pacific/Apia", kOnce, "2011-12-29T17:00:00Z", 3),
              ElementsAre("2011-12-30T04:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T16:00:00Z"));
  EXPECT_THAT(times("0 0 30 12 *", "Pacific/Apia", kAsCronJob, "2011-01-01T00:00:00Z", 1),
              ElementsAre("2012-12-29T10:00:00Z"));
}

TEST(Kwajalein, TheDayThatWasLeftOutIn1993) {
  EXPECT_THAT(times("0 12 * * *", "Pacific/Kwajalein", kAsCronJob, "1993-08-20T12:00:00Z", 2),
              ElementsAre("1993-08-21T00:00:00Z", "1993-08-22T00:00:00Z"));
  EXPECT_THAT(times("0 12 * * *", "Pacific/Kwajalein", kOnce, "1993-08-20T12:00:00Z", 3),
              ElementsAre("1993-08-21T00:00:00Z", "1993-08-21T12:00:00Z", "1993-08-22T00:00:00Z"));
}

// A zone at UTC that takes up each offset (in seconds) at its instant.
TimeZone made_zone(const std::vector<std::pair<std::string, int>>& changes) {
  const auto big_endian = [](std::int64_t value, int bytes) {
    std::string out;
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xFF);
    return out;
  };
  const auto header = [&](std::size_t times, std::size_t types, std::size_t letters) {
    std::string out = "TZif2" + std::string(15, '\0') + std::string(12, '\0');
    for (const std::size_t count : {times, types, letters}) {
      out += big_endian(static_cast<std::int64_t>(count), 4);
    }
    return out;
  };
  std::string tzif = header(0, 0, 0) + header(changes.size(), changes.size() + 1, 2);
  for (const auto& [at, offset] : changes) {
    tzif += big_endian(instant(at).time_since_epoch().count(), 8);
  }
  for (std::size_t i = 1; i <= changes.size(); ++i) tzif += static_cast<char>(i);
  tzif += std::string(6, '\0');  // UTC
  for (const auto& [at, offset] : changes) tzif += big_endian(offset, 4) + std::string(2, '\0');
  tzif += std::string("X\0\n\n", 4);
  const auto made = ZoneDatabase::make("made", {{"Made", tzif}})->find("Made");
  EXPECT_TRUE(made.has_value());
  return made.value_or(TimeZone());
}

TEST(SeveralChangesInOneHour, OnceRunsEachTimeWhenTheClockFirstReachesIt) {
  // The clock shows 11:00 instead of 12:00 and, 20 minutes later, 11:30 instead of 11:20.
  const TimeZone back_then_forward =
      made_zone({{"2026-06-01T12:00:00Z", -3600}, {"2026-06-01T12:20:00Z", -3000}});
  const char* expression = "5,25,45 11,12 1 6 *";
  const Schedule once = Schedule::parse(expression, back_then_forward, kOnce).value();
  const std::vector<std::string> times{"2026-06-01T11:05:00Z", "2026-06-01T11:25:00Z",
                                       "2026-06-01T11:45:00Z", "2026-06-01T12:55:00Z",
                                       "2026-06-01T13:15:00Z", "2026-06-01T13:35:00Z"};
  EXPECT_EQ(next_times(once, "2026-06-01T00:00:00Z", 6), times);
  for (const char* between : {"2026-06-01T12:10:00Z", "2026-06-01T12:20:00Z"}) {
    EXPECT_THAT(next_times(once, between, 1), ElementsAre("2026-06-01T12:55:00Z"));
    EXPECT_EQ(once.latest_in(instant("2026-06-01T11:45:00Z"), instant(between)), std::nullopt);
    EXPECT_EQ(once.count_in(instant("2026-06-01T00:00:00Z"), instant(between)), 3);
  }
  const Schedule twice = Schedule::parse(expression, back_then_forward, kAsCronJob).value();
  EXPECT_THAT(next_times(twice, "2026-06-01T11:50:00Z", 3),
              ElementsAre("2026-06-01T12:05:00Z", "2026-06-01T12:35:00Z", "2026-06-01T12:55:00Z"));
}

TEST(NeverUnderAsCronJob, ATimeThatIsAlwaysInTheGapIsNotFoundAndDoesNotHang) {
  EXPECT_THAT(times("30 2 * 3 sunL", "Europe/Berlin", kAsCronJob, "2026-01-01T00:00:00Z", 1),
              ElementsAre());
  EXPECT_THAT(times("30 2 * 3 sunL", "Europe/Berlin", kOnce, "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2027-03-28T01:00:00Z"));
}

TEST(Fixed, IsWhatBeginsWithNoStarInSecondMinuteAndHour) {
  for (const char* fixed : {"0 3 * * *", "0-59/5 3 * * *", "0 1/2 * * *", "5 0 3 * * ?", "@daily",
                            "@yearly", "H H * * *", "1,*/5 3 * * *"}) {
    EXPECT_TRUE(schedule(fixed).is_fixed()) << fixed;
  }
  for (const char* wild : {"*/5 3 * * *", "0 * * * *", "0 ? * * *", "*/7 0 3 * * *", "@hourly",
                           "*,5 3 * * *", ",*/5 3 * * *", "@every 24h"}) {
    EXPECT_FALSE(schedule(wild).is_fixed()) << wild;
  }
}

TEST(Every, CountsFromTheUnixEpochWhateverTheZoneDoes) {
  EXPECT_THAT(times("@every 90s", "Europe/Berlin", kOnce, "2026-03-29T00:58:30Z", 3),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-29T01:01:30Z", "2026-03-29T01:03:00Z"));
  const Schedule day = schedule("@every 24h", "America/New_York");
  EXPECT_THAT(next_times(day, "1969-12-30T12:00:00Z", 3),
              ElementsAre("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"));
  EXPECT_EQ(day.count_in(instant("1969-12-30T12:00:00Z"), instant("1970-01-02T00:00:00Z")), 3);
  EXPECT_EQ(day.latest_in(instant("1969-12-30T12:00:00Z"), instant("1969-12-31T23:59:59Z")),
            instant("1969-12-31T00:00:00Z"));
  EXPECT_EQ(day.latest_in(instant("1970-01-01T00:00:00Z"), instant("1970-01-01T23:59:59Z")),
            std::nullopt);
}

}  // namespace
}  // namespace podcron::test
