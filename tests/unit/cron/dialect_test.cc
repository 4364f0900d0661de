// Goal:   every form of the dialect means what Schedule::parse says it means.
// Method: two expressions that must name the same times, or the first times written out.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cron/zone_files.h"
#include "unit/even_spread.h"

namespace podcron::test {
namespace {

using ::testing::ElementsAre;

struct Pair {
  const char* expression;
  const char* meaning;
};

// The same times over three years, of which one is a leap year.
void expect_same(const Pair& pair, std::string_view identity = "shop/digest") {
  const Schedule one = schedule(pair.expression, "UTC", DaylightSaving::kAsCronJob, identity);
  const Schedule other = schedule(pair.meaning, "UTC", DaylightSaving::kAsCronJob, identity);
  const WallTime end = instant("2026-12-31T23:59:59Z");
  const WallTime begin = instant("2023-12-31T23:59:59Z");
  EXPECT_EQ(one.count_in(begin, end), other.count_in(begin, end)) << pair.expression;
  WallTime at = begin;
  for (int i = 0; i < 200; ++i) {
    const auto next = one.next_after(at);
    ASSERT_EQ(next, other.next_after(at)) << pair.expression << " after " << to_rfc3339(at);
    if (!next) break;
    at = *next;
  }
}

TEST(Dialect, WhatRobfigsStandardParserAcceptsMeansTheSame) {
  const Pair kPairs[] = {
      {"? ? ? ? ?", "* * * * *"},
      {"*/1 * * * *", "* * * * *"},
      {"5/15 * * * *", "5-59/15 * * * *"},
      {"0 0 * * SUN", "0 0 * * 0"},
      {"0 0 * JAN-Mar,dec MON-fri", "0 0 * 1-3,12 1-5"},
      {"0 0 * * mon/2", "0 0 * * 1,3,5"},
      {"0 0 * * mon-5", "0 0 * * 1-5"},
      {"1,,2 3 * * *", "1,2 3 * * *"},
      {",7, 3 * * *", "7 3 * * *"},
      {"+5 +3-+4 * * *", "5 3-4 * * *"},
      {"007 03 * * *", "7 3 * * *"},
      {"*-5 3 * * *", "* 3 * * *"},
      {"?-x/20 3 * * *", "*/20 3 * * *"},
      {"*/100000 3 * * *", "0 3 * * *"},
      {"*/99999999999999999 3 * * *", "0 3 * * *"},
      {"*/+009223372036854775807 3 * * *", "0 3 * * *"},
      {"0 3 *-15W * *-fri#2", "0 3 * * *"},
      {"0 3 ?-L * ?-5L", "0 3 * * *"},
      {"5,5,5-6 3 * * *", "5,6 3 * * *"},
      {"\t0\v3 \f *\r*\n* ", "0 3 * * *"},
      {"0\u00A03\u2003*\u3000* *", "0 3 * * *"},
      {"@hourly", "0 * * * *"},
      {"@daily", "0 0 * * *"},
      {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},
      {"@monthly", "0 0 1 * *"},
      {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"},
  };
  for (const Pair& pair : kPairs) expect_same(pair);
}

TEST(Dialect, BothDayFieldsRestrictedMeansEither) {
  EXPECT_THAT(next_times(schedule("0 0 13 * fri"), "2026-02-01T00:00:00Z", 5),
              ElementsAre("2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z",
                          "2026-02-27T00:00:00Z", "2026-03-06T00:00:00Z"));
  // A step of more than 1 restricts: odd days or Mondays.
  EXPECT_THAT(next_times(schedule("0 0 */2 * mon"), "2026-02-01T12:00:00Z", 4),
              ElementsAre("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "2026-02-05T00:00:00Z",
                          "2026-02-07T00:00:00Z"));
}

TEST(Dialect, AStarInEitherDayFieldLeavesTheDayToTheOther) {
  for (const char* star : {"*", "?", "*/1", "*,5", "*-3"}) {
    expect_same({("0 0 " + std::string(star) + " * mon").c_str(), "0 0 * * 1"});
    expect_same({("0 0 13 * " + std::string(star)).c_str(), "0 0 13 * *"});
  }
  // A full range restricts, as robfig has it: every day or Monday is every day.
  expect_same({"0 0 1-31 * mon", "0 0 * * *"});
  expect_same({"0 0 13 * 0-6", "0 0 * * *"});
}

TEST(Dialect, SixFieldsBeginWithTheSecond) {
  EXPECT_THAT(next_times(schedule("*/20 30 2 * * *"), "2026-02-01T00:00:00Z", 4),
              ElementsAre("2026-02-01T02:30:00Z", "2026-02-01T02:30:20Z", "2026-02-01T02:30:40Z",
                          "2026-02-02T02:30:00Z"));
  expect_same({"0 30 2 * * ?", "30 2 * * *"});
}

TEST(Dialect, LIsTheLastDayAndLMinusNCountsBackFromIt) {
  EXPECT_THAT(next_times(schedule("0 0 L * *"), "2027-12-31T00:00:00Z", 3),
              ElementsAre("2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"));
  EXPECT_THAT(next_times(schedule("0 0 l-3 * ?"), "2027-01-31T00:00:00Z", 2),
              ElementsAre("2027-02-25T00:00:00Z", "2027-03-28T00:00:00Z"));
  // Thirty days before the last exist in long months only.
  EXPECT_THAT(next_times(schedule("0 0 L-30 * ?"), "2027-01-31T00:00:00Z", 2),
              ElementsAre("2027-03-01T00:00:00Z", "2027-05-01T00:00:00Z"));
  expect_same({"0 0 L-0,15 * *", "0 0 15,L * *"});
}

TEST(Dialect, WIsTheNearestMondayToFridayInTheSameMonth) {
  // 15 August 2026 is a Saturday, 15 November a Sunday.
  EXPECT_THAT(next_times(schedule("0 0 15W 8,11 *"), "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-08-14T00:00:00Z", "2026-11-16T00:00:00Z"));
  // 1 August 2026 is a Saturday, 31 May 2026 a Sunday: the month is not left.
  EXPECT_THAT(next_times(schedule("0 0 1W 8 *"), "2026-01-01T00:00:00Z", 1),
              ElementsAre("2026-08-03T00:00:00Z"));
  // There is no 31 April, although the day after the 30th is a Saturday in 2027.
  EXPECT_THAT(next_times(schedule("0 0 31W 4,5 *"), "2027-01-01T00:00:00Z", 1),
              ElementsAre("2027-05-31T00:00:00Z"));
  EXPECT_THAT(next_times(schedule("0 0 31w,LW 4-5 *"), "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-04-30T00:00:00Z", "2026-05-29T00:00:00Z"));
}

TEST(Dialect, SharpIsTheNthAndLTheLastWeekdayOfTheMonth) {
  EXPECT_THAT(next_times(schedule("0 0 * * fri#2"), "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-09T00:00:00Z", "2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z"));
  EXPECT_THAT(next_times(schedule("0 0 * * 0#5"), "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-03-29T00:00:00Z", "2026-05-31T00:00:00Z"));
  EXPECT_THAT(next_times(schedule("0 0 ? * 5L,mon#1"), "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-05T00:00:00Z", "2026-01-30T00:00:00Z", "2026-02-02T00:00:00Z"));
  // A fifth Monday in February: once in 28 years, and not in 2100.
  EXPECT_THAT(next_times(schedule("0 0 * 2 1#5"), "2026-01-01T00:00:00Z", 3),
              ElementsAre("2044-02-29T00:00:00Z", "2072-02-29T00:00:00Z", "2112-02-29T00:00:00Z"));
}

TEST(Dialect, TheTwentyNinthOfFebruaryIsFoundOverACenturyWithoutOne) {
  EXPECT_THAT(next_times(schedule("0 0 29 2 *", "Europe/Berlin"), "2093-01-01T00:00:00Z", 2),
              ElementsAre("2096-02-28T23:00:00Z", "2104-02-28T23:00:00Z"));
}

TEST(Dialect, EveryTakesGoDurations) {
  const auto period = [](const char* expression) {
    const auto two = next_times(schedule(expression), "2026-01-01T00:00:00Z", 2);
    return (instant(two[1]) - instant(two[0])).count();
  };
  EXPECT_EQ(period("@every 90s"), 90);
  EXPECT_EQ(period("@every 1h30m"), 5400);
  EXPECT_EQ(period("@every 1.5h"), 5400);
  EXPECT_EQ(period("@every +.5m"), 30);
  EXPECT_EQ(period("@every 1m1m"), 120);
  EXPECT_EQ(period("@every 2s999ms"), 2) << "robfig cuts fractions of a second off";
  EXPECT_EQ(period("@every 1500us500\xC2\xB5s"), 1) << "robfig's shortest";
  EXPECT_EQ(period("@every 1ns"), 1);
}

TEST(Hash, IsFixedForOneObjectAndItsValueIsAPromise) {
  // Golden: a change here moves the times of every PodCronJob that uses H.
  EXPECT_THAT(next_times(schedule("H H * * *"), "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-01-01T09:31:00Z", "2026-01-02T09:31:00Z"));
  EXPECT_THAT(next_times(schedule("H/15 * * * *"), "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-01-01T00:01:00Z", "2026-01-01T00:16:00Z"));
}

TEST(Hash, StaysInsideItsRange) {
  for (int i = 0; i < 200; ++i) {
    const std::string identity = "shop/digest-" + std::to_string(i);
    const WallTime first =
        *schedule("H(50-59) h(0-3) H H(jun-aug) *", "UTC", DaylightSaving::kAsCronJob, identity)
             .next_after(instant("2026-01-01T00:00:00Z"));
    const auto date = std::chrono::floor<std::chrono::days>(first);
    const std::chrono::year_month_day calendar(date);
    const auto minute_of_day = (first - date).count() / 60;
    EXPECT_LE(minute_of_day / 60, 3);
    EXPECT_GE(minute_of_day % 60, 50);
    EXPECT_LE(static_cast<unsigned>(calendar.day()), 28U) << "every month has it";
    EXPECT_GE(static_cast<unsigned>(calendar.month()), 6U);
    EXPECT_LE(static_cast<unsigned>(calendar.month()), 8U);
  }
}

TEST(Hash, WithAStepStartsInTheFirstStepAndKeepsTheDistance) {
  for (int i = 0; i < 100; ++i) {
    const std::string identity = "shop/digest-" + std::to_string(i);
    const auto count = [&](const char* expression) {
      return schedule(expression, "UTC", DaylightSaving::kAsCronJob, identity)
          .count_in(instant("2026-01-01T00:59:59Z"), instant("2026-01-01T01:59:59Z"));
    };
    EXPECT_EQ(count("H/15 * * * *"), 4);
    EXPECT_EQ(count("H(0-29)/10 * * * *"), 3);
    EXPECT_EQ(count("H(10-12)/30 * * * *"), 1);
    EXPECT_EQ(count("H * * * *"), 1);
  }
}

// How often each value of a field is drawn by 10,000 objects: `cell` is that of their first time
// in 2026, in seconds since the year began.
template <typename Cell>
std::vector<int> drawn(std::string_view expression, std::size_t cells, Cell cell) {
  const WallTime year = instant("2026-01-01T00:00:00Z");
  std::vector<int> counts(cells);
  for (const std::string& identity : identities()) {
    const auto first = [&] {
      return schedule(expression, "UTC", DaylightSaving::kOnce, identity)
          .next_after(year - Seconds{1});
    };
    EXPECT_EQ(first(), first()) << "the same name, the same value";
    ++counts.at(static_cast<std::size_t>(cell((*first() - year).count())));
  }
  return counts;
}

TEST(Hash, SpreadsObjectsEvenlyInEachField) {
  struct Row {
    const char* expression;
    std::size_t cells;
    std::int64_t cell_seconds;
  };
  for (const Row& row :
       {Row{"H 0 0 1 1 *", 60, 1}, Row{"H 0 1 1 *", 60, 60}, Row{"0 H 1 1 *", 24, 3600},
        Row{"0 0 H 1 *", 28, 86'400}, Row{"0 0 * * H", 7, 86'400}, Row{"H/15 0 1 1 *", 15, 60}}) {
    const auto counts = drawn(row.expression, row.cells,
                              [&](std::int64_t seconds) { return seconds / row.cell_seconds; });
    EXPECT_LT(chi_square(counts), chi_square_limit(row.cells)) << row.expression;
  }
  const auto minutes = drawn("H(10-19) 0 1 1 *", 10, [](std::int64_t s) { return s / 60 - 10; });
  EXPECT_LT(chi_square(minutes), chi_square_limit(10));
  // The first of month m is day 30.4 m, give or take two.
  const auto months = drawn("0 0 1 H *", 12, [](std::int64_t s) { return (s / 86'400 + 8) / 30; });
  EXPECT_LT(chi_square(months), chi_square_limit(12));
}

TEST(Hash, MinuteAndHourTogetherAreEven) {
  const auto counts = drawn("H H 1 1 *", 24 * 60, [](std::int64_t s) { return s / 60; });
  EXPECT_LT(chi_square(counts), chi_square_limit(counts.size()));
}

TEST(Hash, DrawsEachFieldForItself) {
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto parsed =
        Schedule::parse("H H 0 * * *", {}, DaylightSaving::kOnce, "shop/" + std::to_string(i));
    const auto time =
        (*parsed->next_after(instant("2025-12-31T23:59:59Z")) - instant("2026-01-01T00:00:00Z"))
            .count();
    equal += time / 60 == time % 60 ? 1 : 0;
  }
  EXPECT_LT(equal, 50);
}

TEST(Window, InstantsFarOutsideAreAnsweredAndFindNothingThere) {
  const Schedule every_minute = schedule("* * * * *", "Europe/Berlin", DaylightSaving::kOnce);
  EXPECT_EQ(every_minute.next_after(WallTime::min()), kFirstInstant);
  EXPECT_EQ(every_minute.next_after(WallTime::max()), std::nullopt);
  EXPECT_EQ(every_minute.next_after(kEndInstant - Seconds{1}), std::nullopt);
  EXPECT_EQ(every_minute.latest_in(WallTime::min(), WallTime::max()), kEndInstant - Seconds{60});
  EXPECT_EQ(every_minute.latest_in(WallTime::max(), WallTime::min()), std::nullopt);
  EXPECT_EQ(every_minute.count_in(WallTime::max(), WallTime::min()), 0);
  EXPECT_GT(every_minute.count_in(WallTime::min(), WallTime::max()), 157'000'000);
  const Schedule every = schedule("@every 1h");
  EXPECT_EQ(every.next_after(WallTime::min()), kFirstInstant);
  EXPECT_EQ(every.latest_in(WallTime::min(), WallTime::max()), kEndInstant - Seconds{3600});
  EXPECT_EQ(every.next_after(kEndInstant - Seconds{3600}), std::nullopt);
}

}  // namespace
}  // namespace podcron::test
