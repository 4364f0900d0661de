#include "reconcile/run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "observe/reasons.h"
#include "strategy/strategy.h"

namespace podcron::reconcile {
namespace {

using api::PodJobPhase;
using api::TargetOutcome;
namespace reason = observe::reason;

/// A live read of a pod that was repeated may take long. When what PodJob and PodCronJob said is
/// older, they are read again before the first dial: they may be deleted, or taken over, meanwhile.
constexpr Millis kListedFor{2000};
/// Output is kept of so many failed targets (the contract's section 2).
constexpr int kOutputsMax = 10;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string seconds_text(Millis duration) {
  return fmt::format("{:.2f}s", static_cast<double>(duration.count()) / 1000.0);
}

/// Whether another target of the run may have started: then this one waits for its turn and not for
/// the starting deadline. A dial that certainly started nothing is no start.
template <class Attempts>
bool started_elsewhere(const Attempts& attempts, const std::vector<api::TargetStatus>& targets,
                       std::uint32_t target) {
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    const bool dialled = attempts[i].dialled_at != MonoTime{};
    if (i != target && dialled && targets[i].outcome != TargetOutcome::kNotStarted) return true;
  }
  return false;
}

}  // namespace

Run::Run(RunOrigin origin, const api::PodJobTemplateSpec& spec, std::vector<api::TargetRef> targets)
    : origin_(std::move(origin)),
      spec_(spec),
      targets_(std::move(targets)),
      attempts_(targets_.size()) {
  PODCRON_ASSERT(!targets_.empty());
  for (const api::TargetRef& target : targets_) {
    tried_.push_back(target.pod_uid);
    api::TargetStatus status;
    status.pod_name = target.pod_name;
    status.pod_uid = target.pod_uid;
    status.container = target.container;
    status.attempt = origin_.attempt;
    status_.targets.push_back(std::move(status));
  }
}

bool Run::tried(const Uid& pod) const {
  return std::find(tried_.begin(), tried_.end(), pod) != tried_.end();
}

void Run::start(Now now, std::vector<RunAction>& out) {
  if (stage_ == Stage::kPermitting) {
    out.emplace_back(CreateRecord{});
  } else {
    ask_parent(now, out);
  }
}

void Run::on(Now now, RunInput&& input, std::vector<RunAction>& out) {
  if (stage_ == Stage::kEnded) return;  // a late completion
  std::visit(Overloaded{
                 [&](RecordReply&& reply) { on_record(now, std::move(reply), out); },
                 [&](ParentReply&& reply) { on_parent(now, reply, out); },
                 [&](PodChecked&& checked) { on_pod_checked(now, std::move(checked), out); },
                 [&](Redrawn&& redrawn) { on_redrawn(now, std::move(redrawn), out); },
                 [&](Stale&& stale) {
                   attempts_.at(stale.target).progress = Progress::kChecking;
                   out.emplace_back(ReadPod{stale.target});
                 },
                 [&](Dialled&& dialled) { on_dialled(now, dialled); },
                 [&](TaskOver&& over) { on_task_over(now, std::move(over), out); },
                 [&](TargetGone&& gone) {
                   Attempt& attempt = attempts_.at(gone.target);
                   if (attempt.progress == Progress::kDialling && !attempt.gone_at) {
                     attempt.gone_at = now.mono;
                   }
                 },
                 [&](ContainerEnded&& ended) { on_container_ended(now, ended.target, out); },
                 [&](TargetInspected&& found) { on_inspected(now, std::move(found), out); },
                 [&](Unexpected&& found) { on_unexpected(std::move(found), out); },
                 [&](RecordDeleted&&) {
                   record_deleted_ = true;
                   abandon(now, reason::kDeleted, out);
                 },
                 [&](Replaced&&) { abandon(now, reason::kReplaced, out); },
                 [&](Draining&& draining) {
                   if (draining.grace_over || !ever_dialled()) {
                     abandon(now, reason::kControllerShutdown, out);
                   }
                 },
                 [&](Tick&&) { on_tick(now, out); },
             },
             std::move(input));
}

// ---- Targets ----

