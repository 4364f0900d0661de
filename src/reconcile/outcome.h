// What an exec exchange proves about the command: one row per fact of the wire.
//
// Succeeded needs the node's own Success and an orderly exchange. NotStarted is certain; whatever
// may have started without proof of its end is Unknown, never a failure.
// Source: the contract's section 6; docs/adr/0007-exec.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/exec_report.h"
#include "api/pod_job.h"

namespace podcron::reconcile {

struct TaskResult {
  api::TargetOutcome outcome = api::TargetOutcome::kUnknown;
  std::string_view reason;  // observe::reason
  std::string message;      // for a person; at most 512 bytes
  std::optional<std::int32_t> exit_code;
  /// The container has no `env`: the same command may be dialled again without it.
  bool env_missing = false;
};

TaskResult judge(const api::ExecReport& report);

/// Of a certain non-start: it was the pod or its node that refused, not our connection, our rights
/// or a busy API server. Such a pod rests (rule 27).
bool blames_pod(const api::ExecReport& report);

/// The phase of a run with all targets ended: more than `failed_max` failed (not started counts)
/// -> Failed; else any Unknown -> Unknown; else Succeeded.
api::PodJobPhase phase_of(const std::vector<api::TargetStatus>& targets, std::int64_t failed_max);

}  // namespace podcron::reconcile
