// Brute force: which instants of a stretch of time does an expression name? Shares nothing with
// src/cron: local time is libc's, days are counted one by one, every minute or second is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/prng.h"

namespace podcron::test {

/// Local fields at one instant.
struct LocalFields {
  std::int64_t instant;  // Unix seconds
  std::int64_t local;    // seconds since 1970-01-01 00:00 of the local clock
  int second, minute, hour, day, month, weekday, month_length;
};

/// libc's view of a zone. Sets the process's TZ, so one at a time.
class LibcZone {
 public:
  explicit LibcZone(const std::string& name);
  [[nodiscard]] LocalFields at(std::int64_t instant) const;

  /// Instants in [from, end) at which the offset from UTC becomes another one.
  [[nodiscard]] std::vector<std::int64_t> changes(std::int64_t from, std::int64_t end) const;
};

/// A local clock reading that may exist in no zone, as fields.
LocalFields fields_of_local(std::int64_t local);

/// A random expression, as text for the parser and as plain lists for the oracle.
struct OracleExpression {
  std::string text;
  std::vector<int> seconds, minutes, hours, days, months, weekdays;
  std::vector<int> days_before_last, nearest_weekdays;  // nearest 0: of the last day
  std::vector<int> last_weekdays;
  std::vector<std::pair<int, int>> nth_weekdays;  // weekday, n
  bool day_free = false, weekday_free = false;    // `*`
  bool fixed = false;

  [[nodiscard]] bool matches(const LocalFields& at) const;
};

/// Five fields, or six if `with_seconds`. Some are refused for naming no day: skip those.
OracleExpression random_expression(Prng& prng, bool with_seconds);

/// The instants that fire in `clock`, a contiguous run of fields. Under `once`, a fixed
/// expression's local time fires at the first instant whose clock has reached it.
std::vector<std::int64_t> fires(const OracleExpression& expression,
                                const std::vector<LocalFields>& clock, std::int64_t step,
                                bool once);

}  // namespace podcron::test
