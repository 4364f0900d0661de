// The end of a target's task when its container may have ended under it: wait for the pod to say.
//
// The node tells of a container's end a second or two after the exec broke off, so a bad end is not
// believed at once: until the watch shows the container gone, or kSettleMost is over, and then by
// one live read.
#include "observe/reasons.h"
#include "reconcile/run.h"

namespace podcron::reconcile {
namespace {

namespace reason = observe::reason;
using api::TargetOutcome;

/// SIGKILL, as everything in a container gets it with the container.
constexpr std::int32_t kKilled = 128 + 9;
constexpr Millis kSettleMost{6000};

}  // namespace

/// Whether what ended so may have been taken down with its container.
bool Run::may_be_harm(const Attempt& attempt, const TaskResult& result) const {
  if (result.outcome == TargetOutcome::kSucceeded) return false;
  if (attempt.container_ended) return true;
  if (result.gave_up) return false;
  return result.outcome == TargetOutcome::kUnknown || result.exit_code == kKilled;
}

void Run::settle(Now now, std::uint32_t target, TaskResult&& result, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(target);
  attempt.progress = Progress::kSettling;
  attempt.result = std::move(result);
  attempt.ended_at = now.mono;
  attempt.settle_until = now.mono + kSettleMost;
  if (attempt.container_ended) inspect(target, out);
}

void Run::inspect(std::uint32_t target, std::vector<RunAction>& out) {
  if (!attempts_.at(target).settle_until) return;  // it is being looked at
  attempts_.at(target).settle_until.reset();
  out.emplace_back(InspectTarget{target});
}

void Run::on_container_ended(Now now, std::uint32_t target, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(target);
  attempt.container_ended = true;
  if (attempt.progress == Progress::kSettling) return inspect(target, out);
  if (attempt.progress == Progress::kDialling && !attempt.gone_at) attempt.gone_at = now.mono;
}

void Run::inspect_late(Now now, std::vector<RunAction>& out) {
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    const auto& until = attempts_[i].settle_until;
    if (until && now.mono >= *until) inspect(i, out);
  }
}

/// The run is given up: the pod is read now, or, when the process ends, what was judged from the
/// exchange alone stands.
void Run::end_settling(Now now, std::vector<RunAction>& out) {
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    if (attempts_[i].progress != Progress::kSettling) continue;
    if (abandon_reason_ == reason::kControllerShutdown) {
      on_inspected(now, {i, ""}, out);
    } else {
      inspect(i, out);
    }
  }
}

void Run::on_inspected(Now now, TargetInspected&& inspected, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(inspected.target);
  if (attempt.progress != Progress::kSettling) return;
  attempt.settle_until.reset();
  TaskResult result = std::move(*attempt.result);
  attempt.result.reset();
  if (!inspected.harm.empty()) {
    result.reason = reason::kTargetHarmed;
    result.message = std::move(inspected.harm);
  }
  finish_target(now, inspected.target, std::move(result), out);
}

}  // namespace podcron::reconcile
