#include "cli/moment.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace podcron::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

/// A stretch as the clocks of a zone show it: [begin, begin + length).
struct LocalStretch {
  LocalTime begin;
  Seconds length;
};

/// Takes `digits` digits and, if `separator` is not 0, the one that must stand before them.
bool take(std::string_view& text, char separator, std::size_t digits, int& value) {
  if (separator != '\0') {
    if (text.empty() || text.front() != separator) return false;
    text.remove_prefix(1);
  }
  if (text.size() < digits) return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(text.begin(), text.begin() + digits, is_digit)) return false;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return true;
}

std::optional<std::chrono::local_days> take_day(std::string_view& text) {
  std::string_view rest = text;
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take(rest, '\0', 4, year) || !take(rest, '-', 2, month) || !take(rest, '-', 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  text = rest;
  return std::chrono::local_days(date);
}

/// All of `text` as a time of the day.
std::optional<LocalStretch> time_of_day(std::string_view text, std::chrono::local_days day) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take(text, '\0', 2, hour) || !take(text, ':', 2, minute)) return std::nullopt;
  const bool has_seconds = !text.empty();
  if (has_seconds && !take(text, ':', 2, second)) return std::nullopt;
  const bool in_range = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                        second < 60 && text.empty();
  if (!in_range) return std::nullopt;
  return LocalStretch{LocalTime(day) + hours(hour) + minutes(minute) + Seconds(second),
                      has_seconds ? Seconds(1) : Seconds(60)};
}

/// The instants at which the zone's clocks show `local`.
std::vector<Stretch> instants_of(const TimeZone& zone, const LocalStretch& local) {
  // No zone is, or ever was, further from UTC.
  constexpr Seconds kOffsetMax = days(2);
  const LocalTime local_end = local.begin + local.length;
  const WallTime last = WallTime(local_end.time_since_epoch()) + kOffsetMax;
  std::vector<Stretch> found;
  WallTime at = WallTime(local.begin.time_since_epoch()) - kOffsetMax;
  while (at < last) {
    const OffsetSpan span = zone.span_at(at);
    const WallTime begin = std::max(span.instant(local.begin), span.begin);
    const WallTime end = std::min(span.instant(local_end), span.end);
    if (begin < end) {
      // A day on which the clock changes is one stretch all the same.
      if (!found.empty() && found.back().end == begin) {
        found.back().end = end;
      } else {
        found.push_back({begin, end});
      }
    }
    if (span.end <= at) break;  // the end of the window in which podcron tells local time
    at = span.end;
  }
  return found;
}

/// The one on the local day of `now`, or the day before if that is still to come.
std::vector<Stretch> latest_time_of_day(std::string_view text, const TimeZone& zone, WallTime now) {
  const auto today = std::chrono::floor<days>(zone.span_at(now).local(now));
  for (const int back : {0, 1}) {
    const auto local = time_of_day(text, today - days(back));
    if (!local) return {};
    auto found = instants_of(zone, *local);
    if (!found.empty() && found.front().begin <= now) return found;
  }
  return {};
}

}  // namespace

Result<std::vector<Stretch>> parse_moment(std::string_view text, const TimeZone& zone,
                                          WallTime now) {
  if (const auto instant = parse_rfc3339(text)) {
    return std::vector{Stretch{*instant, *instant + Seconds(1)}};
  }
  std::string_view rest = text;
  std::optional<LocalStretch> local;
  if (const auto day = take_day(rest)) {
    if (rest.empty()) {
      local = LocalStretch{LocalTime(*day), days(1)};
    } else if (rest.front() == 'T' || rest.front() == ' ') {
      local = time_of_day(rest.substr(1), *day);
    }
    if (local) return instants_of(zone, *local);
  } else if (time_of_day(text, std::chrono::local_days())) {
    return latest_time_of_day(text, zone, now);
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no time; wanted a day such as 2026-11-22, a time such as "
                          "2026-11-22T03:00 or 03:00, or an instant such as 2026-11-22T03:00:00Z",
                          text));
}

}  // namespace podcron::cli
