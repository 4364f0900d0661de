// In any zone, from any instant, the searches of a schedule agree with each other and end.
//
// Input: the expression; from the end of the bytes, in this order: zone, mode of daylight saving,
// instant, and how far the range reaches beyond it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <fuzzer/FuzzedDataProvider.h>

#include "cron/schedule.h"
#include "fuzz/require.h"
#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

constexpr int kStepsMax = 12;

// Every kind of change: whole, half and double hours, at midnight, over the date line, none at all.
constexpr std::array<const char*, 16> kZones{
    "UTC",         "Europe/Berlin",    "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
    "Asia/Beirut", "Antarctica/Troll", "Pacific/Apia",     "Africa/Casablanca",   "Asia/Gaza",
    "Asia/Tehran", "Asia/Pyongyang",   "Asia/Kathmandu",   "Pacific/Kwajalein",   "Europe/Dublin",
    "Asia/Manila"};

const std::array<TimeZone, kZones.size()>& zones() {
  static const std::array<TimeZone, kZones.size()> found = [] {
    std::array<TimeZone, kZones.size()> all;
    std::transform(kZones.begin(), kZones.end(), all.begin(), zone);
    return all;
  }();
  return found;
}

void check_walk(const Schedule& schedule, WallTime from) {
  WallTime last = from;
  for (int count = 0; count < kStepsMax; ++count) {
    require(schedule.count_in(from, last) == count, "count_in agrees with walking forward");
    const auto latest = schedule.latest_in(from, last);
    require(latest.has_value() == (count > 0), "latest_in finds what was walked, and only that");
    require(!latest || *latest == last, "latest_in agrees with walking forward");
    const auto next = schedule.next_after(last);
    if (!next) {
      require(schedule.count_in(last, kEndInstant) == 0, "where next_after ends, nothing is left");
      require(!schedule.latest_in(last, kEndInstant), "where next_after ends, nothing is last");
      return;
    }
    require(*next > last && *next < kEndInstant, "times strictly increase, inside the window");
    require(schedule.next_after(*next - Seconds{1}) == next, "next_after skips nothing");
    require(!schedule.latest_in(last, *next - Seconds{1}), "nothing lies between two steps");
    last = *next;
  }
}

void check_range(const Schedule& schedule, WallTime from, WallTime through) {
  const WallTime middle = from + (through - from) / 2;
  const std::int64_t count = schedule.count_in(from, through);
  require(count >= 0 && count <= (through - from).count(), "at most one time a second");
  require(schedule.count_in(from, middle) + schedule.count_in(middle, through) == count,
          "counts add up over a split");
  const auto latest = schedule.latest_in(from, through);
  require(latest.has_value() == (count > 0), "count_in and latest_in agree on whether");
  if (!latest) return;
  require(*latest > from && *latest <= through, "latest_in stays in its range");
  require(schedule.count_in(*latest, through) == 0, "nothing is later than the latest");
  require(schedule.count_in(from, *latest) == count, "the latest is the last one counted");
}

}  // namespace
}  // namespace podcron::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace podcron;
  using namespace podcron::test;
  FuzzedDataProvider input(bytes, size);
  const TimeZone& zone = zones()[input.ConsumeIntegralInRange<std::size_t>(0, kZones.size() - 1)];
  const auto mode = input.ConsumeBool() ? DaylightSaving::kOnce : DaylightSaving::kAsCronJob;
  const auto window = (kEndInstant - kFirstInstant).count();
  const WallTime from =
      kFirstInstant + Seconds{input.ConsumeIntegralInRange<std::int64_t>(-10, window + 10)};
  const WallTime through = from + Seconds{input.ConsumeIntegralInRange<std::int64_t>(0, window)};
  const std::string text = input.ConsumeRemainingBytesAsString();
  const auto schedule = Schedule::parse(text, zone, mode, "shop/digest");
  if (!schedule) return 0;
  check_walk(*schedule, std::clamp(from, kFirstInstant - Seconds{1}, kEndInstant));
  check_range(*schedule, from, through);
  if (!schedule->is_fixed()) {
    const auto other =
        mode == DaylightSaving::kOnce ? DaylightSaving::kAsCronJob : DaylightSaving::kOnce;
    require(Schedule::parse(text, zone, other, "shop/digest")->next_after(from) ==
                schedule->next_after(from),
            "daylightSaving matters to fixed schedules only");
  }
  return 0;
}
