// Go's duration notation, which `@every` takes: "1h30m", "1.5h", "90s".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace podcron::cron {

/// Whole seconds, as robfig/cron takes them: a fraction is cut off, but more than nothing is at
/// least 1. nullopt unless the text is a positive duration of at most 2^63 ns (292 years).
/// Source: Go's time.ParseDuration.
std::optional<std::int64_t> parse_go_duration(std::string_view text);

}  // namespace podcron::cron
