#include "cli/local_time.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

namespace podcron::cli {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr std::array kWeekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/// "02:00", with seconds only where a zone's history has them.
std::string clock_text(LocalTime local) {
  const std::chrono::hh_mm_ss time(local - floor<days>(local));
  std::string text = fmt::format("{:02}:{:02}", time.hours().count(), time.minutes().count());
  if (time.seconds().count() != 0) text += fmt::format(":{:02}", time.seconds().count());
  return text;
}

/// "2026-03-29".
std::string date_text(LocalTime local) {
  const std::chrono::year_month_day date(floor<days>(local));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// At the boundary between two spans: what the clock showed, and shows from then on.
std::string change_text(LocalTime before, LocalTime after) {
  const bool forward = after > before;
  std::string text = fmt::format("clock goes {}, {} to {}", forward ? "forward" : "back",
                                 clock_text(before), clock_text(after));
  // Where the date line was moved, as in Samoa in 2011.
  if (std::chrono::abs(after - before) >= days{1}) {
    text += forward ? ", a day is left out" : ", a day comes twice";
  }
  return text;
}

}  // namespace

std::string local_text(const TimeZone& zone, WallTime instant) {
  const LocalTime local = zone.span_at(instant).local(instant);
  const auto day = floor<days>(local);
  const std::chrono::hh_mm_ss time(local - day);
  return fmt::format("{} {} {:02}:{:02}:{:02} {}",
                     kWeekdays[std::chrono::weekday(day).c_encoding()], date_text(local),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     zone.abbreviation_at(instant));
}

std::string local_text_with_zone(const TimeZone& zone, WallTime instant) {
  const LocalTime local = zone.span_at(instant).local(instant);
  return fmt::format("{} {} {}", date_text(local), clock_text(local), zone.name());
}

std::string clock_change_on_day(const TimeZone& zone, WallTime instant) {
  const OffsetSpan span = zone.span_at(instant);
  const auto day = floor<days>(span.local(instant));
  if (span.begin > kFirstInstant) {
    const OffsetSpan before = zone.span_at(span.begin - Seconds{1});
    const LocalTime from = before.local(span.begin);
    const LocalTime to = span.local(span.begin);
    if (from != to && (floor<days>(to) == day || floor<days>(from) == day)) {
      return change_text(from, to);
    }
  }
  if (span.end < kEndInstant) {
    const LocalTime from = span.local(span.end);
    const LocalTime to = zone.span_at(span.end).local(span.end);
    if (from != to && floor<days>(from) == day) return change_text(from, to);
  }
  return "";
}

}  // namespace podcron::cli
