// The system's tzdata for tests: src/ may not read files, so the tests do.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cron/schedule.h"
#include "cron/zone_database.h"

namespace podcron::test {

inline constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo/";

/// The bytes of one zone; empty if the system has no such zone.
std::string read_zone(std::string_view name);

/// "Africa/Abidjan" to "Zulu", sorted, without the posix/ and right/ copies.
const std::vector<std::string>& all_zone_names();

/// One database of all of them.
const ZoneDatabase& system_zones();

/// Fails the test if the zone is unknown.
TimeZone zone(std::string_view name);

/// "2026-03-08T07:30:00Z"; fails the test if it is not RFC 3339.
WallTime instant(std::string_view text);

/// Fails the test, with the parser's message, if the expression is refused.
Schedule schedule(std::string_view expression, std::string_view zone_name = "UTC",
                  DaylightSaving daylight_saving = DaylightSaving::kAsCronJob,
                  std::string_view identity = "shop/digest");

/// The next `count` scheduled times after `from`, in RFC 3339; fewer if there are no more.
std::vector<std::string> next_times(const Schedule& schedule, std::string_view from,
                                    std::size_t count);

/// The parser's message; "accepted" if there is none.
std::string refusal(std::string_view expression, std::string_view identity = "shop/digest");

}  // namespace podcron::test
