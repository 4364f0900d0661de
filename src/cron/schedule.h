// A cron expression bound to a time zone: "when does it fire next?"
//
// Pure. No clock is read: the caller passes the instant. Same arguments and same
// tzdb, same answer, on every host.
//
// Units:  WallTime is UTC, whole seconds.
// Source: crontab(5); robfig/cron v3 for the dialect; gap and overlap rules: docs/adr/0004.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "cron/daylight_saving.h"
#include "cron/local_pattern.h"
#include "cron/zone_database.h"

namespace podcron {

/// Immutable once parsed, so it may be shared between threads. A cheap value of kBytesMax bytes
/// at most, without memory of its own. Scheduled times exist in [kFirstInstant, kEndInstant) only;
/// instants outside are accepted and find none there.
///
/// A schedule is *fixed* when it names times of the day: none of its second, minute and hour
/// begins with `*` (or `?`, which means the same), and it is no `@every`. DaylightSaving::kOnce
/// treats only those apart: a local time t fires at the first instant at which the zone's clock
/// shows t or later, so that each fires once whatever the clock does.
class Schedule {
 public:
  static constexpr std::size_t kBytesMax = 120;

  /// Lists of every minute, hour, day and month together take about 400 bytes.
  static constexpr std::size_t kExpressionBytesMax = 1024;

  /// `expression` is one of
  /// - five fields, minute (0-59) hour (0-23) day-of-month (1-31) month (1-12 or jan-dec)
  ///   day-of-week (0-6 or sun-sat), or six with second (0-59) first. A field is a comma list of
  ///   `*`, `?` (the same), `a`, `a-b`, each optionally `/step` (`a/step` runs to the maximum).
  ///   If both day fields are restricted, either may match; `*`, `?` and `*/1` do not restrict.
  ///   Day of month also takes `L` (last day), `L-3` (three days before it), `15W` (the Monday to
  ///   Friday nearest to the 15th in its month) and `LW`; day of week `5L` (last Friday) and `5#2`
  ///   (second Friday). Any field takes `H`, `H(a-b)`, `H/n` and `H(a-b)/n`: a value, or the first
  ///   of every n, that is fixed for one `identity` ("namespace/name") and spread over identities;
  ///   in day of month `H` stays within 1-28, so that no month is left out.
  /// - `@hourly @daily @midnight @weekly @monthly @yearly @annually`
  /// - `@every 1h30m` (a Go duration, at least 1s): multiples of it since the Unix epoch, in any
  ///   zone.
  ///
  /// Errors: kInvalidArgument, naming the field, the value and the allowed range, with the likely
  /// meaning where there is one. The caller prefixes the path. Cost: 1 microsecond.
  static Result<Schedule> parse(std::string_view expression, const TimeZone& zone,
                                DaylightSaving daylight_saving = DaylightSaving::kAsCronJob,
                                std::string_view identity = "");

  /// The first scheduled time strictly later than `instant`; nullopt if there is none in the
  /// window. Cost: 0.2-0.4 microseconds, 1 for 29 February; does not grow with elapsed time.
  /// Finding that there is none until 2200 (a time that is always in a gap) takes 0.1 ms.
  [[nodiscard]] std::optional<WallTime> next_after(WallTime instant) const;

  /// The last scheduled time in (after, through]. Cost: as next_after.
  [[nodiscard]] std::optional<WallTime> latest_in(WallTime after, WallTime through) const;

  /// How many scheduled times (after, through] has. Cost: 1 microsecond a year at most.
  [[nodiscard]] std::int64_t count_in(WallTime after, WallTime through) const;

  [[nodiscard]] const TimeZone& zone() const { return zone_; }

  /// See above; decides whether DaylightSaving matters at all.
  [[nodiscard]] bool is_fixed() const { return fixed_; }

 private:
  explicit Schedule(const TimeZone& zone) : zone_(zone) {}

  // A stretch of constant offset with the local times that fire in it.
  struct Stretch {
    OffsetSpan span;
    // Local times before this one have fired earlier. Later than the stretch's first local time
    // after the clock was put back, earlier after it was put forward.
    LocalTime fresh_from;

    [[nodiscard]] LocalTime local_begin() const { return span.local(span.begin); }
    [[nodiscard]] LocalTime local_end() const { return span.local(span.end); }
  };

  [[nodiscard]] Stretch stretch_at(WallTime instant) const;
  [[nodiscard]] Stretch stretch_after(const Stretch& stretch) const;
  [[nodiscard]] bool fires_at_begin_for_gap(const Stretch& stretch) const;
  [[nodiscard]] std::optional<WallTime> first_in(const Stretch& stretch, WallTime from) const;
  [[nodiscard]] std::optional<WallTime> last_in(const Stretch& stretch, WallTime end) const;
  [[nodiscard]] std::int64_t count_in_stretch(const Stretch& stretch, WallTime from,
                                              WallTime end) const;

  cron::LocalPattern pattern_;
  TimeZone zone_;
  std::uint32_t every_seconds_ = 0;  // 0: the pattern decides
  bool fixed_ = false;
  bool once_ = false;  // fixed, and under DaylightSaving::kOnce
};

static_assert(sizeof(Schedule) <= Schedule::kBytesMax);

}  // namespace podcron
