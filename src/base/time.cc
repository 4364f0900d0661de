#include "base/time.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

namespace podcron {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct Fields {
  int year, month, day, hour, minute, second;
};

Fields fields_of(WallTime instant) {
  constexpr WallTime kFirst{sys_days{year{0} / 1 / 1}};
  constexpr WallTime kLast{sys_days{year{9999} / 12 / 31} + Seconds{86'399}};
  instant = std::clamp(instant, kFirst, kLast);
  const auto date = std::chrono::floor<days>(instant);
  const year_month_day ymd{date};
  const auto rest = static_cast<int>((instant - date).count());
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          rest / 3600,
          rest / 60 % 60,
          rest % 60};
}

/// Reads exactly `count` digits, then drops them.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<WallTime> instant_of(const Fields& f) {
  const year_month_day ymd{year{f.year}, month{static_cast<unsigned>(f.month)},
                           day{static_cast<unsigned>(f.day)}};
  if (!ymd.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  return sys_days{ymd} + Seconds{f.hour * 3600 + f.minute * 60 + f.second};
}

std::optional<Seconds> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return Seconds{0};
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes) return std::nullopt;
  const Seconds offset{*hours * 3600 + *minutes * 60};
  return west ? -offset : offset;
}

std::optional<WallMillis> read_rfc3339(std::string_view text) {
  Fields f{};
  const std::array<std::pair<int*, std::string_view>, 6> parts{{{&f.year, "-"},
                                                                {&f.month, "-"},
                                                                {&f.day, "Tt "},
                                                                {&f.hour, ":"},
                                                                {&f.minute, ":"},
                                                                {&f.second, ""}}};
  for (const auto& [field, separator] : parts) {
    const auto value = take_digits(text, field == &f.year ? 4 : 2);
    if (!value) return std::nullopt;
    *field = *value;
    if (!separator.empty() && !take(text, separator)) return std::nullopt;
  }
  Millis fraction{0};
  if (take(text, ".")) {
    int scale = 100;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += Millis{scale * (text.front() - '0')};
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  const auto offset = take_offset(text);
  const auto instant = instant_of(f);
  if (!offset || !instant || !text.empty()) return std::nullopt;
  return *instant - *offset + fraction;
}

}  // namespace

std::string to_rfc3339(WallTime instant) {
  const Fields f = fields_of(instant);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", f.year, f.month, f.day, f.hour,
                     f.minute, f.second);
}

std::string to_rfc3339_micro(WallMillis instant) {
  const WallTime seconds = whole_seconds(instant);
  std::string text = to_rfc3339(seconds);
  text.pop_back();
  return fmt::format("{}.{:03}000Z", text, (instant - seconds).count());
}

Result<WallMillis> parse_rfc3339_millis(std::string_view text) {
  if (const auto instant = read_rfc3339(text)) return *instant;
  return fail(ErrorCode::kMalformed,
              fmt::format("\"{}\" is not an RFC 3339 time such as 2026-03-08T07:30:00Z",
                          text.substr(0, 64)));
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  return parse_rfc3339_millis(text).map([](WallMillis instant) { return whole_seconds(instant); });
}

Result<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto malformed = [&] {
    return fail(ErrorCode::kMalformed,
                fmt::format("\"{}\" is not an HTTP date", text.substr(0, 64)));
  };
  std::string_view rest = text;
  const auto comma = rest.find(", ");
  if (comma != 3) return malformed();
  rest.remove_prefix(5);
  Fields f{};
  const auto day_of_month = take_digits(rest, 2);
  if (!day_of_month || !take(rest, " ") || rest.size() < 4) return malformed();
  const auto at = kMonths.find(rest.substr(0, 3));
  if (at == std::string_view::npos || at % 3 != 0) return malformed();
  rest.remove_prefix(3);
  if (!take(rest, " ")) return malformed();
  const auto y = take_digits(rest, 4);
  if (!y || !take(rest, " ")) return malformed();
  const auto h = take_digits(rest, 2);
  if (!h || !take(rest, ":")) return malformed();
  const auto m = take_digits(rest, 2);
  if (!m || !take(rest, ":")) return malformed();
  const auto s = take_digits(rest, 2);
  if (!s || rest != " GMT") return malformed();
  f = {*y, static_cast<int>(at / 3) + 1, *day_of_month, *h, *m, *s};
  const auto instant = instant_of(f);
  if (!instant) return malformed();
  return *instant;
}

}  // namespace podcron
