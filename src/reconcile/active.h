// What stands in a PodCronJob's `active`: which runs have ended and leave it, which are asked to
// end. Shared by whoever adds a run there, scheduled or made by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/pod_cron_job.h"
#include "base/time.h"
#include "reconcile/harm.h"

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
  HarmFact harm = HarmFact::kNothing;
  std::int64_t generation = 0;  // of the spec that it ran under
};
using RunFacts = std::function<RunFact(const api::ActiveRun&)>;

/// Runs that ended leave `active`; runs whose end is unknown say so while they keep their place.
/// False: nothing changed.
bool settle(api::PodCronJobStatus& status, const RunFacts& fact_of);

/// Asks the holders to end what runs (Replace). An Unknown run cannot be asked: it keeps its place.
/// False: nobody is left to be asked.
bool ask_to_end(api::PodCronJobStatus& status);

}  // namespace podcron::reconcile
