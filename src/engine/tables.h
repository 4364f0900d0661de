// Rows of our own kinds: PodCronJobs with what was planned for them, PodJobs with what a take-over,
// a history limit and rule 26 ask of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "base/result.h"
#include "base/time.h"
#include "cron/schedule.h"
#include "reconcile/plan.h"

namespace podcron::engine {

using JobId = std::uint64_t;
using RunId = std::uint64_t;

/// "namespace/name".
std::string key_of(std::string_view namespace_, std::string_view name);

struct JobRow {
  JobId id = 0;
  api::PodCronJob object;
  std::uint32_t epoch = 0;
  std::optional<Result<Schedule>> schedule;  // of the spec; empty: to be parsed
  std::string service;                       // service_key of target.serviceName, or empty
  std::unique_ptr<Schedule> observed;        // of status.observedSchedule when it differs
  reconcile::Memory memory;
  std::string unlabelled_hint;
  std::optional<MonoTime> probed_at;
  bool writing = false;  // a status write is in flight
  bool reading = false;  // a live read after a 409 is in flight
  bool assess = true;    // new, edited, or its pods changed
  bool watch_pods = false;
  std::optional<WallMillis> wall_wake;
  std::optional<MonoTime> mono_wake;
  std::optional<MonoTime> flush_at;   // settled runs are written by then
  std::optional<MonoTime> rested_at;  // when a pod that rests (rule 27) may be chosen again
  std::uint32_t failures = 0;         // refused writes in a row
  std::uint32_t detection = 0;        // version of SessionDetection that the status was told
  // Of the write in flight:
  std::optional<reconcile::Claim> claim;
  std::vector<reconcile::Disposal> disposals;
};

class JobTable {
 public:
  /// The row after the change; nullptr: what is known is newer.
  JobRow* apply(api::PodCronJob&& job, std::uint32_t epoch);
  /// Marks without changing: the row is newer than the list.
  JobRow* find(JobId id);
  JobRow* find(std::string_view namespace_, std::string_view name);
  JobRow* find(const Uid& uid);
  void erase(JobId id);
  [[nodiscard]] std::vector<JobId> not_marked(std::uint32_t epoch) const;
  [[nodiscard]] const std::map<JobId, JobRow>& rows() const { return rows_; }
  [[nodiscard]] std::map<JobId, JobRow>& rows() { return rows_; }

 private:
  std::map<JobId, JobRow> rows_;
  std::map<std::string, JobId, std::less<>> by_name_;
  std::map<Uid, JobId> by_uid_;
  JobId next_id_ = 0;
};

/// A PodJob without its template: what is needed after the run, or by a successor.
struct RecordRow {
  std::string namespace_;
  std::string name;
  Uid uid;
  Uid owner;  // the PodCronJob
  std::string owner_name;
  std::uint64_t resource_version = 0;
  std::uint64_t first_version =
      0;  // that we saw of it: what is newer was after its targets' choice
  std::uint32_t epoch = 0;
  api::PodJobPhase phase = api::PodJobPhase::kPending;
  std::string reason;
  std::string holder;  // "<holder>/<attempt>", without the UID that stands before it by hand
  bool has_finalizer = false;
  bool deleting = false;
  std::vector<std::string> other_finalizers;
  std::optional<WallTime> scheduled_time;  // nullopt: made by hand
  WallTime created{};
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::int32_t active_deadline_seconds = 0;
  std::optional<std::int64_t> ttl_seconds;  // it goes so long after its end
  /// Final, but some target's end is not known: it keeps its place (the contract's section 7.5),
  /// whatever the phase that the other targets made.
  bool end_unknown = false;
  reconcile::HarmFact harm = reconcile::HarmFact::kNothing;
  std::int64_t generation = 0;          // of the PodCronJob that it was claimed under
  std::vector<api::TargetRef> targets;  // of unfinished ones and those that keep their place
  bool undialled = false;               // certainly: its run was dropped before the dial
  bool tending = false;                 // a write or an inspection is in flight
  bool orphan = false;                  // a live read found no such PodCronJob
  bool left = false;                    // made by hand and over: a live read did not list it
  std::optional<MonoTime> retry_at;
};

/// "<holder>/<attempt>" -> holder. Empty: given back.
inline std::string_view holder_in(std::string_view annotation) {
  return annotation.substr(0, annotation.rfind('/'));
}
/// Whether the record is that of the entry in `active` of this PodCronJob.
bool is_record_of(const RecordRow& record, const Uid& job, const api::ActiveRun& active);
/// Whether one of these is the run of that record.
bool lists(const std::vector<api::ActiveRun>& active, const RecordRow& record);
/// Our copy of its PodCronJob is new enough to know the run, and does not list it.
bool has_left(const JobRow& row, const RecordRow& record);

class RecordTable {
 public:
  /// The row after the change; nullptr: what is known is newer.
  RecordRow* apply(const api::PodJob& record, std::uint32_t epoch);
  RecordRow* find(std::string_view key);
  void erase(std::string_view key);
  [[nodiscard]] std::vector<std::string> not_marked(std::uint32_t epoch) const;
  [[nodiscard]] const std::map<std::string, RecordRow, std::less<>>& rows() const { return rows_; }
  /// Keys of the PodJobs that this PodCronJob owns.
  [[nodiscard]] const std::set<std::string>& owned_by(const Uid& owner) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  std::map<std::string, RecordRow, std::less<>> rows_;
  std::map<Uid, std::set<std::string>> by_owner_;
};

/// Which runs hold which pods: rule 26.
class PodLoad {
 public:
  void hold(const std::string& run, const Uid& job, const std::vector<api::TargetRef>& targets);
  /// False: it held nothing.
  bool release(const std::string& run);
  /// An unfinished run of the job is in the pod, or it has `runs_max` runs of any.
  [[nodiscard]] bool busy(const Uid& pod, const Uid& job, std::size_t runs_max) const;

 private:
  struct Held {
    Uid job;
    std::vector<Uid> pods;
  };
  std::map<std::string, Held> runs_;
  std::map<Uid, std::vector<Uid>> jobs_by_pod_;  // one entry per run
};

}  // namespace podcron::engine
