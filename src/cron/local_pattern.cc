#include "cron/local_pattern.h"

#include <bit>

namespace podcron::cron {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::months;
using std::chrono::year_month;
using std::chrono::year_month_day;

std::uint64_t below(std::uint32_t bit) { return (std::uint64_t{1} << bit) - 1; }

// Lowest and highest set bit; the set must not be empty.
std::uint32_t lowest(std::uint64_t set) {
  return static_cast<std::uint32_t>(std::countr_zero(set));
}
std::uint32_t highest(std::uint64_t set) {
  return 63U - static_cast<std::uint32_t>(std::countl_zero(set));
}
std::uint32_t size_of(std::uint64_t set) { return static_cast<std::uint32_t>(std::popcount(set)); }

local_days first_day(year_month month) { return local_days{month / day{1}}; }

std::uint32_t length_of(year_month month) {
  const std::chrono::year_month_day_last last{month.year(), month.month() / std::chrono::last};
  return static_cast<unsigned>(last.day());
}

// The day of the month that is the Monday to Friday nearest to `target`, in the same month.
std::uint32_t nearest_weekday(std::uint32_t target, std::uint32_t first_weekday,
                              std::uint32_t length) {
  const std::uint32_t weekday = (first_weekday + target - 1) % 7;
  if (weekday == 6) return target > 1 ? target - 1 : target + 2;
  if (weekday == 0) return target < length ? target + 1 : target - 2;
  return target;
}

std::uint32_t matching_days_of_month(const LocalPattern& pattern, std::uint32_t first_weekday,
                                     std::uint32_t length) {
  std::uint32_t found = pattern.days;
  for (std::uint32_t set = pattern.days_before_last; set != 0; set &= set - 1) {
    if (lowest(set) < length) found |= 1U << (length - lowest(set));
  }
  for (std::uint32_t set = pattern.nearest_weekdays; set != 0; set &= set - 1) {
    const std::uint32_t target = lowest(set) == 0 ? length : lowest(set);
    if (target <= length) found |= 1U << nearest_weekday(target, first_weekday, length);
  }
  return found;
}

std::uint32_t matching_days_of_week(const LocalPattern& pattern, std::uint32_t first_weekday,
                                    std::uint32_t length) {
  // Seven bits, of which bit n is the weekday of day n + 1, n + 8, ...
  const auto from_day_1 = [&](std::uint32_t weekdays) -> std::uint64_t {
    return ((weekdays | weekdays << 7) >> first_weekday) & 0x7FU;
  };
  constexpr std::uint64_t kEachWeek = 1 | 1U << 7 | 1U << 14 | 1U << 21 | 1U << 28;
  std::uint64_t found = from_day_1(pattern.weekdays) * kEachWeek;
  if (pattern.nth_weekdays != 0) {
    for (std::uint32_t week = 0; week < 5; ++week) {
      const auto nth = static_cast<std::uint32_t>(pattern.nth_weekdays >> (7 * week)) & 0x7FU;
      found |= from_day_1(nth) << (7 * week);
    }
  }
  if (pattern.last_weekdays != 0) {
    found |= from_day_1(pattern.last_weekdays) * kEachWeek & ~below(length - 7);
  }
  return static_cast<std::uint32_t>(found << 1);
}

std::uint32_t matching_days_in(const LocalPattern& pattern, std::uint32_t first_weekday,
                               std::uint32_t length) {
  std::uint32_t found = 0;
  if (pattern.any_day_of_month && pattern.any_day_of_week) {
    found = ~0U;
  } else {
    if (!pattern.any_day_of_month) found |= matching_days_of_month(pattern, first_weekday, length);
    if (!pattern.any_day_of_week) found |= matching_days_of_week(pattern, first_weekday, length);
  }
  return found & static_cast<std::uint32_t>(below(length + 1)) & ~1U;
}

// A day's seconds as hour, minute and second.
struct Clock {
  std::uint32_t hour, minute, second;

  explicit Clock(std::uint32_t second_of_day)
      : hour(second_of_day / 3600), minute(second_of_day / 60 % 60), second(second_of_day % 60) {}
};

constexpr std::uint32_t second_of_day(std::uint32_t hour, std::uint32_t minute,
                                      std::uint32_t second) {
  return hour * 3600 + minute * 60 + second;
}

// The three sets must not be empty in what follows: LocalPattern::can_match was true.

std::uint32_t first_time(const LocalPattern& p) {
  return second_of_day(lowest(p.hours), lowest(p.minutes), lowest(p.seconds));
}

std::uint32_t last_time(const LocalPattern& p) {
  return second_of_day(highest(p.hours), highest(p.minutes), highest(p.seconds));
}

std::optional<std::uint32_t> first_time_from(const LocalPattern& p, std::uint32_t from) {
  const Clock clock(from);
  if ((p.hours >> clock.hour & 1U) != 0) {
    if ((p.minutes >> clock.minute & 1U) != 0) {
      const std::uint64_t later = p.seconds & ~below(clock.second);
      if (later != 0) return second_of_day(clock.hour, clock.minute, lowest(later));
    }
    const std::uint64_t later = p.minutes & ~below(clock.minute + 1);
    if (later != 0) return second_of_day(clock.hour, lowest(later), lowest(p.seconds));
  }
  const std::uint64_t later = p.hours & ~below(clock.hour + 1);
  if (later == 0) return std::nullopt;
  return second_of_day(lowest(later), lowest(p.minutes), lowest(p.seconds));
}

std::optional<std::uint32_t> last_time_through(const LocalPattern& p, std::uint32_t through) {
  const Clock clock(through);
  if ((p.hours >> clock.hour & 1U) != 0) {
    if ((p.minutes >> clock.minute & 1U) != 0) {
      const std::uint64_t earlier = p.seconds & below(clock.second + 1);
      if (earlier != 0) return second_of_day(clock.hour, clock.minute, highest(earlier));
    }
    const std::uint64_t earlier = p.minutes & below(clock.minute);
    if (earlier != 0) return second_of_day(clock.hour, highest(earlier), highest(p.seconds));
  }
  const std::uint64_t earlier = p.hours & below(clock.hour);
  if (earlier == 0) return std::nullopt;
  return second_of_day(highest(earlier), highest(p.minutes), highest(p.seconds));
}

std::int64_t times_before(const LocalPattern& p, std::uint32_t end) {
  const Clock clock(end);
  const std::int64_t per_minute = size_of(p.seconds);
  const std::int64_t per_hour = size_of(p.minutes) * per_minute;
  std::int64_t count = size_of(p.hours & below(clock.hour)) * per_hour;
  if ((p.hours >> clock.hour & 1U) == 0) return count;
  count += size_of(p.minutes & below(clock.minute)) * per_minute;
  if ((p.minutes >> clock.minute & 1U) == 0) return count;
  return count + size_of(p.seconds & below(clock.second));
}

// A local time as day and second of the day, with the month at hand.
struct Moment {
  local_days date;
  std::uint32_t second;
  year_month month;
  std::uint32_t day_of_month;