/// Starts as many waiting targets as may run at once; records when all are over.
void Run::advance(Now now, std::vector<RunAction>& out) {
  if (stage_ != Stage::kRunning) return;
  const std::size_t parallel = strategy::parallel_of(spec_.strategy, targets_.size());
  auto busy = static_cast<std::size_t>(
      std::count_if(attempts_.begin(), attempts_.end(), [](const Attempt& a) {
        return a.progress != Progress::kWaiting && a.progress != Progress::kOver;
      }));
  for (std::uint32_t i = 0; i < attempts_.size() && busy < parallel; ++i) {
    if (attempts_[i].progress != Progress::kWaiting) continue;
    if (!abandon_reason_.empty()) {
      target_over(now, i, TargetOutcome::kNotStarted, abandon_reason_, "");
      continue;
    }
    if (whole_seconds(now.wall) > origin_.starting_deadline &&
        !started_elsewhere(attempts_, status_.targets, i)) {
      target_over(now, i, TargetOutcome::kNotStarted, reason::kStartingDeadlineExceeded,
                  "claimed in time, but not dialled before the starting deadline");
      continue;
    }
    attempts_[i].progress = Progress::kChecking;
    ++busy;
    out.emplace_back(ReadPod{i});
  }
  if (all_over()) record(now, out);
}

void Run::on_pod_checked(Now now, PodChecked&& checked, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(checked.target);
  if (attempt.progress != Progress::kChecking) return;
  if (stage_ == Stage::kConfirming || stage_ == Stage::kReadingParent) {
    attempt.progress = Progress::kWaiting;  // everything is looked at again
    return;
  }
  if (stage_ != Stage::kRunning) return;
  if (!abandon_reason_.empty()) {
    target_over(now, checked.target, TargetOutcome::kNotStarted, abandon_reason_, "");
    return advance(now, out);
  }
  if (!checked.refusal.empty()) {
    status_.targets[checked.target].message = std::move(checked.message);
    redraw(checked.target, checked.refusal, false, out);
    return advance(now, out);
  }
  go_on(now, checked.target, out);
}

/// The pod may have the run: to the probe, to the dial, or back to see whether it is still ours.
void Run::go_on(Now now, std::uint32_t target, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(target);
  if (whole_seconds(now.wall) > origin_.starting_deadline &&
      !started_elsewhere(attempts_, status_.targets, target)) {
    target_over(now, target, TargetOutcome::kNotStarted, reason::kStartingDeadlineExceeded, "");
    return advance(now, out);
  }
  if (spec_.target.serving_probe && !attempt.probed) {
    attempt.progress = Progress::kProbing;
    out.emplace_back(Dial{target, false, true});
    return;
  }
  if (!ever_dialled() && now.mono > listed_at_ + kListedFor) {
    attempt.progress = Progress::kWaiting;
    // A fencing write of another target is as good as the read: its answer goes on from here.
    if (writing_ || rereading_) return;
    stage_ = Stage::kConfirming;
    out.emplace_back(ReadRecord{});
    return;
  }
  dial(target, out);
}

void Run::dial(std::uint32_t target, std::vector<RunAction>& out) {
  attempts_.at(target).progress = Progress::kDialling;
  status_.targets[target].outcome = TargetOutcome::kRunning;
  out.emplace_back(Dial{target, attempts_.at(target).through_env});
}

bool Run::may_dial(Now now, std::uint32_t target) const {
  const Progress progress = attempts_.at(target).progress;
  const bool wanted = stage_ == Stage::kRunning && abandon_reason_.empty() &&
                      (progress == Progress::kDialling || progress == Progress::kProbing);
  return wanted && (whole_seconds(now.wall) <= origin_.starting_deadline ||
                    started_elsewhere(attempts_, status_.targets, target));
}

void Run::on_dialled(Now now, const Dialled& dialled) {
  Attempt& attempt = attempts_.at(dialled.target);
  if (attempt.progress == Progress::kProbing) {
    attempt.probe_until = now.mono + Seconds{spec_.target.serving_probe->timeout_seconds};
    return;
  }
  attempt.dialled_at = now.mono;
  if (targets_.size() == 1) status_.target = targets_.front().pod_name;
  if (first_dial_) return;
  first_dial_ = now.mono;
  first_dial_wall_ = now.wall;
  status_.start_time = whole_seconds(now.wall);
  const Millis late = now.wall - WallMillis(origin_.scheduled_time);
  status_.late = seconds_text(std::max(late, Millis{0}));
}

/// This pod certainly did not start the task: another one is asked for.
void Run::redraw(std::uint32_t target, std::string_view why, bool pod_failed,
                 std::vector<RunAction>& out) {
  attempts_[target].progress = Progress::kRedrawing;
  status_.targets[target].reason = why.empty() ? reason::kNotStarted : why;
  ++redraws_;
  out.emplace_back(Redraw{target, redraws_, pod_failed});
}

