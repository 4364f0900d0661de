#include "cron/duration.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace podcron::cron {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr Wide kNanosMax = std::numeric_limits<std::int64_t>::max();

// The longest unit that begins with the same letters comes first.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kNanosByUnit{{
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},  // micro sign
    {"\xCE\xBCs", 1'000},  // Greek mu
    {"ms", 1'000'000},
    {"s", kNanosPerSecond},
    {"m", 60 * kNanosPerSecond},
    {"h", 3'600 * kNanosPerSecond},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t take_unit(std::string_view& text) {
  for (const auto& [unit, nanos] : kNanosByUnit) {
    if (!text.starts_with(unit)) continue;
    text.remove_prefix(unit.size());
    return nanos;
  }
  return 0;
}

// Takes "12.5h" off the front. nullopt if there is none or it is too long to count.
std::optional<Wide> take_part(std::string_view& text) {
  Wide whole = 0;
  Wide fraction = 0;
  Wide scale = 1;
  std::size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    whole = std::min(whole * 10 + static_cast<unsigned>(text.front() - '0'), kNanosMax);
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
      if (scale > 1'000'000'000'000'000) continue;  // far below a nanosecond, even of an hour
      fraction = fraction * 10 + static_cast<unsigned>(text.front() - '0');
      scale *= 10;
    }
  }
  if (digits == 0) return std::nullopt;
  const auto unit = static_cast<Wide>(take_unit(text));
  if (unit == 0) return std::nullopt;
  return whole * unit + fraction * unit / scale;
}

}  // namespace

std::optional<std::int64_t> parse_go_duration(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  Wide nanos = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    nanos += *part;
    if (nanos > kNanosMax) return std::nullopt;
  }
  if (nanos == 0) return std::nullopt;
  return std::max<std::int64_t>(static_cast<std::int64_t>(nanos) / kNanosPerSecond, 1);
}

}  // namespace podcron::cron
