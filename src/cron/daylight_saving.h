// What a schedule does when the zone's clock is put forward or back.
//
// Source: docs/adr/0004; Debian's cron(8) for kOnce, robfig/cron v3 for kAsCronJob.
#pragma once

#include <cstdint>

namespace podcron {

enum class DaylightSaving : std::uint8_t {
  /// Every local time of a fixed schedule (see Schedule) runs once: at the end of the gap that
  /// swallowed it, or at the first of the two times it occurs. Other schedules: as kAsCronJob.
  kOnce,
  /// Local times in a gap do not run; local times that occur twice run twice.
  kAsCronJob,
};

}  // namespace podcron
