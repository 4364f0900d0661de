// Invariants on PodJobs that users make by hand, and on copies of PodJobs, which never run.
#include <fmt/format.h>

#include "simulation/checker.h"

namespace podcron::simulation {
namespace {

/// From the deadline on: a dial, the command to its own deadline, and a take-over.
constexpr Seconds kOverAfter{10};
constexpr Seconds kCopySettles{40};
/// A place that is kept for an unknown end goes after the deadline and a lease; then the rest.
constexpr Seconds kTidiedAfter{30};

std::string holder_mark(const Json& pod_job) {
  return text_in(pod_job, "metadata", "annotations", "podcron.dev/holder");
}

}  // namespace

/// Whoever makes a PodJob that says it was claimed, or due, copies one.
bool Checker::is_copy(const Change& change, VirtualTime now) {
  const Json& json = change.shown->json;
  const std::string uid = text_in(json, "metadata", "uid");
  const bool made = !change.before && change.author.name == "user" &&
                    (find_in(json, "spec", "scheduledTime") != nullptr ||
                     find_in(json, "metadata", "annotations", "podcron.dev/holder") != nullptr);
  if (made) copies_.emplace(uid, now);
  return copies_.contains(uid);
}

void Checker::check_copy(const Change& change, VirtualTime now) {
  const std::string phase = text_in(change.shown->json, "status", "phase");
  if (phase.empty() || phase == "Pending" || phase == "Unknown") return;
  // A user's delete comes before what else there is to be said of it.
  report("S19 copies never run", fmt::format("the copy {} is {}", change.key.name, phase), now);
}

Checker::RunAccount& Checker::made_by_hand(const Change& change) {
  const Json& json = change.shown->json;
  const std::string uid = text_in(json, "metadata", "uid");
  RunAccount& run = runs_[{uid, change.key.name}];
  if (run.by_hand) return run;
  run.key = change.key;
  run.owner = uid;
  run.by_hand = true;
  run.parent_name = text_in(json, "spec", "podCronJobName");
  run.scheduled_time = time_in(json, "metadata", "creationTimestamp").value_or(WallTime{});
  run.pod_job_uid = uid;
  run.pod_jobs = 1;
  run.exists = true;
  ++pod_jobs_;
  return run;
}

Checker::RunAccount* Checker::run_by_hand(const std::string& uid) {
  const auto at = runs_.lower_bound({uid, ""});
  const bool found = at != runs_.end() && at->first.first == uid && at->second.by_hand;
  return found ? &at->second : nullptr;
}

/// A PodCronJob knows its runs by their names.
Checker::RunAccount* Checker::run_in_history(const std::string& schedule, const std::string& name) {
  if (const auto at = runs_.find({schedule, name}); at != runs_.end()) return &at->second;
  for (auto& [key, run] : runs_) {
    if (run.by_hand && run.parent == schedule && key.second == name) return &run;
  }
  return nullptr;
}

void Checker::check_claim_by_hand(const Change& change, const ScheduleStatusView& after,
                                  const ActiveView& entry, VirtualTime now) {
  ++claims_;
  const Json& base = change.before->json;
  const auto broken = [&](std::string_view invariant, std::string_view why) {
    report(invariant,
           fmt::format("{} takes a place for {} in {}: {}", change.author.name, entry.name,
                       change.key.name, why),
           now);
  };
  RunAccount* run = run_by_hand(entry.pod_job_uid);
  if (run == nullptr || run->key.name != entry.name) {
    return broken("S3 claim before permit", "there never was such a PodJob");
  }
  if (run->claimed) broken("S1 unique claim", "it had one before");
  if (run->parent_name != change.key.name) broken("S1 unique claim", "it names another");
  run->claimed = true;
  run->claimed_at = now;
  run->parent = text_in(change.shown->json, "metadata", "uid");
  if (run->last == nullptr || !holder_mark(run->last->json).starts_with(run->owner + "/")) {
    broken("S3 claim before permit", "its PodJob is nobody's");
  }
  if (find_in(base, "metadata", "deletionTimestamp") != nullptr) {
    broken("S11 no claim when deleted", "it is being deleted");
  }
  if (text_in(base, "spec", "concurrencyPolicy") != "Allow" && after.active.size() > 1) {
    broken("S9 one at a time", "another run is in active");
  }
}

void Checker::left_active(const std::string& schedule, const ObjectKey& key,
                          const ActiveView& entry, VirtualTime now) {
  RunAccount* made = entry.pod_job_uid.empty() ? nullptr : run_by_hand(entry.pod_job_uid);
  (made != nullptr ? *made : run_of(schedule, key)).left_active = now;
}

void Checker::check_settled_by_hand(const ObjectStore& store, VirtualTime now) {
  const auto broken = [&](const ObjectKey& key, std::string_view what) {
    report("L1 settles", fmt::format("{}, made by hand, {}", key.name, what), now);
  };
  for (const auto& [key, run] : runs_) {
    if (!run.by_hand || !run.exists) continue;
    const ObjectRef object = store.find(Resource::kPodJobs, run.key);
    if (object == nullptr || text_in(object->json, "metadata", "uid") != run.owner) continue;
    const Seconds deadline{number_in(object->json, 300, "spec", "startingDeadlineSeconds")};
    const Seconds active{number_in(object->json, 600, "spec", "activeDeadlineSeconds")};
    const WallMillis over = WallMillis(run.scheduled_time) + deadline + active + kOverAfter;
    if (!run.final_at && wall(now) > over) broken(run.key, "is not over");
    const Json* finalizers = find_in(object->json, "metadata", "finalizers");
    const bool held = finalizers != nullptr && !finalizers->empty();
    if (run.final_at && held && now > *run.final_at + active + limits_.lease + kTidiedAfter) {
      broken(run.key, "is over and keeps its finalizer");
    }
  }
  for (const auto& [key, object] :
       store.list_at(Resource::kPodJobs, "", store.revision(), nullptr, SIZE_MAX)) {
    const auto copy = copies_.find(text_in(object->json, "metadata", "uid"));
    if (copy == copies_.end() || now < copy->second + kCopySettles) continue;
    if (text_in(object->json, "status", "phase") != "Unknown")
      broken(key, "is a copy, not told so");
  }
}

}  // namespace podcron::simulation
