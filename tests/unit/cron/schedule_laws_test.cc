// Goal:   a schedule names exactly the instants that its expression names, in every zone.
// Method: random expressions against the brute force of oracle.h, around offset changes and over
//         whole years. Each run draws other ones and prints their seed; PODCRON_SEED=N repeats it,
//         and PODCRON_SWEEP=full takes every zone and year of 2020-2040 (two hours).
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/prng.h"
#include "unit/cron/oracle.h"
#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

constexpr std::int64_t kHour = 3600;

std::uint64_t seed_of_run() {
  static const std::uint64_t seed = [] {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    const char* text = std::getenv("PODCRON_SEED");
    const std::uint64_t drawn =
        text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
    std::cout << "schedule laws: seed " << drawn << ", again with PODCRON_SEED=" << drawn << '\n';
    return drawn;
  }();
  return seed;
}

bool is_full_sweep() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
  const char* text = std::getenv("PODCRON_SWEEP");
  return text != nullptr && std::string_view(text) == "full";
}

WallTime at(std::int64_t unix_seconds) { return WallTime{Seconds{unix_seconds}}; }

// A stretch of clock readings; the laws are checked in [from, end), which begins later so that
// the oracle has seen what the clock showed before.
struct Window {
  std::vector<LocalFields> clock;
  std::int64_t step;
  std::int64_t from;
  std::int64_t end;
};

Window window_around(const LibcZone& zone, std::int64_t change, std::int64_t before,
                     std::int64_t after, std::int64_t step) {
  const std::int64_t begin = (change - before) / step * step;
  Window window{{}, step, (change - before / 4) / step * step, change + after};
  for (std::int64_t t = begin; t < window.end; t += step) window.clock.push_back(zone.at(t));
  return window;
}

void check_against(const std::vector<std::int64_t>& times, const Schedule& schedule,
                   const Window& window, Prng& prng) {
  const auto random_instant = [&] {
    return window.from + static_cast<std::int64_t>(
                             prng.below(static_cast<std::uint64_t>(window.end - window.from)));
  };
  for (int i = 0; i < 12; ++i) {
    // Half of the questions are asked at, or one second beside, a scheduled time.
    std::int64_t t = random_instant();
    if (i % 2 == 0 && !times.empty()) {
      t = times[prng.below(times.size())] + static_cast<std::int64_t>(prng.below(3)) - 1;
      t = std::max(t, window.from);
    }
    const auto expected = std::upper_bound(times.begin(), times.end(), t);
    const auto next = schedule.next_after(at(t));
    if (expected == times.end()) {
      ASSERT_TRUE(!next || *next >= at(window.end)) << to_rfc3339(*next);
    } else {
      ASSERT_TRUE(next) << "after " << to_rfc3339(at(t));
      ASSERT_EQ(to_rfc3339(*next), to_rfc3339(at(*expected))) << "after " << to_rfc3339(at(t));
    }
    std::int64_t through = random_instant();
    if (through < t) std::swap(t, through);
    const auto first = std::upper_bound(times.begin(), times.end(), t);
    const auto last = std::upper_bound(times.begin(), times.end(), through);
    const auto asked = to_rfc3339(at(t)) + " to " + to_rfc3339(at(through));
    ASSERT_EQ(schedule.count_in(at(t), at(through)), last - first) << asked;
    const auto latest = schedule.latest_in(at(t), at(through));
    ASSERT_EQ(latest.has_value(), first != last) << asked;
    if (latest) {
      ASSERT_EQ(to_rfc3339(*latest), to_rfc3339(at(*(last - 1)))) << asked;
    }
  }
}

void check_window(const std::string& zone_name, const Window& window, int expressions,
                  bool with_seconds, Prng& prng) {
  for (int i = 0; i < expressions; ++i) {
    const OracleExpression expression = random_expression(prng, with_seconds);
    for (const bool once : {false, true}) {
      const auto parsed =
          Schedule::parse(expression.text, zone(zone_name),
                          once ? DaylightSaving::kOnce : DaylightSaving::kAsCronJob);
      if (!parsed) {
        ASSERT_NE(parsed.error().message.find("never occurs"), std::string::npos)
            << parsed.error().message;
        break;
      }
      ASSERT_EQ(parsed->is_fixed(), expression.fixed) << expression.text;
      std::vector<std::int64_t> times = fires(expression, window.clock, window.step, once);
      std::erase_if(times, [&](std::int64_t t) { return t < window.from; });
      SCOPED_TRACE(zone_name + " \"" + expression.text + "\" once=" + std::to_string(once));
      ASSERT_NO_FATAL_FAILURE(check_against(times, *parsed, window, prng));
    }
  }
}

std::int64_t year_begin(int year) {
  return std::chrono::sys_seconds{
      std::chrono::sys_days{std::chrono::year{year} / std::chrono::January / 1}}
      .time_since_epoch()
      .count();
}

constexpr const char* kOddZones[] = {
    "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
    "Antarctica/Troll",  "Pacific/Apia",     "Africa/Casablanca",   "Asia/Gaza",
    "Asia/Beirut",       "America/Caracas",  "Asia/Pyongyang",      "Asia/Kathmandu",
    "Pacific/Kwajalein", "America/St_Johns", "Europe/Dublin",       "America/Scoresbysund"};

