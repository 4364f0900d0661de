// Goal:   zones come from the given bytes and from nowhere else.
// Method: the system's files, whole, cut, forged and swapped.
#include <optional>
#include <string>

#include <cctz/time_zone.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/prng.h"
#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

std::optional<ErrorCode> code_of(const ZoneDatabase& zones, std::string_view name) {
  const auto found = zones.find(name);
  return found ? std::nullopt : std::optional(found.error().code);
}

TEST(ZoneDatabase, HasUtcWithoutAnyFile) {
  const auto zones = ZoneDatabase::make("none", {});
  const auto utc = zones->find("UTC");
  ASSERT_TRUE(utc);
  EXPECT_EQ(utc->name(), "UTC");
  EXPECT_EQ(*utc, TimeZone());
  EXPECT_EQ(utc->span_at(instant("2026-01-01T00:00:00Z")),
            (OffsetSpan{kFirstInstant, kEndInstant, Seconds{0}}));
  EXPECT_EQ(zones->version(), "none");
}

TEST(ZoneDatabase, NeverLooksAtTheSystemsFiles) {
  EXPECT_EQ(code_of(*ZoneDatabase::make("none", {}), "Europe/Berlin"), ErrorCode::kNotFound);
  cctz::time_zone zone;
  EXPECT_FALSE(cctz::load_time_zone("Europe/Paris", &zone));
  EXPECT_FALSE(cctz::load_time_zone("localtime", &zone));
}

