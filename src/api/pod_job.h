// PodJob: one run and its record.
//
// Source: the contract's sections 2, 6 and 7; wire shape: crds/podjobs.yaml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/object_meta.h"
#include "api/pod_job_spec.h"

namespace podcron::api {

inline constexpr const char* kHolderAnnotation = "podcron.dev/holder";
inline constexpr const char* kRecordFinalizer = "podcron.dev/record";
/// Targets a run may have at the most (the contract's section 2).
inline constexpr std::size_t kTargetsMax = 1000;

enum class PodJobPhase : std::uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };

inline bool is_final(PodJobPhase phase) {
  return phase == PodJobPhase::kSucceeded || phase == PodJobPhase::kFailed ||
         phase == PodJobPhase::kUnknown;
}

/// A pod chosen for a run, fixed at the permit.
struct TargetRef {
  std::string pod_name;
  Uid pod_uid;
  std::string node_name;
  std::string container;
  std::string container_id;
  friend bool operator==(const TargetRef&, const TargetRef&) = default;
};

enum class TargetOutcome : std::uint8_t {
  kPending,
  kRunning,
  kSucceeded,
  kFailed,
  kNotStarted,
  kUnknown
};

struct TargetStatus {
  std::string pod_name;
  Uid pod_uid;
  std::string container;
  std::int32_t attempt = 1;
  TargetOutcome outcome = TargetOutcome::kPending;
  std::string reason;
  std::string message;
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> http_status;
  std::string took;        // "0.02s"
  std::string output;      // the last bytes, by outputPolicy
  std::string unexpected;  // the rule that the pod broke while the run was in it; or empty
  friend bool operator==(const TargetStatus&, const TargetStatus&) = default;
};

/// How many pods matched the selector, how many were eligible, and why the others were not.
struct EligibilitySummary {
  std::int64_t matched = 0;
  std::int64_t eligible = 0;
  std::vector<std::pair<std::string, std::int64_t>> reasons;  // by reason; 0: remove
  friend bool operator==(const EligibilitySummary&, const EligibilitySummary&) = default;
};

struct PodJobStatus {
  PodJobPhase phase = PodJobPhase::kPending;
  std::string reason;
  std::string message;
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::string target;  // the pod, or "3 pods"
  std::optional<std::int32_t> exit_code;
  std::string late;  // "0.02s"
  std::string took;
  std::vector<TargetStatus> targets;
  std::optional<EligibilitySummary> eligibility;
  friend bool operator==(const PodJobStatus&, const PodJobStatus&) = default;
};

struct PodJob {
  ObjectMeta meta;
  std::optional<OwnerReference> controller;  // the PodCronJob
  std::string holder;  // annotation podcron.dev/holder, verbatim; empty: given back
  bool has_holder = false;
  bool has_record_finalizer = false;
  std::vector<std::string> other_finalizers;  // kept when ours goes
  std::string pod_cron_job_name;
  std::int64_t pod_cron_job_generation = 0;
  std::optional<WallTime> scheduled_time;
  std::optional<std::int64_t> starting_deadline_seconds;
  std::vector<TargetRef> targets;
  PodJobTemplateSpec spec;
  PodJobStatus status;
  friend bool operator==(const PodJob&, const PodJob&) = default;
};

}  // namespace podcron::api
