// The six fields of a cron expression as bit sets, and the search among local times.
//
// Knows the calendar, not time zones: every local time is taken to exist once.
//
// Cost: no search looks at seconds, minutes or days one by one; a month costs about 10 ns.
// Source: crontab(5); robfig/cron v3 for the day rule; Quartz for L, W and #.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cron/zone_database.h"

namespace podcron::cron {

/// Set bits are the values that match. Bit n of a set is the value n.
struct LocalPattern {
  std::uint64_t seconds = 0;
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;

  // Day of month: any of these sets.
  std::uint32_t days = 0;              // "15"
  std::uint32_t days_before_last = 0;  // "L" is bit 0, "L-3" is bit 3
  std::uint32_t nearest_weekdays = 0;  // "15W" is bit 15, "LW" is bit 0

  // Day of week, Sunday is 0: any of these sets.
  std::uint8_t weekdays = 0;       // "mon"
  std::uint8_t last_weekdays = 0;  // "monL": the last of the month
  std::uint64_t nth_weekdays = 0;  // "mon#2" is bit 7 * (2 - 1) + 1
  std::uint16_t months = 0;

  // Written `*`, `?` or `*/1`: the other day field alone decides. If neither is, either may match.
  bool any_day_of_month = false;
  bool any_day_of_week = false;

  /// Days of that month that match, bit 1 to bit 31; 0 if the month itself does not match.
  [[nodiscard]] std::uint32_t matching_days(std::chrono::year_month month) const;

  /// The first match in [from, end).
  [[nodiscard]] std::optional<LocalTime> first_in(LocalTime from, LocalTime end) const;

  /// The last match in [from, end).
  [[nodiscard]] std::optional<LocalTime> last_in(LocalTime from, LocalTime end) const;

  /// How many matches [from, end) has.
  [[nodiscard]] std::int64_t count_in(LocalTime from, LocalTime end) const;

  /// False for 30 February and for a field without values.
  [[nodiscard]] bool can_match() const;
};

}  // namespace podcron::cron
