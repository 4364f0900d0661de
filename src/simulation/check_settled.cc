// Liveness: what must hold some time after the faults have stopped.
#include <algorithm>

#include <fmt/format.h>

#include "simulation/checker.h"

namespace podcron::simulation {
namespace {

/// A due time of the last few seconds may still be on its way.
constexpr Seconds kRecent{5};
/// Equal neighbours are written at most once in five minutes (the contract's section 3), so that
/// far behind, `decidedThrough` may be of times that are decided but not written.
constexpr Seconds kDeferred{300};

bool condition_holds(const Json& pod_cron_job, std::string_view type) {
  const Json* conditions = find_in(pod_cron_job, "status", "conditions");
  if (conditions == nullptr || !conditions->is_array()) return false;
  return std::any_of(conditions->begin(), conditions->end(), [&](const Json& condition) {
    if (text_in(condition, "type") != type) return false;
    // Its own runs may be in all of its pods just now.
    return text_in(condition, "status") == "True" ||
           text_in(condition, "message").find("PodBusy") != std::string::npos;
  });
}

}  // namespace

void Checker::on_settled(const ObjectStore& store, VirtualTime now, VirtualTime settled_since) {
  for (const auto& [uid, account] : schedules_) {
    if (account.removed) continue;
    const ObjectRef object = store.find(Resource::kPodCronJobs, account.key);
    if (object == nullptr) continue;
    if (find_in(object->json, "metadata", "deletionTimestamp") != nullptr) {
      report("L1 settles", fmt::format("{} is still being deleted", account.key.name), now);
      continue;
    }
    check_settled_schedule(account, object->json, now);
  }
  check_settled_runs(store, now);
  if (now < settled_since) report("L1 settles", "the liveness phase did not happen", now);
}

void Checker::on_settled_replica(std::string_view holder, engine::EngineHealth health,
                                 VirtualTime now) {
  if (health.synced && health.reachable && health.held) return;
  report("L1 settles",
         fmt::format("{} is not ready: synced {}, reachable {}, lease held {}", holder,
                     health.synced, health.reachable, health.held),
         now);
}

void Checker::check_settled_schedule(const ScheduleAccount& account, const Json& pod_cron_job,
                                     VirtualTime now) {
  const auto broken = [&](std::string what) {
    report("L1 settles", fmt::format("{}: {}", account.key.name, what), now);
  };
  const ScheduleStatusView& status = account.status;
  if (!status.decided_through || !status.observed) return broken("nothing was ever decided");
  const Json* suspend = find_in(pod_cron_job, "spec", "suspend");
  const bool suspended = suspend != nullptr && *suspend == true;
  if (status.observed->suspend != suspended ||
      status.observed->schedule != text_in(pod_cron_job, "spec", "schedule")) {
    broken("the last edit was not taken in");
  }
  const WallTime today = whole_seconds(wall(now));
  const bool skipping = !status.history.empty() && (status.history.back().outcome == "Skipped" ||
                                                    status.history.back().outcome == "Missed");
  const Seconds tolerated = skipping ? kDeferred : kRecent;
  const auto beat = beat_of(status.observed->schedule);
  // Behind a run, or a time that waits for its deadline, others may wait for long.
  const bool in_order = text_in(pod_cron_job, "spec", "concurrencyPolicy") == "Queue" ||
                        text_in(pod_cron_job, "spec", "catchUpPolicy") != "Latest";
  if (beat && !suspended && !in_order &&
      count_due(*beat, *status.decided_through, today - tolerated) > 0) {
    broken(fmt::format("decidedThrough {} at {}", to_rfc3339(*status.decided_through),
                       to_rfc3339(today)));
  }
  if (*status.decided_through > today + Seconds{10}) broken("decidedThrough is in the future");
  for (const ActiveView& entry : status.active) {
    const RunAccount* found = run_in_history(text_in(pod_cron_job, "metadata", "uid"), entry.name);
    if (found == nullptr) continue;
    const RunAccount& run = *found;
    // An unknown end keeps its place for a while; whatever else is over has left `active` in 10 s.
    const bool over = run.final_at && !run.end_unknown && now > *run.final_at + Seconds{15};
    if (over) broken(fmt::format("{} is {} and still in active", entry.name, run.phase));
    if (!run.final_at && now > run.claimed_at + Seconds{60}) {
      broken(fmt::format("{} is in active for more than a minute, phase \"{}\"", entry.name,
                         run.phase));
    }
  }
  for (const char* type : {"ScheduleValid", "TargetsAvailable", "Ready"}) {
    if (!condition_holds(pod_cron_job, type)) broken(fmt::format("condition {} is not True", type));
  }
}

void Checker::check_settled_runs(const ObjectStore& store, VirtualTime now) {
  std::map<std::string, std::map<std::string, int>> kept;  // by owner: phase -> count
  check_settled_by_hand(store, now);
  for (auto& [key, run] : runs_) {
    if (!run.exists || run.by_hand) continue;
    const ObjectRef object = store.find(Resource::kPodJobs, run.key);
    if (object == nullptr) continue;
    const Json* finalizers = find_in(object->json, "metadata", "finalizers");
    const bool held = finalizers != nullptr && !finalizers->empty();
    const bool left = run.left_active && now > *run.left_active + Seconds{20};
    if (run.final_at && left && !in_active(run) && held) {
      report("L1 settles", fmt::format("{} has ended and keeps its finalizer", run.key.name), now);
    }
    if (!run.final_at && !in_active(run) && left) {
      report("L1 settles", fmt::format("{} is nobody's and not over", run.key.name), now);
    }
    if (run.final_at && left) ++kept[run.owner][run.phase];
  }
  for (const auto& owned : kept) {
    const std::map<std::string, int>& phases = owned.second;
    const auto account = schedules_.find(owned.first);
    if (account == schedules_.end() || account->second.removed) continue;
    const ObjectRef object = store.find(Resource::kPodCronJobs, account->second.key);
    if (object == nullptr) continue;
    const auto count = [&](const char* phase) {
      const auto found = phases.find(phase);
      return found == phases.end() ? 0 : found->second;
    };
    const auto limit = [&](const char* field, std::int64_t otherwise) {
      return number_in(object->json, otherwise, "spec", field);
    };
    if (count("Succeeded") > limit("successfulJobsHistoryLimit", 3) ||
        count("Failed") + count("Unknown") > limit("failedJobsHistoryLimit", 1)) {
      report("L1 settles",
             fmt::format("{} keeps {} Succeeded, {} Failed and {} Unknown PodJobs",
                         account->second.key.name, count("Succeeded"), count("Failed"),
                         count("Unknown")),
             now);
    }
  }
}

}  // namespace podcron::simulation
