#include "simulation/checker.h"

#include <algorithm>

#include <fmt/format.h>

namespace podcron::simulation {

void Checker::report(std::string_view invariant, std::string what, VirtualTime now) {
  if (violation_) return;
  violation_ = Violation{now, 0, std::string(invariant), std::move(what)};
}

void Checker::fill(Report& report) const {
  report.claims = claims_;
  report.pod_jobs = pod_jobs_;
  report.outcomes = outcomes_;
  report.violation = violation_;
}

void Checker::on_change(const Change& change, VirtualTime now) {
  if (change.resource == Resource::kPodCronJobs) on_schedule_change(change, now);
  if (change.resource == Resource::kPodJobs) on_pod_job_change(change, now);
}

void Checker::on_dial(const Dial& dial, VirtualTime now) {
  for (auto& [key, run] : runs_) {
    if ((run.by_hand ? key.first : key.second) != dial.run_id) continue;
    run.dialled_by.insert(dial.holder);
    if (run.dialled_by.size() > 1) {
      report("S2 one holder dials",
             fmt::format("{} is dialled by {}, and was dialled by another before", dial.run_id,
                         dial.holder),
             now);
    }
    if (!run.exists && run.left_active) {
      report("S3 permit before start",
             fmt::format("{} is dialled although its PodJob is gone", dial.run_id), now);
    }
    return;
  }
  report("S3 permit before start", fmt::format("{} is dialled, but was never claimed", dial.run_id),
         now);
}

bool Checker::in_active(const RunAccount& run) const {
  // Without a PodCronJob there is no other word than its own.
  if (run.by_hand && run.parent_name.empty()) return run.exists && !is_final_phase(run.phase);
  const auto owner = schedules_.find(run.parent);
  return owner != schedules_.end() && !owner->second.removed &&
         owner->second.status.lists(run.key.name);
}

Checker::RunAccount& Checker::run_of(const std::string& owner, const ObjectKey& key) {
  RunAccount& run = runs_[{owner, key.name}];
  run.key = key;
  run.owner = owner;
  if (!run.by_hand) run.parent = owner;
  return run;
}

Checker::RunAccount* Checker::run_of_process(const ProcessRecord& process) {
  if (RunAccount* made = run_by_hand(process.task.run_id)) return made;
  const ObjectKey key{process.namespace_, process.task.run_id};
  const auto owner = owner_of_pod_job_.find(key);
  if (owner == owner_of_pod_job_.end()) return nullptr;
  const auto run = runs_.find({owner->second, key.name});
  return run == runs_.end() ? nullptr : &run->second;
}

}  // namespace podcron::simulation