TEST(ZoneDatabase, RefusesNamesThatCanNeverBeZones) {
  for (const char* name :
       {"", "/etc/passwd", "\\x", "../x", "Europe/../../etc/passwd", "a/..", "Local", "local"}) {
    EXPECT_EQ(code_of(system_zones(), name), ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(code_of(system_zones(), std::string(256, 'x')), ErrorCode::kInvalidArgument);
}

TEST(ZoneDatabase, SaysWhichZoneOfWhichVersionIsUnknownAndWhatWasMeant) {
  const auto zones = ZoneDatabase::make("2025b", {{"Europe/Berlin", read_zone("Europe/Berlin")}});
  EXPECT_EQ(zones->find("Europe/Atlantis").error().message,
            "time zone \"Europe/Atlantis\" is not in tzdata 2025b");
  EXPECT_EQ(zones->find("europe/berlin").error().message,
            "time zone \"europe/berlin\" is not in tzdata 2025b; did you mean \"Europe/Berlin\"?");
  EXPECT_EQ(code_of(*zones, std::string_view("Europe/Berlin\0", 14)), ErrorCode::kNotFound);
}

TEST(ZoneDatabase, ReadsEveryZoneOfTheSystem) {
  EXPECT_GT(all_zone_names().size(), 300U);
  for (const std::string& name : all_zone_names()) {
    const auto found = system_zones().find(name);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->name(), name);
  }
}

TEST(ZoneDatabase, RefusesAFileThatIsCutAnywhere) {
  const std::string whole = read_zone("America/New_York");
  for (std::size_t length = 0; length < whole.size(); length += 1 + length / 16) {
    const auto zones = ZoneDatabase::make("cut", {{"America/New_York", whole.substr(0, length)}});
    ASSERT_EQ(code_of(*zones, "America/New_York"), ErrorCode::kMalformed) << length;
  }
}

TEST(ZoneDatabase, RefusesForgedCountsBeforeAllocatingForThem) {
  const std::string whole = read_zone("America/New_York");
  for (std::size_t offset = 20; offset < 44; offset += 4) {
    std::string forged = whole;
    forged[offset] = '\x7f';
    const auto zones = ZoneDatabase::make("forged", {{"Zone", forged}});
    EXPECT_EQ(code_of(*zones, "Zone"), ErrorCode::kMalformed) << offset;
  }
  const auto large = ZoneDatabase::make("large", {{"Zone", whole + std::string(65'536, ' ')}});
  EXPECT_EQ(large->find("Zone").error().message,
            "time zone \"Zone\" of tzdata large is unusable: the file is too large");
}

TEST(ZoneDatabase, SurvivesFlippedBytes) {
  const std::string whole = read_zone("Australia/Lord_Howe");
  Prng prng(11);
  for (int i = 0; i < 300; ++i) {
    std::string flipped = whole;
    for (int flips = 0; flips < 3; ++flips) {
      flipped[prng.below(flipped.size())] = static_cast<char>(prng.below(256));
    }
    const auto found = ZoneDatabase::make("flipped", {{"Zone", flipped}})->find("Zone");
    if (!found) continue;
    const auto schedule = Schedule::parse("30 2 * * *", *found, DaylightSaving::kOnce);
    WallTime at = instant("1999-01-01T00:00:00Z");
    for (int runs = 0; runs < 400; ++runs) {
      const auto next = schedule->next_after(at);
      ASSERT_TRUE(next);
      ASSERT_GT(*next, at);
      ASSERT_EQ(schedule->count_in(at, *next), 1);
      at = *next;
    }
  }
}

TEST(TimeZone, OfNewBytesIsAnotherZoneUnderTheSameName) {
  const auto old_zones = ZoneDatabase::make("1", {{"Zone", read_zone("Europe/Berlin")}});
  const auto new_zones = ZoneDatabase::make("2", {{"Zone", read_zone("Asia/Tokyo")}});
  const TimeZone old_zone = *old_zones->find("Zone");
  const TimeZone new_zone = *new_zones->find("Zone");
  EXPECT_NE(old_zone, new_zone);
  EXPECT_EQ(new_zone.name(), "Zone");
  EXPECT_EQ(old_zone.abbreviation_at(instant("2026-07-01T00:00:00Z")), "CEST");
  EXPECT_TRUE(old_zone.is_daylight_saving_at(instant("2026-07-01T00:00:00Z")));
  EXPECT_EQ(new_zone.abbreviation_at(instant("2026-07-01T00:00:00Z")), "JST");
  EXPECT_FALSE(new_zone.is_daylight_saving_at(instant("2026-07-01T00:00:00Z")));
}

TEST(TimeZone, OfTheSameBytesIsEqualInALaterDatabase) {
  EXPECT_EQ(*ZoneDatabase::make("1", {{"Zone", read_zone("Europe/Berlin")}})->find("Zone"),
            *ZoneDatabase::make("2", {{"Zone", read_zone("Europe/Berlin")}})->find("Zone"));
}

TEST(TimeZone, OutlivesItsDatabase) {
  auto zones = ZoneDatabase::make("1", {{"Zone", read_zone("Europe/Berlin")}});
  const TimeZone zone = *zones->find("Zone");
  zones.reset();
  EXPECT_EQ(zone.name(), "Zone");
  EXPECT_EQ(zone.span_at(instant("2026-07-01T00:00:00Z")),
            (OffsetSpan{instant("2026-03-29T01:00:00Z"), instant("2026-10-25T01:00:00Z"),
                        Seconds{7200}}));
}

TEST(TimeZone, SpansMeetWithoutGapOrOverlapThroughTheWholeWindow) {
  for (const char* name : {"Europe/Berlin", "Africa/Casablanca", "Pacific/Apia", "Asia/Kolkata"}) {
    const TimeZone zone_under_test = zone(name);
    WallTime at = kFirstInstant;
    int spans = 0;
    while (at < kEndInstant) {
      const OffsetSpan span = zone_under_test.span_at(at);
      ASSERT_EQ(span.begin, at) << name;
      ASSERT_GT(span.end, span.begin);
      ASSERT_EQ(zone_under_test.span_at(span.end - Seconds{1}), span);
      at = span.end;
      ++spans;
    }
    EXPECT_EQ(at, kEndInstant);
    EXPECT_GT(spans, 3);
  }
}

TEST(TimeZone, KnowsDaylightSavingAfter2037) {
  EXPECT_EQ(zone("Europe/Berlin").span_at(instant("2190-07-01T00:00:00Z")).offset, Seconds{7200});
  EXPECT_EQ(zone("America/New_York").span_at(instant("2190-07-01T00:00:00Z")).offset,
            Seconds{-14400});
}

}  // namespace
}  // namespace podcron::test
