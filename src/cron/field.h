// One field of a cron expression: "1-5,L,*/10" to bit sets.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace podcron::cron {

enum class Field : std::uint8_t { kSecond, kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek };

/// "day-of-month", as error messages call it.
std::string_view name_of(Field field);

/// The sets of LocalPattern that one field can fill.
struct FieldSets {
  std::uint64_t values = 0;
  std::uint32_t days_before_last = 0;
  std::uint32_t nearest_weekdays = 0;
  std::uint8_t last_weekdays = 0;
  std::uint64_t nth_weekdays = 0;
  bool unrestricted = false;      // has an item `*`, `?` or `*/1`
  bool begins_with_star = false;  // `*` or `?`, whatever follows

  [[nodiscard]] bool empty() const {
    return values == 0 && days_before_last == 0 && nearest_weekdays == 0 && last_weekdays == 0 &&
           nth_weekdays == 0;
  }
};

/// `expression` is the whole text, for messages; `identity` decides what H means.
/// Errors: kInvalidArgument, naming the field, the value and the allowed range.
Result<FieldSets> parse_field(Field field, std::string_view text, std::string_view expression,
                              std::string_view identity);

}  // namespace podcron::cron