void Run::on_redrawn(Now now, Redrawn&& redrawn, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(redrawn.target);
  if (attempt.progress != Progress::kRedrawing) return;
  const bool in_time = whole_seconds(now.wall) <= origin_.starting_deadline;
  if (!redrawn.pod || !in_time || !abandon_reason_.empty()) {
    const api::TargetStatus& refused = status_.targets[redrawn.target];
    const std::string why =
        refused.message.empty() ? refused.reason : refused.reason + ": " + refused.message;
    target_over(now, redrawn.target, TargetOutcome::kNotStarted,
                !abandon_reason_.empty()  ? abandon_reason_
                : redrawn.pod && !in_time ? reason::kStartingDeadlineExceeded
                                          : reason::kNotStarted,
                "last refusal: " + why);
    return advance(now, out);
  }
  api::TargetRef& ref = targets_[redrawn.target];
  ref = std::move(*redrawn.pod);
  tried_.push_back(ref.pod_uid);
  api::TargetStatus& status = status_.targets[redrawn.target];
  status.pod_name = ref.pod_name;
  status.pod_uid = ref.pod_uid;
  status.container = ref.container;
  status.message.clear();  // of the pod before
  status.outcome = TargetOutcome::kPending;
  attempt.through_env = true;
  attempt.probed = false;
  attempt.dialled_at = {};
  attempt.progress = Progress::kFencing;
  // The new choice is written before it is dialled: the write fences a holder that was replaced.
  write(out);
}

void Run::on_task_over(Now now, TaskOver&& over, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(over.target);
  if (attempt.progress == Progress::kProbing) return on_probe_over(now, std::move(over), out);
  if (attempt.progress != Progress::kDialling) return;
  TaskResult& result = over.result;
  api::TargetStatus& status = status_.targets[over.target];
  if (result.outcome == TargetOutcome::kNotStarted && abandon_reason_.empty()) {
    status.message = std::move(result.message);
    if (result.env_missing && attempt.through_env) {
      attempt.through_env = false;
      dial(over.target, out);
      return;
    }
    redraw(over.target, result.reason, result.blames_pod, out);
    return;
  }
  if (result.gave_up) {
    result.reason = !abandon_reason_.empty() ? abandon_reason_
                    : attempt.gone_at        ? reason::kPodGone
                                             : reason::kDeadlineExceeded;
  }
  // Who gives the run up does not wait, unless the watch has told already.
  const bool settles = abandon_reason_.empty() || attempt.container_ended;
  if (settles && may_be_harm(attempt, result))
    return settle(now, over.target, std::move(result), out);
  attempt.ended_at = now.mono;
  finish_target(now, over.target, std::move(result), out);
}

/// What became of a task is known, as far as it can be.
void Run::finish_target(Now now, std::uint32_t target, TaskResult&& result,
                        std::vector<RunAction>& out) {
  const Attempt& attempt = attempts_.at(target);
  api::TargetStatus& status = status_.targets[target];
  status.exit_code = result.exit_code;
  status.http_status = result.http_status;
  status.took = seconds_text(attempt.ended_at - attempt.dialled_at);
  const bool failed = result.outcome != TargetOutcome::kSucceeded;
  if (spec_.output_policy == api::OutputPolicy::kAlways ||
      (spec_.output_policy == api::OutputPolicy::kOnFailure && failed)) {
    const auto kept = std::count_if(status_.targets.begin(), status_.targets.end(),
                                    [](const auto& t) { return !t.output.empty(); });
    if (kept < kOutputsMax) status.output = std::move(result.output);
  }
  target_over(now, target, result.outcome, result.reason, std::move(result.message));
  advance(now, out);
}

/// The task itself was not sent, so whatever became of the probe, it certainly did not start.
void Run::on_probe_over(Now now, TaskOver&& over, std::vector<RunAction>& out) {
  Attempt& attempt = attempts_.at(over.target);
  attempt.probe_until.reset();
  attempt.hung_up = false;
  TaskResult& result = over.result;
  attempt.probed = result.outcome == TargetOutcome::kSucceeded;
  if (stage_ == Stage::kConfirming || stage_ == Stage::kReadingParent) {
    attempt.progress = Progress::kWaiting;  // everything is looked at again
    return;
  }
  if (stage_ != Stage::kRunning) return;
  if (!abandon_reason_.empty()) {
    target_over(now, over.target, TargetOutcome::kNotStarted, abandon_reason_, "");
    return advance(now, out);
  }
  if (attempt.probed) return go_on(now, over.target, out);
  status_.targets[over.target].message =
      result.gave_up ? "no answer in time" : std::move(result.message);
  // It was asked and did not say yes; or its node did not even let it be asked.
  redraw(over.target, reason::kServingProbeFailed, result.reached_pod || result.blames_pod, out);
}

