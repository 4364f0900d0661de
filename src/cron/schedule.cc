#include "cron/schedule.h"

#include <algorithm>
#include <utility>

#include "cron/expression.h"

namespace podcron {
namespace {

// Offsets are less than a day either way, so local clocks of two instants that are further apart
// than this never show the same time.
constexpr Seconds kOffsetsApartMax{48 * 60 * 60};

// (after, through] as [from, end), cut to the window in which there are scheduled times.
struct Range {
  WallTime from;
  WallTime end;

  Range(WallTime after, WallTime through)
      : from(std::clamp(after, kFirstInstant - Seconds{1}, kEndInstant - Seconds{1}) + Seconds{1}),
        end(std::clamp(through, kFirstInstant - Seconds{1}, kEndInstant - Seconds{1}) +
            Seconds{1}) {}
};

// How many multiples of `period` lie before `end`, counted from one far in the past.
std::int64_t multiples_before(WallTime end, std::int64_t period) {
  const std::int64_t last = end.time_since_epoch().count() - 1;
  return last >= 0 ? last / period : -((-last + period - 1) / period);
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view expression, const TimeZone& zone,
                                 DaylightSaving daylight_saving, std::string_view identity) {
  auto parsed = cron::parse_expression(expression, identity);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  Schedule schedule(zone);
  schedule.pattern_ = parsed->pattern;
  schedule.every_seconds_ = parsed->every_seconds;
  schedule.fixed_ = parsed->fixed;
  schedule.once_ = parsed->fixed && daylight_saving == DaylightSaving::kOnce;
  return schedule;
}

std::optional<WallTime> Schedule::next_after(WallTime instant) const {
  const Range range(instant, kEndInstant);
  if (range.from >= range.end) return std::nullopt;
  if (every_seconds_ != 0) {
    const WallTime next{
        Seconds{(multiples_before(range.from, every_seconds_) + 1) * std::int64_t{every_seconds_}}};
    return next < range.end ? std::optional(next) : std::nullopt;
  }
  for (Stretch stretch = stretch_at(range.from);; stretch = stretch_after(stretch)) {
    if (const auto found = first_in(stretch, range.from)) return found;
    if (stretch.span.end >= range.end) return std::nullopt;
  }
}

std::optional<WallTime> Schedule::latest_in(WallTime after, WallTime through) const {
  const Range range(after, through);
  if (range.from >= range.end) return std::nullopt;
  if (every_seconds_ != 0) {
    const WallTime last{
        Seconds{multiples_before(range.end, every_seconds_) * std::int64_t{every_seconds_}}};
    return last >= range.from ? std::optional(last) : std::nullopt;
  }
  for (WallTime end = range.end; end > range.from;) {
    const Stretch stretch = stretch_at(end - Seconds{1});
    if (const auto found = last_in(stretch, end)) {
      return *found >= range.from ? found : std::nullopt;
    }
    end = stretch.span.begin;
  }
  return std::nullopt;
}

std::int64_t Schedule::count_in(WallTime after, WallTime through) const {
  const Range range(after, through);
  if (range.from >= range.end) return 0;
  if (every_seconds_ != 0) {
    return multiples_before(range.end, every_seconds_) -
           multiples_before(range.from, every_seconds_);
  }
  std::int64_t count = 0;
  for (Stretch stretch = stretch_at(range.from);; stretch = stretch_after(stretch)) {
    count += count_in_stretch(stretch, range.from, range.end);
    if (stretch.span.end >= range.end) return count;
  }
}

Schedule::Stretch Schedule::stretch_at(WallTime instant) const {
  Stretch found{zone_.span_at(instant), {}};
  found.fresh_from = found.local_begin();
  if (!once_ || found.span.begin <= kFirstInstant) return found;
  // The latest time the clock ever showed before: only the two days before can matter.
  const WallTime begin = found.span.begin;
  OffsetSpan earlier = zone_.span_at(begin - kOffsetsApartMax);
  found.fresh_from = earlier.local(earlier.end);
  while (earlier.end < begin) {
    earlier = zone_.span_at(earlier.end);
    found.fresh_from = std::max(found.fresh_from, earlier.local(earlier.end));
  }
  return found;
}

Schedule::Stretch Schedule::stretch_after(const Stretch& stretch) const {
  Stretch next{zone_.span_at(stretch.span.end), {}};
  next.fresh_from = once_ ? std::max(stretch.fresh_from, stretch.local_end()) : next.local_begin();
  return next;
}

bool Schedule::fires_at_begin_for_gap(const Stretch& stretch) const {
  return pattern_.first_in(stretch.fresh_from, stretch.local_begin()).has_value();
}

std::optional<WallTime> Schedule::first_in(const Stretch& stretch, WallTime from) const {
  if (from <= stretch.span.begin) {
    from = stretch.span.begin;
    if (fires_at_begin_for_gap(stretch)) return from;
  }
  const LocalTime local_from = std::max(stretch.span.local(from), stretch.fresh_from);
  const auto found = pattern_.first_in(local_from, stretch.local_end());
  return found ? std::optional(stretch.span.instant(*found)) : std::nullopt;
}

std::optional<WallTime> Schedule::last_in(const Stretch& stretch, WallTime end) const {
  const LocalTime local_from = std::max(stretch.local_begin(), stretch.fresh_from);
  const LocalTime local_end = stretch.span.local(std::min(end, stretch.span.end));
  if (const auto found = pattern_.last_in(local_from, local_end)) {
    return stretch.span.instant(*found);
  }
  if (end > stretch.span.begin && fires_at_begin_for_gap(stretch)) return stretch.span.begin;
  return std::nullopt;
}

std::int64_t Schedule::count_in_stretch(const Stretch& stretch, WallTime from, WallTime end) const {
  const OffsetSpan& span = stretch.span;
  const LocalTime local_from = std::max(span.local(std::max(from, span.begin)), stretch.fresh_from);
  const LocalTime local_end = span.local(std::min(end, span.end));
  std::int64_t count = pattern_.count_in(local_from, local_end);
  const bool has_begin = from <= span.begin && span.begin < end;
  if (has_begin && fires_at_begin_for_gap(stretch)) {
    // Not again if that instant is due anyway.
    const bool due_anyway = pattern_.first_in(local_from, local_from + Seconds{1}).has_value();
    if (!due_anyway) ++count;
  }
  return count;
}

}  // namespace podcron
