// A time as people ask about it: an instant, a day, or a time of the day.
//
// Source: RFC 3339; ISO 8601 for the shorter forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cron/zone_database.h"

namespace podcron::cli {

/// Instants [begin, end).
struct Stretch {
  WallTime begin;
  WallTime end;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// What `text` may mean in `zone`, in order: one stretch, two where the clock was put back and
/// shows it twice, none where it was put forward over it.
///   2026-11-22T03:00:00Z        that second (any RFC 3339 instant, whatever the zone)
///   2026-11-22                  that day
///   2026-11-22T03:00[:30]       that minute, or second; a blank may stand for the T
///   03:00[:30]                  the latest one that is not later than `now`
/// Errors: kInvalidArgument, saying what was got and these forms.
Result<std::vector<Stretch>> parse_moment(std::string_view text, const TimeZone& zone,
                                          WallTime now);

}  // namespace podcron::cli
