// The three kinds of time. No clock is read in src/: every instant is an argument.
//
// WallTime    UTC, whole seconds: scheduled times, API timestamps.
// WallMillis  UTC, milliseconds: "now", lateness.
// MonoTime    CLOCK_BOOTTIME, milliseconds: back-off, leases, time-outs. Its zero has no meaning.
//
// Source: docs/adr/0003-time.md, RFC 3339.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace podcron {

using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_seconds;
using WallMillis = std::chrono::sys_time<Millis>;

/// A tag, not a clock: it has no now(), so that nothing in src/ can ask it.
struct MonoClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = Millis;
  using time_point = std::chrono::time_point<MonoClock, Millis>;
  static constexpr bool is_steady = true;
};
using MonoTime = MonoClock::time_point;

/// One reading of both clocks, stamped by the driver on every input.
struct Now {
  WallMillis wall;
  MonoTime mono;
};

/// Rounds towards the past.
inline WallTime whole_seconds(WallMillis instant) { return std::chrono::floor<Seconds>(instant); }

/// "2026-03-08T07:30:00Z". Years outside 0000-9999 are clamped to that range.
std::string to_rfc3339(WallTime instant);

/// "2026-03-08T07:30:00.250000Z": the API's MicroTime, used by Lease and Event.
std::string to_rfc3339_micro(WallMillis instant);

/// Accepts fractions of a second (cut off) and numeric offsets.
/// Errors: kMalformed, quoting the text.
Result<WallTime> parse_rfc3339(std::string_view text);

/// As parse_rfc3339, keeping milliseconds.
Result<WallMillis> parse_rfc3339_millis(std::string_view text);

/// "Sun, 06 Nov 1994 08:49:37 GMT", the Date header's preferred form (RFC 9110 5.6.7).
/// Errors: kMalformed.
Result<WallTime> parse_http_date(std::string_view text);

}  // namespace podcron
