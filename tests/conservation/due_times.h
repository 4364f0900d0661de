// The truth about due times: brute force over every minute, for a small table of schedules.
//
// Shares nothing with cron/schedule.h: an entry says in plain bits which minutes of the local clock
// it names, and the walk asks each minute of UTC what the local clock shows. Only the zone's offset
// comes from tzdata, as everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cron/zone_database.h"

namespace podcron::conservation {

/// A schedule as text for podcron and as bits for the walk.
struct Rhythm {
  std::string_view text;
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint32_t days = ~0U;     // of the month
  std::uint8_t weekdays = 127;  // Sunday is bit 0
  std::int64_t second = 0;
  /// Seconds, of `@every`; counted from the epoch. 0: the bits decide.
  std::int64_t every = 0;
  /// The contract's word: none of second, minute and hour begins with `*`.
  bool fixed = false;
  /// How many a day, roughly: stories are made of all kinds, not mostly of frequent ones.
  std::int64_t times_a_day = 0;
};

/// All that a story may draw. The last one is no schedule: podcron refuses its text.
const std::vector<Rhythm>& rhythms();
const Rhythm& rhythm_of(std::string_view text);

/// The due times of one rhythm in one zone, found as far as they are asked for.
class DueTimes {
 public:
  /// `once`: daylightSaving is Once.
  DueTimes(const Rhythm& rhythm, const TimeZone& zone, bool once)
      : rhythm_(&rhythm), zone_(zone), once_(once) {}

  /// Those in (after, through], oldest first.
  std::vector<WallTime> in(WallTime after, WallTime through);
  /// The first one later than `instant`; WallTime::max() if the next 40 days have none.
  WallTime next(WallTime instant);

 private:
  void restart(WallTime instant);
  void walk_day(bool keep);
  bool names(std::int64_t local) const;

  const Rhythm* rhythm_;
  TimeZone zone_;
  bool once_;
  OffsetSpan span_{};
  std::int64_t begin_ = 0;
  std::int64_t walked_ = 0;   // Unix seconds: everything in [begin_, walked_) is known
  std::int64_t reached_ = 0;  // the latest that the local clock has shown
  std::vector<WallTime> found_;
};

}  // namespace podcron::conservation
