#include "reconcile/active.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "reconcile/ledger.h"

namespace podcron::reconcile {

bool settle(api::PodCronJobStatus& status, const RunFacts& fact_of) {
  bool changed = false;
  std::vector<api::ActiveRun> left;
  std::vector<std::pair<api::ActiveRun, RunFact>> ended;
  for (const api::ActiveRun& run : status.active) {
    RunFact fact = fact_of(run);
    if (fact.leaves) {
      ended.emplace_back(run, std::move(fact));
      continue;
    }
    left.push_back(run);
    if (fact.unknown && run.state != api::ActiveState::kUnknown) {
      left.back().state = api::ActiveState::kUnknown;
      changed = true;
    }
  }
  status.active = std::move(left);
  for (const auto& [run, fact] : ended) {
    add_history(status,
                {run.scheduled_time, run.scheduled_time, 1, fact.outcome, fact.reason, run.name});
    auto& last = fact.outcome == api::Outcome::kSucceeded ? status.last_successful_time
                                                          : status.last_failure_time;
    if (fact.outcome != api::Outcome::kSkipped) {
      last = last ? std::max(*last, fact.completed) : fact.completed;
    }
    note_harm(status, fact.generation, fact.harm);
    changed = true;
  }
  return changed;
}

bool ask_to_end(api::PodCronJobStatus& status) {
  bool asked = false;
  for (api::ActiveRun& run : status.active) {
    if (run.state != api::ActiveState::kActive) continue;
    run.state = api::ActiveState::kEnding;
    asked = true;
  }
  return asked;
}

}  // namespace podcron::reconcile