  explicit Moment(LocalTime time)
      : date(std::chrono::floor<days>(time)),
        second(static_cast<std::uint32_t>((time - date).count())) {
    const year_month_day calendar(date);
    month = calendar.year() / calendar.month();
    day_of_month = static_cast<unsigned>(calendar.day());
  }
};

LocalTime at(year_month month, std::uint32_t day_of_month, std::uint32_t second) {
  return first_day(month) + days{day_of_month - 1} + Seconds{second};
}

}  // namespace

std::uint32_t LocalPattern::matching_days(year_month month) const {
  if ((months >> static_cast<unsigned>(month.month()) & 1U) == 0) return 0;
  const std::chrono::weekday weekday{first_day(month)};
  return matching_days_in(*this, weekday.c_encoding(), length_of(month));
}

std::optional<LocalTime> LocalPattern::first_in(LocalTime from, LocalTime end) const {
  if (from >= end) return std::nullopt;
  const Moment start(from);
  const auto within = [&](LocalTime found) {
    return found < end ? std::optional(found) : std::nullopt;
  };
  std::uint32_t left = matching_days(start.month);
  if ((left >> start.day_of_month & 1U) != 0) {
    if (const auto time = first_time_from(*this, start.second)) {
      return within(start.date + Seconds{*time});
    }
  }
  left &= ~static_cast<std::uint32_t>(below(start.day_of_month + 1));
  for (year_month month = start.month;;) {
    if (left != 0) return within(at(month, lowest(left), first_time(*this)));
    month += std::chrono::months{1};
    if (first_day(month) >= end) return std::nullopt;
    left = matching_days(month);
  }
}

std::optional<LocalTime> LocalPattern::last_in(LocalTime from, LocalTime end) const {
  if (from >= end) return std::nullopt;
  const Moment start(end - Seconds{1});
  const auto within = [&](LocalTime found) {
    return found >= from ? std::optional(found) : std::nullopt;
  };
  std::uint32_t left = matching_days(start.month);
  if ((left >> start.day_of_month & 1U) != 0) {
    if (const auto time = last_time_through(*this, start.second)) {
      return within(start.date + Seconds{*time});
    }
  }
  left &= static_cast<std::uint32_t>(below(start.day_of_month));
  for (year_month month = start.month;;) {
    if (left != 0) return within(at(month, highest(left), last_time(*this)));
    if (first_day(month) <= from) return std::nullopt;
    month -= std::chrono::months{1};
    left = matching_days(month);
  }
}

std::int64_t LocalPattern::count_in(LocalTime from, LocalTime end) const {
  if (from >= end) return 0;
  const Moment first(from);
  const Moment last(end);
  const std::int64_t per_day = std::int64_t{size_of(hours)} * size_of(minutes) * size_of(seconds);
  // Whole months from the first's through the last's, less what lies outside at either end.
  std::int64_t days_matched = 0;
  for (year_month month = first.month; month < last.month; month += std::chrono::months{1}) {
    days_matched += size_of(matching_days(month));
  }
  const std::uint32_t first_days = matching_days(first.month);
  const std::uint32_t last_days = matching_days(last.month);
  days_matched -= size_of(first_days & below(first.day_of_month));
  days_matched += size_of(last_days & below(last.day_of_month));
  std::int64_t count = days_matched * per_day;
  if ((first_days >> first.day_of_month & 1U) != 0) count -= times_before(*this, first.second);
  if ((last_days >> last.day_of_month & 1U) != 0) count += times_before(*this, last.second);
  return count;
}

bool LocalPattern::can_match() const {
  if (seconds == 0 || minutes == 0 || hours == 0) return false;
  // Every month has begun on every weekday, and February had 28 and 29 days on each.
  constexpr std::uint32_t kLengths[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::uint32_t month = 1; month <= 12; ++month) {
    if ((months >> month & 1U) == 0) continue;
    for (std::uint32_t weekday = 0; weekday < 7; ++weekday) {
      const std::uint32_t length = kLengths[month - 1];
      if (matching_days_in(*this, weekday, length) != 0) return true;
      if (month == 2 && matching_days_in(*this, weekday, length - 1) != 0) return true;
    }
  }
  return false;
}

}  // namespace podcron::cron
