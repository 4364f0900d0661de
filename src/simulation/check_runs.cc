// Invariants on PodJobs and processes: permits, starts, outcomes.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "simulation/checker.h"
#include "simulation/trace.h"

namespace podcron::simulation {
namespace {

constexpr std::string_view kRecordFinalizer = "podcron.dev/record";

bool has_record_finalizer(const Json& json) {
  const Json* finalizers = find_in(json, "metadata", "finalizers");
  return finalizers != nullptr &&
         std::find(finalizers->begin(), finalizers->end(), kRecordFinalizer) != finalizers->end();
}

std::string owner_uid(const Json& json) {
  const Json* owners = find_in(json, "metadata", "ownerReferences");
  if (owners == nullptr || !owners->is_array()) return {};
  for (const Json& owner : *owners) {
    if (text_in(owner, "kind") == "PodCronJob") return text_in(owner, "uid");
  }
  return {};
}

bool by_replica(const Author& author) {
  return author.name != "user" && author.name != "garbage collector";
}

/// Pods that the PodJob names as targets: as chosen, and as drawn again.
std::set<std::string> target_pods(const ObjectRef& pod_job) {
  std::set<std::string> uids;
  if (pod_job == nullptr) return uids;
  for (const Json* list :
       {find_in(pod_job->json, "spec", "targets"), find_in(pod_job->json, "status", "targets")}) {
    if (list == nullptr || !list->is_array()) continue;
    for (const Json& target : *list) uids.insert(text_in(target, "podUID"));
  }
  return uids;
}

/// Pods in which, the PodJob says, a process may still run.
std::set<std::string> pods_of_unknown_end(const Json& pod_job) {
  std::set<std::string> uids;
  const Json* targets = find_in(pod_job, "status", "targets");
  if (targets == nullptr || !targets->is_array()) return uids;
  for (const Json& target : *targets) {
    if (text_in(target, "outcome") == "Unknown") uids.insert(text_in(target, "podUID"));
  }
  return uids;
}

}  // namespace

void Checker::on_pod_job_change(const Change& change, VirtualTime now) {
  const Json& shown = change.shown->json;
  if (is_copy(change, now)) return check_copy(change, now);
  const bool by_hand = find_in(shown, "spec", "scheduledTime") == nullptr;
  const std::string owner = owner_uid(shown);
  if (!by_hand) owner_of_pod_job_[change.key] = owner;
  RunAccount& run = by_hand ? made_by_hand(change) : run_of(owner, change.key);
  if (!change.before) {
    if (!by_hand) on_permit(run, change, now);
  } else if (change.after) {
    check_update(run, change, now);
  } else {
    check_removal(run, change, now);
  }
  run.last = change.shown;
}

void Checker::on_permit(RunAccount& run, const Change& change, VirtualTime now) {
  ++pod_jobs_;
  const Json& json = change.shown->json;
  run.exists = true;
  run.pod_job_uid = text_in(json, "metadata", "uid");
  run.phase = text_in(json, "status", "phase");
  if (!run.claimed) {
    return report("S3 claim before permit",
                  fmt::format("{} creates PodJob {}, which was never claimed", change.author.name,
                              change.key.name),
                  now);
  }
  // A replica that was paused, or a request that was late, may bring a PodJob for a run that is
  // over. It is nobody's: no process may start for it, which check_permitted sees to.
  if (!in_active(run)) return;
  ++run.pod_jobs;
  if (run.pod_jobs > 1) {
    report("S1 unique claim", fmt::format("a second PodJob {} is created", change.key.name), now);
  }
  const Json* annotations = find_in(json, "metadata", "annotations");
  const std::string holder = annotations ? text_in(*annotations, "podcron.dev/holder") : "";
  if (!holder.starts_with(change.author.name + "/")) {
    report("S3 claim before permit",
           fmt::format("PodJob {} names holder \"{}\", but {} creates it", change.key.name, holder,
                       change.author.name),
           now);
  }
  if (!has_record_finalizer(json)) {
    report("S15 record is kept", fmt::format("PodJob {} has no finalizer", change.key.name), now);
  }
}

void Checker::check_update(RunAccount& run, const Change& change, VirtualTime now) {
  const Json& before = change.before->json;
  const Json& after = change.after->json;
  const std::string old_phase = text_in(before, "status", "phase");
  const std::string new_phase = text_in(after, "status", "phase");
  // A DELETE marks the object without a resourceVersion; it has the UID as its precondition.
  const bool marked = find_in(before, "metadata", "deletionTimestamp") == nullptr &&
                      find_in(after, "metadata", "deletionTimestamp") != nullptr;
  if (by_replica(change.author) && !change.author.conditional && !marked) {
    report("S1 compare-and-swap",
           fmt::format("{} wrote PodJob {} without resourceVersion", change.author.name,
                       change.key.name),
           now);
  }
  if (is_final_phase(old_phase) && new_phase != old_phase) {
    report("S4 final is final",
           fmt::format("{} went from {} to \"{}\"", change.key.name, old_phase, new_phase), now);
  }
  // A PodJob that was never dialled may go: its holder lost the claim to another one.
  const bool undialled = run.processes.empty() && !is_final_phase(old_phase) && !marked &&
                         find_in(before, "metadata", "deletionTimestamp") != nullptr;
  if (has_record_finalizer(before) && !has_record_finalizer(after) && in_active(run) &&
      !undialled) {
    report("S15 record is kept",
           fmt::format("{} drops the finalizer of {}, which is still in active", change.author.name,
                       change.key.name),
           now);
  }
  run.phase = new_phase;
  if (!is_final_phase(old_phase) && is_final_phase(new_phase)) {
    run.final_at = now;
    run.end_unknown = new_phase == "Unknown" || !pods_of_unknown_end(after).empty();
    ++outcomes_[fmt::format("{}/{}", new_phase, text_in(after, "status", "reason"))];
    check_final(run, after, now);
  }
}

void Checker::check_final(const RunAccount& run, const Json& pod_job, VirtualTime now) {
  const std::string phase = text_in(pod_job, "status", "phase");
  const Json* targets = find_in(pod_job, "status", "targets");
  if (targets != nullptr && targets->is_array()) {
    for (const Json& target : *targets) check_target(run, target, now);
  }
  const auto proven =
      std::count_if(run.processes.begin(), run.processes.end(), [&](std::uint64_t number) {
        const ProcessRecord& process = ledger_.process(number);
        return process.ended && process.exit_code == 0;
      });
  if (phase == "Succeeded" && proven == 0) {
    report("S5 success needs proof",
           fmt::format("{} is Succeeded, but no process of it has ended with 0", run.key.name),
           now);
  }
  if (phase != "Failed") return;
  // Of several targets some may be Unknown, and the run Failed because of others. Whatever else was
  // started, on a pod that was drawn before too, must be over.
  const std::set<std::string> unknown = pods_of_unknown_end(pod_job);
  for (const std::uint64_t number : run.processes) {
    const ProcessRecord& process = ledger_.process(number);
    if (process.ended || unknown.contains(process.pod_uid)) continue;
    report(
        "S5 failure is certain",
        fmt::format("{} is Failed while its process in {} still runs", run.key.name, process.pod),
        now);
  }
}

/// What a target's entry claims agrees with the ledger.
void Checker::check_target(const RunAccount& run, const Json& target, VirtualTime now) {
  const std::string outcome = text_in(target, "outcome");
  const std::string pod_uid = text_in(target, "podUID");
  const ProcessRecord* process = nullptr;
  for (const std::uint64_t number : run.processes) {
    if (ledger_.process(number).pod_uid == pod_uid) process = &ledger_.process(number);
  }
  const auto exit_code = number_in(target, -1, "exitCode");
  const auto broken = [&](std::string_view invariant, std::string_view why) {
    report(invariant,
           fmt::format("{} says {} (exit code {}) of pod {}: {}", run.key.name, outcome, exit_code,
                       text_in(target, "podName"), why),
           now);
  };
  if (outcome == "Succeeded") {
    if (process == nullptr) return broken("S5 success needs proof", "no process started there");
    if (!process->ended) return broken("S5 success needs proof", "its process still runs");
    if (process->exit_code != 0) broken("S5 success needs proof", "its process ended otherwise");
  } else if (outcome == "Failed") {
    if (process == nullptr) return broken("S5 failure is certain", "no process started there");
    if (!process->ended) return broken("S5 failure is certain", "its process still runs");
    if (exit_code >= 0 && process->exit_code != exit_code) {
      broken("S5 failure is certain", fmt::format("it ended with {}", process->exit_code));
    }
  } else if (outcome == "NotStarted" && process != nullptr) {
    broken("S5 failure is certain", "a process started there");
  } else if (outcome == "Pending" || outcome == "Running") {
    broken("S4 final is final", "the run is over, the target is not");
  }
}

void Checker::check_removal(RunAccount& run, const Change& change, VirtualTime now) {
  run.exists = false;
  const bool was_final = is_final_phase(text_in(change.before->json, "status", "phase"));
  // Never dialled: who took the claim over makes the run's only one.
  if (run.processes.empty() && !was_final && run.pod_jobs > 0) --run.pod_jobs;
  const auto owner = schedules_.find(run.owner);
  const bool owner_lives = owner != schedules_.end() && !owner->second.removed;
  // One that came late, for a run that is over, may go: the processes were another PodJob's.
  const bool started = run.processes.size() > 0 && in_active(run);
  if (by_replica(change.author) && !was_final && started && owner_lives) {
    report("S15 record is kept",
           fmt::format("{} removes PodJob {}, which has started a process and is not over",
                       change.author.name, change.key.name),
           now);
  }
}

void Checker::on_process_start(const ProcessRecord& process) {
  RunAccount* run = run_of_process(process);
  if (run == nullptr) {
    return report("S3 permit before start",
                  fmt::format("a process of {} starts in {} without a PodJob", process.task.run_id,
                              process.pod),
                  process.started);
  }
  run->processes.push_back(process.number);
  check_permitted(*run, process);
  check_once(*run, process);
  check_times(*run, process);
  check_overlap(*run, process);
  check_advised(*run, process);
}

void Checker::check_advised(const RunAccount& run, const ProcessRecord& process) {
  if (run.last == nullptr) return;
  const Json* strategy = find_in(run.last->json, "spec", "strategy");
  if (strategy == nullptr || text_in(*strategy, "type") != "Webhook" ||
      text_in(*strategy, "webhook", "failurePolicy") != "Fail") {
    return;
  }
  const auto said = advised_.find(run.key.name);
  if (said != advised_.end() && said->second.contains(process.pod)) return;
  report("S17 advised",
         fmt::format("a process of {} starts in {}, which the strategy service did not choose",
                     run.key.name, process.pod),
         process.started);
}

void Checker::check_permitted(const RunAccount& run, const ProcessRecord& process) {
  const VirtualTime now = process.started;
  const auto within_reads = [&](const std::optional<VirtualTime>& since) {
    return since && now <= *since + limits_.reads + limits_.dial;
  };
  const auto broken = [&](std::string_view invariant, std::string_view why) {
    report(invariant,
           fmt::format("a process of {} starts in {}: {}", run.key.name, process.pod, why), now);
  };
  if (run.pod_jobs == 0) broken("S3 permit before start", "its PodJob is nobody's");
  if (run.by_hand && run.last != nullptr &&
      !text_in(run.last->json, "metadata", "annotations", "podcron.dev/holder")
           .starts_with(run.owner + "/")) {
    broken("S3 permit before start", "its PodJob has no mark of a holder");
  }
  if (!run.exists && !within_reads(run.left_active)) {
    broken("S3 permit before start", "its PodJob does not exist");
  }
  // The PodCronJob is read once a run: of several targets, later ones start by the PodJob alone.
  const bool first = run.processes.size() == 1;
  if (first && !in_active(run) && !within_reads(run.left_active)) {
    broken("S3 claim before start", "it is not in active");
  }
  // Succeeded and Failed say that nothing starts any more. Unknown, of the run or of this target of
  // a run that failed for another, does not.
  const bool may_start = run.phase != "Succeeded" && run.phase != "Failed";
  if (!may_start && !pods_of_unknown_end(run.last->json).contains(process.pod_uid)) {
    broken("S5 failure is certain", "the run is " + run.phase);
  }
  if (!target_pods(run.last).contains(process.pod_uid)) {
    broken("S13 recorded pod", "the PodJob names no target with this pod's UID");
  }
  if (process.task.pod_name != process.pod) {
    broken("S13 recorded pod", "it was told to be in pod " + process.task.pod_name);
  }
  const auto scheduled = parse_rfc3339(process.task.scheduled_time);
  if (!scheduled || *scheduled != run.scheduled_time) {
    broken("S12 snapshot", "it was told scheduled time " + process.task.scheduled_time);
  }
}

void Checker::check_once(const RunAccount& run, const ProcessRecord& process) {
  for (const std::uint64_t number : run.processes) {
    const ProcessRecord& other = ledger_.process(number);
    if (number == process.number) continue;
    const bool same_target = other.task.target_index == process.task.target_index &&
                             other.task.attempt == process.task.attempt;
    if (same_target || other.pod_uid == process.pod_uid) {
      report("S2 one start",
             fmt::format("{} target {} starts in {} at {} and in {} at {}", run.key.name,
                         process.task.target_index, other.pod, clock_text(other.started),
                         process.pod, clock_text(process.started)),
             process.started);
    }
  }
}

void Checker::check_times(const RunAccount& run, const ProcessRecord& process) {
  const WallMillis started = wall(process.started);
  const WallMillis scheduled{run.scheduled_time};
  if (started + limits_.skew < scheduled) {
    report("S8 not early",
           fmt::format("{} starts {} ms before its scheduled time", run.key.name,
                       (scheduled - started).count()),
           process.started);
  }
  // Only a run's first start is bound. With several targets the others wait their turn, and the
  // first one may have started nothing without anybody knowing: then it is Unknown.
  if (run.processes.size() > 1) return;
  if (run.last == nullptr) return;
  const Json* targets = find_in(run.last->json, "status", "targets");
  if (targets != nullptr && targets->size() > 1) return;
  const std::int64_t deadline = number_in(run.last->json, -1, "spec", "startingDeadlineSeconds");
  if (deadline < 0) return;
  const WallMillis latest = scheduled + Seconds{deadline} + limits_.dial + limits_.skew;
  if (started > latest) {
    report("S10 starting deadline",
           fmt::format("{} starts {} ms after its starting deadline", run.key.name,
                       (started - scheduled - Seconds{deadline}).count()),
           process.started);
  }
}

void Checker::check_overlap(const RunAccount& run, const ProcessRecord& process) {
  const auto owner = schedules_.find(run.parent);
  if (owner == schedules_.end() || run.last == nullptr ||
      text_in(run.last->json, "metadata", "labels", "policy") == "Allow") {
    return;
  }
  for (const auto& [key, other] : runs_) {
    if (other.parent != run.parent || &other == &run) continue;
    for (const std::uint64_t number : other.processes) {
      const ProcessRecord& earlier = ledger_.process(number);
      if (earlier.ended || gave_up_place(other, earlier, process.started)) continue;
      report("S9 one at a time",
             fmt::format("{} starts in {} while {} still runs in {}, recorded as \"{}\"",
                         run.key.name, process.pod, other.key.name, earlier.pod, other.phase),
             process.started);
    }
  }
}

/// The contract's section 7.5: Unknown gives up its place once the deadline and one lease duration
/// have passed, or a user deletes the PodJob. (A container that is gone has no running process.)
bool Checker::gave_up_place(const RunAccount& run, const ProcessRecord& process,
                            VirtualTime now) const {
  // A run may be Failed for one target while another's end is unknown; that one keeps the place.
  if (run.phase != "Unknown" && run.phase != "Failed") return false;
  if (user_deleted_.contains(run.key)) return true;
  const Seconds deadline{number_in(run.last->json, 600, "spec", "activeDeadlineSeconds")};
  // The deadline is the run's: from its first dial, in whole seconds of the holder's clock.
  const auto start = time_in(run.last->json, "status", "startTime");
  const Millis begin = start ? WallMillis(*start) - limits_.start : process.started;
  const Millis earliest = deadline + limits_.lease - limits_.skew - limits_.dial;
  return now >= begin + earliest;
}

}  // namespace podcron::simulation
