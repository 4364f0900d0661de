// What an exchange with a pod proves about the task: one row per fact of the wire.
//
// Succeeded needs proof: of exec the node's own Success and an orderly exchange, of HTTP an
// expected status with its whole body. NotStarted is certain; whatever may have started without
// proof of its end is Unknown, never a failure. Source: the contract's section 6;
// docs/adr/0007-exec.md; docs/http.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/exec_report.h"
#include "api/http_report.h"
#include "api/pod_job.h"

namespace podcron::reconcile {

struct TaskResult {
  api::TargetOutcome outcome = api::TargetOutcome::kUnknown;
  std::string_view reason;  // observe::reason
  std::string message;      // for a person; at most 512 bytes
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> http_status;
  std::string output;  // the end of what the task wrote
  /// The container has no `env`: the same command may be dialled again without it.
  bool env_missing = false;
  /// We gave up: who knows why has a better reason.
  bool gave_up = false;
  /// The question may have reached the pod.
  bool reached_pod = false;
  /// Of a certain non-start: it was the pod or its node that refused, not our connection, our
  /// rights or a busy API server. Such a pod rests (rule 27).
  bool blames_pod = false;
};

TaskResult judge(api::ExecReport&& report);
TaskResult judge(api::HttpReport&& report, const std::vector<api::StatusRange>& expected);
/// Of a task that was never sent.
TaskResult not_sent(std::string message);

/// The phase of a run with all targets ended: more than `failed_max` failed (not started counts)
/// -> Failed; else any Unknown -> Unknown; else Succeeded.
api::PodJobPhase phase_of(const std::vector<api::TargetStatus>& targets, std::int64_t failed_max);

}  // namespace podcron::reconcile
