// Goal: a time as people write it means the instants at which the zone's clocks show it.
#include "cli/moment.h"

#include <gtest/gtest.h>

#include "cli/zone_files.h"

namespace podcron::cli {
namespace {

TimeZone zone(const std::string& name) {
  return *read_zone("/usr/share/zoneinfo", name)->find(name);
}
WallTime at(const char* text) { return *parse_rfc3339(text); }
const WallTime kNow = at("2026-11-23T12:00:00Z");

std::vector<Stretch> moment(std::string_view text, const TimeZone& in) {
  return *parse_moment(text, in, kNow);
}

TEST(Moment, ADayIsTheLocalDay) {
  EXPECT_EQ(moment("2026-11-22", zone("Asia/Shanghai")),
            (std::vector{Stretch{at("2026-11-21T16:00:00Z"), at("2026-11-22T16:00:00Z")}}));
}

TEST(Moment, ADayOfAClockChangeIsOneStretch) {
  EXPECT_EQ(moment("2026-03-29", zone("Europe/Berlin")),
            (std::vector{Stretch{at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")}}));
  EXPECT_EQ(moment("2026-10-25", zone("Europe/Berlin")),
            (std::vector{Stretch{at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")}}));
}

TEST(Moment, AMinuteThatComesTwiceIsTwoStretches) {
  EXPECT_EQ(moment("2026-10-25T02:30", zone("Europe/Berlin")),
            (std::vector{Stretch{at("2026-10-25T00:30:00Z"), at("2026-10-25T00:31:00Z")},
                         Stretch{at("2026-10-25T01:30:00Z"), at("2026-10-25T01:31:00Z")}}));
}

TEST(Moment, AMinuteThatIsLeftOutIsNone) {
  EXPECT_TRUE(moment("2026-03-29 02:30", zone("Europe/Berlin")).empty());
}

TEST(Moment, ATimeOfTheDayIsTheLatestThatHasCome) {
  const TimeZone utc;
  EXPECT_EQ(moment("12:00", utc),
            (std::vector{Stretch{at("2026-11-23T12:00:00Z"), at("2026-11-23T12:01:00Z")}}));
  EXPECT_EQ(moment("12:00:01", utc),
            (std::vector{Stretch{at("2026-11-22T12:00:01Z"), at("2026-11-22T12:00:02Z")}}));
}

TEST(Moment, AnInstantIsItselfInAnyZone) {
  EXPECT_EQ(moment("2026-11-22T03:00:00+08:00", zone("Europe/Berlin")),
            (std::vector{Stretch{at("2026-11-21T19:00:00Z"), at("2026-11-21T19:00:01Z")}}));
}

TEST(Moment, AnythingElseIsRefusedWithTheForms) {
  for (const char* text : {"", "yesterday", "2026-02-30", "2026-11-22T25:00", "3:00", "03:00x",
                           "2026-11-22T", "-026-11-22", "03:+1", "2026-11-22X03:00"}) {
    const auto found = parse_moment(text, TimeZone(), kNow);
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.error().message.find("wanted a day such as"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace podcron::cli