void Run::target_over(Now now, std::uint32_t target, TargetOutcome outcome, std::string_view why,
                      std::string message) {
  Attempt& attempt = attempts_.at(target);
  attempt.progress = Progress::kOver;
  api::TargetStatus& status = status_.targets[target];
  status.outcome = outcome;
  status.reason = why;
  status.message = std::move(message);
  status_.completion_time = whole_seconds(now.wall);
}

bool Run::all_over() const {
  return std::all_of(attempts_.begin(), attempts_.end(),
                     [](const Attempt& a) { return a.progress == Progress::kOver; });
}

/// Once: what it became first. It goes on, since nobody is harmed by its end.
void Run::on_unexpected(Unexpected&& unexpected, std::vector<RunAction>& out) {
  std::string& known = status_.targets.at(unexpected.target).unexpected;
  if (!known.empty() || stage_ != Stage::kRunning) return;
  known = std::move(unexpected.reason);
  running_written_ = true;
  status_.phase = PodJobPhase::kRunning;
  write(out);
}

// ---- Record ----

void Run::record(Now now, std::vector<RunAction>& out) {
  stage_ = Stage::kRecording;
  status_.phase =
      phase_of(status_.targets, strategy::failed_max_of(spec_.strategy, targets_.size()));
  status_.target =
      targets_.size() == 1 ? targets_.front().pod_name : fmt::format("{} pods", targets_.size());
  status_.completion_time = whole_seconds(now.wall);
  if (first_dial_) status_.took = seconds_text(now.mono - *first_dial_);
  if (targets_.size() == 1) status_.exit_code = status_.targets.front().exit_code;
  if (status_.phase != PodJobPhase::kSucceeded) {
    // The first target of the kind that decided the phase speaks for the run.
    for (const api::TargetStatus& target : status_.targets) {
      const bool failed =
          target.outcome == TargetOutcome::kFailed || target.outcome == TargetOutcome::kNotStarted;
      const bool decisive = status_.phase == PodJobPhase::kFailed
                                ? failed
                                : target.outcome == TargetOutcome::kUnknown;
      if (!decisive) continue;
      status_.reason = target.reason;
      status_.message = target.message;
      break;
    }
  }
  write(out);
}

void Run::write(std::vector<RunAction>& out) {
  if (writing_ || rereading_) {
    dirty_ = true;
    return;
  }
  writing_ = true;
  out.emplace_back(WriteStatus{});
}

void Run::on_status_written(Now now, RecordReply&& reply, std::vector<RunAction>& out) {
  if (!writing_) return;
  writing_ = false;
  switch (reply.kind) {
    case RecordReply::Kind::kOk:
      if (reply.record) resource_version_ = reply.record->meta.resource_version;
      break;
    case RecordReply::Kind::kConflict:
      rereading_ = true;
      out.emplace_back(ReadRecord{});
      return;
    case RecordReply::Kind::kNotFound:
      return finish(RunEnd::kMissing);
    case RecordReply::Kind::kRefused:
      // A final phase that would change, or a record that the API server will not take: whoever
      // wrote the former has the last word, and the latter cannot be mended by repeating.
      return finish(RunEnd::kLost);
  }
  if (dirty_) {
    dirty_ = false;
    return write(out);
  }
  if (stage_ == Stage::kRecording) return finish(RunEnd::kRecorded);
  // A fencing write went through: the redrawn pods may be looked at.
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    if (attempts_[i].progress == Progress::kFencing) {
      attempts_[i].progress = Progress::kChecking;
      out.emplace_back(ReadPod{i});
    }
  }
  advance(now, out);
}

void Run::on_reread(Now now, RecordReply&& reply, std::vector<RunAction>& out) {
  rereading_ = false;
  if (reply.kind == RecordReply::Kind::kNotFound) return finish(RunEnd::kMissing);
  if (reply.kind != RecordReply::Kind::kOk || !reply.record) return finish(RunEnd::kLost);
  const api::PodJob& record = *reply.record;
  if (record.meta.uid != record_uid_) return finish(RunEnd::kMissing);
  if (stage_ == Stage::kRecording && record.status.phase == status_.phase && is_ours(record)) {
    return finish(RunEnd::kRecorded);  // our own write, whose reply was lost
  }
  if (!is_ours(record) || is_final(record.status.phase)) {
    return finish(RunEnd::kLost);
  }
  resource_version_ = record.meta.resource_version;
  if (record.meta.deletion_timestamp && !record_deleted_) {
    record_deleted_ = true;
    abandon(now, reason::kDeleted, out);
  }
  dirty_ = false;
  write(out);
}

void Run::finish(RunEnd end) {
  stage_ = Stage::kEnded;
  end_ = end;
}

}  // namespace podcron::reconcile
