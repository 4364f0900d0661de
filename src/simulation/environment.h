// What every part of the virtual cluster shares: time, chance, the fault plan, the record.
//
// One Prng draws everything, in the order of the timeline, so that one seed is the whole run.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "base/time.h"
#include "simulation/fault.h"
#include "simulation/report.h"
#include "simulation/timeline.h"
#include "simulation/trace.h"

namespace podcron::simulation {

struct Environment {
  explicit Environment(std::uint64_t seed) : prng(seed), faults(prng), trace(timeline) {
    report.seed = seed;
    report.mood = to_string(faults.mood());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Uniform in [least, most].
  Millis draw(Millis least, Millis most) {
    return least + Millis{static_cast<std::int64_t>(
                       prng.below(static_cast<std::uint64_t>((most - least).count()) + 1))};
  }
  bool strikes(FaultKind kind) { return faults.strikes(kind, prng); }

  /// The API server's clock, which is the true time.
  [[nodiscard]] WallMillis true_wall() const { return start + timeline.now(); }

  Timeline timeline;
  Prng prng;
  FaultPlan faults;
  Trace trace;
  Report report;
  WallMillis start{};
};

}  // namespace podcron::simulation
