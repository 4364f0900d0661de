// The end of runs as the PodCronJob's status tells it: from `active` to `history`.
//
// Pure. Part of every plan, and all that a replica writes there which does not lead.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/pod_cron_job.h"
#include "base/time.h"

namespace podcron::reconcile {

/// What is known of a run that stands in `active`.
struct RunFact {
  /// It has ended and no longer keeps its place: it moves from `active` to `history`.
  bool leaves = false;
  /// Its record is Unknown while it keeps its place (the contract's section 7.5).
  bool unknown = false;
  api::Outcome outcome = api::Outcome::kUnknown;
  std::string reason;
  WallTime completed;
  bool harmed = false;          // some target was TargetHarmed
  std::int64_t generation = 0;  // of the spec that it ran under; 0: it did not run
};

/// Runs that ended leave `active`; runs whose end is unknown say so while they keep their place.
/// True if anything changed.
bool settle(api::PodCronJobStatus& status,
            const std::function<RunFact(const api::ActiveRun&)>& fact_of);

}  // namespace podcron::reconcile
