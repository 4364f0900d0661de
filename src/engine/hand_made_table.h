// Unfinished PodJobs that somebody made by hand, each with what is under way for it. They share the
// work queue, the timers and the waiting lists of PodCronJobs: their numbers lie above all of
// those.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_job.h"
#include "base/time.h"
#include "engine/tables.h"

namespace podcron::engine {

struct HandMade {
  JobId id = 0;
  api::PodJob record;
  std::string service;                  // service_key of target.serviceName, or empty
  bool busy = false;                    // a request about it is under way
  bool parent_is_live = false;          // its PodCronJob was read for the next plan
  bool holding = false;                 // it counts against the bounds
  std::vector<api::TargetRef> targets;  // of the permit in flight
  std::optional<MonoTime> rest_until;   // after a refusal
  std::optional<MonoTime> told_at;      // when it was last said why it waits
  std::optional<WallMillis> wall_wake;
  std::optional<MonoTime> mono_wake;

  [[nodiscard]] std::string key() const { return key_of(record.meta.namespace_, record.meta.name); }
  [[nodiscard]] bool names_parent() const { return !record.pod_cron_job_name.empty(); }
};

class HandMadeTable {
 public:
  /// The row with this newer version. Another UID makes another row: erase the old one before.
  HandMade& put(const api::PodJob& record);
  HandMade* find(JobId id);
  HandMade* find(std::string_view key);
  void erase(JobId id);
  /// Of those that name this PodCronJob.
  [[nodiscard]] std::vector<JobId> of_parent(std::string_view parent_key) const;
  [[nodiscard]] std::map<JobId, HandMade>& rows() { return rows_; }

  /// Those whose run was here, until their end is on record: what could not be recorded is not
  /// run again.
  std::set<Uid> had_run;

 private:
  std::map<JobId, HandMade> rows_;
  std::map<std::string, JobId, std::less<>> by_key_;
  std::map<std::string, std::set<JobId>, std::less<>> by_parent_;
  JobId next_id_ = JobId{1} << 63;
};

}  // namespace podcron::engine