TEST(ScheduleLaws, AgreesWithBruteForceByMinuteAroundEveryKindOfChange) {
  Prng prng(seed_of_run());
  for (const char* name : kOddZones) {
    const LibcZone libc(name);
    auto changes = libc.changes(year_begin(1971), year_begin(2037));
    changes.push_back(year_begin(2024));  // and where nothing changes
    for (int i = 0; i < 5; ++i) {
      const std::int64_t change = changes[prng.below(changes.size())];
      const Window window = window_around(libc, change, 64 * kHour, 30 * kHour, 60);
      ASSERT_NO_FATAL_FAILURE(check_window(name, window, 8, false, prng));
    }
  }
}

TEST(ScheduleLaws, AgreesWithBruteForceBySecond) {
  Prng prng(seed_of_run() + 1);
  for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"}) {
    const LibcZone libc(name);
    const auto changes = libc.changes(year_begin(2023), year_begin(2037));
    for (int i = 0; i < 3; ++i) {
      const std::int64_t change = changes[prng.below(changes.size())];
      const Window window = window_around(libc, change, 6 * kHour, 3 * kHour, 1);
      ASSERT_NO_FATAL_FAILURE(check_window(name, window, 6, true, prng));
    }
  }
}

TEST(ScheduleLaws, AgreesWithBruteForceInEveryZoneOfTzdata) {
  Prng prng(seed_of_run() + 2);
  for (const std::string& name : all_zone_names()) {
    const LibcZone libc(name);
    auto changes = libc.changes(year_begin(2020), year_begin(2040));
    if (changes.empty()) changes.push_back(year_begin(2030));
    if (!is_full_sweep()) changes = {changes[prng.below(changes.size())]};
    for (const std::int64_t change : changes) {
      const Window window = window_around(libc, change, 16 * kHour, 8 * kHour, 60);
      ASSERT_NO_FATAL_FAILURE(check_window(name, window, 4, false, prng));
    }
  }
}

// One name for each set of rules: a third of the names are links to others.
std::vector<std::string> different_zones() {
  std::map<std::string, std::string> name_by_rules;
  for (const std::string& name : all_zone_names()) name_by_rules.emplace(read_zone(name), name);
  std::vector<std::string> names;
  for (auto& [rules, name] : name_by_rules) names.push_back(std::move(name));
  return names;
}

TEST(ScheduleLaws, AgreesWithBruteForceOverEveryMinuteOfAYear) {
  Prng prng(seed_of_run() + 5);
  const auto check = [&](const std::string& name, int year) {
    const std::int64_t begin = year_begin(year);
    // From two days earlier on: the oracle has to see what the clock showed before.
    Window window{{}, 60, begin, year_begin(year + 1)};
    const LibcZone libc(name);
    for (std::int64_t t = begin - 48 * kHour; t < window.end; t += 60) {
      window.clock.push_back(libc.at(t));
    }
    ASSERT_NO_FATAL_FAILURE(check_window(name, window, 2, false, prng));
  };
  const std::vector<std::string> names = different_zones();
  if (is_full_sweep()) {
    for (const std::string& name : names) {
      for (int year = 2020; year < 2040; ++year) ASSERT_NO_FATAL_FAILURE(check(name, year));
    }
    return;
  }
  for (int i = 0; i < 4; ++i) {
    const std::string& name = names[prng.below(names.size())];
    ASSERT_NO_FATAL_FAILURE(check(name, 2020 + static_cast<int>(prng.below(20))));
  }
}

// Long ranges, where the oracle would take too long: the searches must agree with each other.
TEST(ScheduleLaws, LatestAndCountAgreeWithWalkingForwardOverYears) {
  Prng prng(seed_of_run() + 3);
  int walked = 0;
  for (int i = 0; i < 300; ++i) {
    const char* name = kOddZones[prng.below(std::size(kOddZones))];
    const OracleExpression expression = random_expression(prng, prng.chance(200));
    const auto mode = prng.chance(500) ? DaylightSaving::kOnce : DaylightSaving::kAsCronJob;
    const auto parsed = Schedule::parse(expression.text, zone(name), mode);
    if (!parsed) continue;
    SCOPED_TRACE(std::string(name) + " " + expression.text);
    const WallTime from =
        at(year_begin(1970) + static_cast<std::int64_t>(prng.below(4'000'000'000)));
    WallTime last = from;
    for (std::int64_t count = 0; count < 120; ++count) {
      ASSERT_EQ(parsed->count_in(from, last), count);
      const auto latest = parsed->latest_in(from, last);
      ASSERT_EQ(latest.has_value(), count > 0);
      if (latest) {
        ASSERT_EQ(*latest, last);
      }
      const auto next = parsed->next_after(last);
      if (!next) break;
      ASSERT_GT(*next, last) << "strictly increasing";
      ASSERT_EQ(parsed->latest_in(last, *next - Seconds{1}), std::nullopt);
      last = *next;
      ++walked;
    }
  }
  EXPECT_GT(walked, 10'000);
}

TEST(ScheduleLaws, CountsAddUpOverAnySplit) {
  Prng prng(seed_of_run() + 4);
  for (int i = 0; i < 200; ++i) {
    const OracleExpression expression = random_expression(prng, true);
    const auto parsed = Schedule::parse(
        expression.text, zone(kOddZones[prng.below(std::size(kOddZones))]), DaylightSaving::kOnce);
    if (!parsed) continue;
    std::int64_t cuts[3] = {};
    for (auto& cut : cuts) cut = static_cast<std::int64_t>(prng.below(5'000'000'000));
    std::sort(std::begin(cuts), std::end(cuts));
    EXPECT_EQ(
        parsed->count_in(at(cuts[0]), at(cuts[1])) + parsed->count_in(at(cuts[1]), at(cuts[2])),
        parsed->count_in(at(cuts[0]), at(cuts[2])))
        << expression.text;
  }
}

}  // namespace
}  // namespace podcron::test
