#include "engine/tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "observe/reasons.h"
#include "reconcile/hand_made.h"

namespace podcron::engine {
namespace {

bool is_harmed(const api::TargetStatus& target) {
  return target.reason == observe::reason::kTargetHarmed;
}

reconcile::HarmFact harm_fact_of(const api::PodJobStatus& status) {
  const auto& targets = status.targets;
  if (std::any_of(targets.begin(), targets.end(), is_harmed)) return reconcile::HarmFact::kHarmed;
  const bool ran = std::any_of(targets.begin(), targets.end(), [](const auto& target) {
    return target.outcome == api::TargetOutcome::kSucceeded ||
           target.outcome == api::TargetOutcome::kFailed;
  });
  return ran ? reconcile::HarmFact::kUnharmed : reconcile::HarmFact::kNothing;
}

}  // namespace

std::string key_of(std::string_view namespace_, std::string_view name) {
  return fmt::format("{}/{}", namespace_, name);
}

// ---- JobTable ----

JobRow* JobTable::apply(api::PodCronJob&& job, std::uint32_t epoch) {
  std::string key = key_of(job.meta.namespace_, job.meta.name);
  if (const auto at = by_name_.find(key); at != by_name_.end()) {
    JobRow& row = rows_.at(at->second);
    if (row.object.meta.uid == job.meta.uid) {
      row.epoch = std::max(row.epoch, epoch);
      if (job.meta.resource_version <= row.object.meta.resource_version) return nullptr;
      if (job.meta.generation != row.object.meta.generation) {
        row.schedule.reset();
        row.assess = true;
        row.unlabelled_hint.clear();
        row.probed_at.reset();
      }
      if (job.status.observed_schedule != row.object.status.observed_schedule) {
        row.observed.reset();
      }
      row.object = std::move(job);
      return &row;
    }
    if (job.meta.resource_version <= row.object.meta.resource_version) return nullptr;
    erase(row.id);  // deleted and made again under the same name
  }
  const JobId id = ++next_id_;
  JobRow& row = rows_[id];
  row.id = id;
  row.epoch = epoch;
  by_uid_[job.meta.uid] = id;
  row.object = std::move(job);
  by_name_.emplace(std::move(key), id);
  return &row;
}

JobRow* JobTable::find(JobId id) {
  const auto at = rows_.find(id);
  return at == rows_.end() ? nullptr : &at->second;
}

JobRow* JobTable::find(std::string_view namespace_, std::string_view name) {
  const auto at = by_name_.find(key_of(namespace_, name));
  return at == by_name_.end() ? nullptr : &rows_.at(at->second);
}

JobRow* JobTable::find(const Uid& uid) {
  const auto at = by_uid_.find(uid);
  return at == by_uid_.end() ? nullptr : &rows_.at(at->second);
}

void JobTable::erase(JobId id) {
  const auto at = rows_.find(id);
  if (at == rows_.end()) return;
  const api::ObjectMeta& meta = at->second.object.meta;
  by_uid_.erase(meta.uid);
  by_name_.erase(key_of(meta.namespace_, meta.name));
  rows_.erase(at);
}

std::vector<JobId> JobTable::not_marked(std::uint32_t epoch) const {
  std::vector<JobId> ids;
  for (const auto& [id, row] : rows_) {
    if (row.epoch != epoch) ids.push_back(id);
  }
  return ids;
}

// ---- RecordTable ----

bool is_record_of(const RecordRow& record, const Uid& job, const api::ActiveRun& active) {
  return active.pod_job_uid.empty() ? record.owner == job : record.uid == active.pod_job_uid;
}

bool lists(const std::vector<api::ActiveRun>& active, const RecordRow& record) {
  return std::any_of(active.begin(), active.end(), [&](const api::ActiveRun& run) {
    return run.name == record.name && (run.pod_job_uid.empty() || run.pod_job_uid == record.uid);
  });
}

bool has_left(const JobRow& row, const RecordRow& record) {
  const auto& decided = row.object.status.decided_through;
  if (lists(row.object.status.active, record)) return false;
  // Claim and decidedThrough are one write, so an older copy says nothing: the watches are not in
  // step. A run made by hand moves no such mark: what was never claimed has no finalizer, of the
  // others a live read tells.
  if (record.scheduled_time) return decided && *decided >= *record.scheduled_time;
  return record.left || !record.has_finalizer;
}

namespace {

/// The UID in the mark of a PodJob made by hand says that it is no copy; then who holds it counts.
std::string holder_of(const api::PodJob& record) {
  const auto mark = reconcile::is_made_by_hand(record) ? reconcile::parse_holder_mark(record.holder)
                                                       : std::nullopt;
  return mark ? record.holder.substr(record.holder.find('/') + 1) : record.holder;
}

}  // namespace

RecordRow* RecordTable::apply(const api::PodJob& record, std::uint32_t epoch) {
  const std::string key = key_of(record.meta.namespace_, record.meta.name);
  RecordRow& row = rows_[key];
  const bool same = row.uid == record.meta.uid;
  if (same) row.epoch = std::max(row.epoch, epoch);
  if (record.meta.resource_version <= row.resource_version) return nullptr;
  if (!same) row.epoch = epoch;
  if (!same) row.first_version = record.meta.resource_version;
  row.orphan = row.orphan && same;
  row.left = row.left && same;
  row.undialled = row.undialled && same;
  if (!same && !row.owner.empty()) by_owner_[row.owner].erase(key);
  row.namespace_ = record.meta.namespace_;
  row.name = record.meta.name;
  row.uid = record.meta.uid;
  row.owner = record.controller ? record.controller->uid : Uid{};
  row.owner_name = record.pod_cron_job_name;
  row.resource_version = record.meta.resource_version;
  row.phase = record.status.phase;
  row.reason = record.status.reason;
  row.holder = holder_of(record);
  row.has_finalizer = record.has_record_finalizer;
  row.deleting = record.meta.deletion_timestamp.has_value();
  row.other_finalizers = record.other_finalizers;
  row.scheduled_time = record.scheduled_time;
  row.created = record.meta.creation_timestamp.value_or(WallTime{});
  row.ttl_seconds = record.spec.ttl_seconds_after_finished;
  row.start_time = record.status.start_time;
  row.completion_time = record.status.completion_time;
  row.active_deadline_seconds = record.spec.active_deadline_seconds;
  row.end_unknown = row.phase == api::PodJobPhase::kUnknown ||
                    (is_final(row.phase) &&
                     std::any_of(record.status.targets.begin(), record.status.targets.end(),
                                 [](const api::TargetStatus& target) {
                                   return target.outcome == api::TargetOutcome::kUnknown;
                                 }));
  row.generation = record.pod_cron_job_generation;
  row.harm = harm_fact_of(record.status);
  const bool needs_targets = !is_final(row.phase) || row.end_unknown;
  row.targets = needs_targets ? record.targets : std::vector<api::TargetRef>{};
  // What was chosen for a run made by hand, and a redraw, is in the status only, and names the pod
  // without its container's id.
  if (needs_targets && !record.scheduled_time) row.targets.resize(record.status.targets.size());
  for (std::size_t i = 0; i < std::min(row.targets.size(), record.status.targets.size()); ++i) {
    const api::TargetStatus& redrawn = record.status.targets[i];
    if (redrawn.pod_uid.empty() || redrawn.pod_uid == row.targets[i].pod_uid) continue;
    row.targets[i] = {redrawn.pod_name, redrawn.pod_uid, "", redrawn.container, ""};
  }
  // Its container is gone, and with it whatever ran there.
  for (std::size_t i = row.targets.size(); i-- > 0;) {
    if (i < record.status.targets.size() && is_harmed(record.status.targets[i])) {
      row.targets.erase(row.targets.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  if (!row.owner.empty()) by_owner_[row.owner].insert(key);
  return &row;
}

RecordRow* RecordTable::find(std::string_view key) {
  const auto at = rows_.find(key);
  return at == rows_.end() ? nullptr : &at->second;
}

void RecordTable::erase(std::string_view key) {
  const auto at = rows_.find(key);
  if (at == rows_.end()) return;
  if (const auto owned = by_owner_.find(at->second.owner); owned != by_owner_.end()) {
    owned->second.erase(at->first);
    if (owned->second.empty()) by_owner_.erase(owned);
  }
  rows_.erase(at);
}

std::vector<std::string> RecordTable::not_marked(std::uint32_t epoch) const {
  std::vector<std::string> keys;
  for (const auto& [key, row] : rows_) {
    if (row.epoch != epoch) keys.push_back(key);
  }
  return keys;
}

const std::set<std::string>& RecordTable::owned_by(const Uid& owner) const {
  static const std::set<std::string> kNone;
  const auto at = by_owner_.find(owner);
  return at == by_owner_.end() ? kNone : at->second;
}

// ---- PodLoad ----

void PodLoad::hold(const std::string& run, const Uid& job,
                   const std::vector<api::TargetRef>& targets) {
  release(run);
  Held& held = runs_[run];
  held.job = job;
  for (const api::TargetRef& target : targets) {
    held.pods.push_back(target.pod_uid);
    jobs_by_pod_[target.pod_uid].push_back(job);
  }
}

bool PodLoad::release(const std::string& run) {
  const auto at = runs_.find(run);
  if (at == runs_.end()) return false;
  for (const Uid& pod : at->second.pods) {
    const auto jobs = jobs_by_pod_.find(pod);
    const auto one = std::find(jobs->second.begin(), jobs->second.end(), at->second.job);
    jobs->second.erase(one);
    if (jobs->second.empty()) jobs_by_pod_.erase(jobs);
  }
  runs_.erase(at);
  return true;
}

bool PodLoad::busy(const Uid& pod, const Uid& job, std::size_t runs_max) const {
  const auto at = jobs_by_pod_.find(pod);
  if (at == jobs_by_pod_.end()) return false;
  return at->second.size() >= runs_max ||
         std::find(at->second.begin(), at->second.end(), job) != at->second.end();
}

}  // namespace podcron::engine
