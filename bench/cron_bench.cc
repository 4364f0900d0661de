// What a schedule costs. Goals: next_after 1 microsecond, 10 for 29 February; latest_in over ten
// years 10 microseconds; count_in over ten years 1 millisecond.
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <benchmark/benchmark.h>

#include "cron/schedule.h"

namespace podcron {
namespace {

constexpr std::int64_t kTenYears = std::int64_t{3653} * 86'400;

TimeZone berlin() {
  std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return ZoneDatabase::make("system", {{"Europe/Berlin", bytes.str()}})
      ->find("Europe/Berlin")
      .value();
}

WallTime instant(std::int64_t unix_seconds) { return WallTime{Seconds{unix_seconds}}; }

// Instants spread over 2026 to 2035, so that no branch and no hint learns the answer.
std::int64_t spread(std::uint64_t i) {
  return 1'767'225'600 + static_cast<std::int64_t>(i * 7'919'317 % kTenYears);
}

void next_after(benchmark::State& state, const char* expression, DaylightSaving mode) {
  const Schedule schedule = Schedule::parse(expression, berlin(), mode).value();
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(schedule.next_after(instant(spread(++i))));
}
using enum DaylightSaving;
BENCHMARK_CAPTURE(next_after, every_minute, "* * * * *", kAsCronJob);
BENCHMARK_CAPTURE(next_after, every_second, "* * * * * *", kAsCronJob);
BENCHMARK_CAPTURE(next_after, daily, "30 2 * * *", kAsCronJob);
BENCHMARK_CAPTURE(next_after, daily_once, "30 2 * * *", kOnce);
BENCHMARK_CAPTURE(next_after, office_hours, "*/5 8-18 * * mon-fri", kOnce);
BENCHMARK_CAPTURE(next_after, last_weekday, "0 9 LW * *", kOnce);
BENCHMARK_CAPTURE(next_after, yearly, "@yearly", kOnce);
BENCHMARK_CAPTURE(next_after, leap_day, "0 0 29 2 *", kAsCronJob);
BENCHMARK_CAPTURE(next_after, leap_day_once, "0 0 29 2 *", kOnce);
BENCHMARK_CAPTURE(next_after, leap_day_mondays, "0 0 ? 2 mon#5", kAsCronJob);
BENCHMARK_CAPTURE(next_after, always_in_the_gap, "30 2 ? 3 sunL", kAsCronJob);
BENCHMARK_CAPTURE(next_after, every_90s, "@every 90s", kOnce);

void latest_in_ten_years(benchmark::State& state, const char* expression, DaylightSaving mode) {
  const Schedule schedule = Schedule::parse(expression, berlin(), mode).value();
  std::uint64_t i = 0;
  for (auto _ : state) {
    const std::int64_t begin = spread(++i);
    benchmark::DoNotOptimize(schedule.latest_in(instant(begin), instant(begin + kTenYears)));
  }
}
BENCHMARK_CAPTURE(latest_in_ten_years, every_second, "* * * * * *", kAsCronJob);
BENCHMARK_CAPTURE(latest_in_ten_years, daily_once, "30 2 * * *", kOnce);
BENCHMARK_CAPTURE(latest_in_ten_years, leap_day_once, "0 0 29 2 *", kOnce);

void count_in_ten_years(benchmark::State& state, const char* expression, DaylightSaving mode) {
  const Schedule schedule = Schedule::parse(expression, berlin(), mode).value();
  std::uint64_t i = 0;
  for (auto _ : state) {
    const std::int64_t begin = spread(++i);
    benchmark::DoNotOptimize(schedule.count_in(instant(begin), instant(begin + kTenYears)));
  }
}
BENCHMARK_CAPTURE(count_in_ten_years, every_second, "* * * * * *", kAsCronJob);
BENCHMARK_CAPTURE(count_in_ten_years, daily_once, "30 2 * * *", kOnce);
BENCHMARK_CAPTURE(count_in_ten_years, last_weekday, "0 9 LW * friL", kOnce);

void parse(benchmark::State& state, const char* expression) {
  const TimeZone zone = berlin();
  for (auto _ : state) {
    benchmark::DoNotOptimize(Schedule::parse(expression, zone, kOnce, "shop/digest"));
  }
}
BENCHMARK_CAPTURE(parse, five_fields, "*/5 8-18 * * mon-fri");
BENCHMARK_CAPTURE(parse, hash, "H H(0-5) LW * friL");
BENCHMARK_CAPTURE(parse, refused, "61 * * * *");

void span_at(benchmark::State& state) {
  const TimeZone zone = berlin();
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(zone.span_at(instant(spread(++i))));
}
BENCHMARK(span_at);

}  // namespace
}  // namespace podcron
