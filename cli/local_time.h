// Instants as people in a zone read them. What holds there is asked of TimeZone.
#pragma once

#include <string>

#include "base/time.h"
#include "cron/zone_database.h"

namespace podcron::cli {

/// "Sun 2026-03-29 03:00:00 CEST".
std::string local_text(const TimeZone& zone, WallTime instant);

/// "2026-03-29 03:00 Europe/Berlin", with seconds where they are not 0.
std::string local_text_with_zone(const TimeZone& zone, WallTime instant);

/// "clock goes forward, 02:00 to 03:00" if it does so on the local day of `instant`; "" if not.
std::string clock_change_on_day(const TimeZone& zone, WallTime instant);

}  // namespace podcron::cli
