// A cron expression's text taken apart, before it meets a time zone.
//
// Source: the dialect is described at Schedule::parse; robfig/cron v3 ParseStandard decides what
// is accepted beyond crontab(5), and docs/adr/0004 names the accidents of it that are not.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "cron/local_pattern.h"

namespace podcron::cron {

struct Expression {
  LocalPattern pattern;             // unused if every_seconds is set
  std::uint32_t every_seconds = 0;  // of "@every", at least 1
  bool fixed = false;               // names times of the day: see Schedule
};

/// `@every` may be this long at most, so that one is always due within podcron's window.
inline constexpr std::int64_t kEverySecondsMax = std::int64_t{100} * 365 * 24 * 60 * 60;

/// Errors: kInvalidArgument, as Schedule::parse says. Cost: linear in the text.
Result<Expression> parse_expression(std::string_view text, std::string_view identity);

}  // namespace podcron::cron
