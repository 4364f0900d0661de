// A run until its first pod is looked at: the permit, and whether its PodCronJob still lists it.
#include <fmt/format.h>

#include "base/assert.h"
#include "observe/reasons.h"
#include "reconcile/hand_made.h"
#include "reconcile/run.h"

namespace podcron::reconcile {

namespace reason = observe::reason;

Run Run::claimed(RunOrigin origin, const api::PodJobTemplateSpec& spec,
                 std::vector<api::TargetRef> targets, api::EligibilitySummary eligibility) {
  Run run(std::move(origin), spec, std::move(targets));
  run.status_.eligibility = std::move(eligibility);
  return run;
}

Run Run::of_record(RunOrigin origin, const api::PodJob& record,
                   std::vector<api::TargetRef> targets) {
  Run run(std::move(origin), record.spec, std::move(targets));
  run.status_.eligibility = record.status.eligibility;
  run.stage_ = Stage::kReadingParent;
  run.permitted_ = true;
  run.record_uid_ = record.meta.uid;
  run.resource_version_ = record.meta.resource_version;
  run.other_finalizers_ = record.other_finalizers;
  return run;
}

Run Run::resumed(RunOrigin origin, const api::PodJob& record) {
  Run run = of_record(std::move(origin), record, record.targets);
  run.resumed_ = true;
  return run;
}

Run Run::made_by_hand(RunOrigin origin, const api::PodJob& record,
                      std::vector<api::TargetRef> targets) {
  PODCRON_ASSERT(origin.by_hand());
  return of_record(std::move(origin), record, std::move(targets));
}

std::string Run::holder_annotation() const {
  if (origin_.by_hand()) return holder_mark(record_uid_, origin_.holder, origin_.attempt);
  return fmt::format("{}/{}", origin_.holder, origin_.attempt);
}

std::string Run::given_back_annotation() const {
  return origin_.by_hand() ? holder_mark(record_uid_, "", origin_.attempt) : "";
}

bool Run::is_ours(const api::PodJob& record) const {
  return record.has_holder && record.holder == holder_annotation();
}

void Run::on_record(Now now, RecordReply&& reply, std::vector<RunAction>& out) {
  switch (stage_) {
    case Stage::kPermitting:
      return on_permit(now, std::move(reply), out);
    case Stage::kConfirming:
      return on_confirmed(now, std::move(reply), out);
    case Stage::kRunning:
    case Stage::kRecording:
      if (rereading_) return on_reread(now, std::move(reply), out);
      return on_status_written(now, std::move(reply), out);
    case Stage::kRemoving:
      if (reply.kind == RecordReply::Kind::kRefused || reply.kind == RecordReply::Kind::kConflict) {
        // It stays; given back, whoever may has it.
        stage_ = Stage::kGivingBack;
        out.emplace_back(GiveBack{});
        return;
      }
      return finish(RunEnd::kDropped);
    case Stage::kGivingBack:
      return finish(reply.kind == RecordReply::Kind::kOk ? RunEnd::kGivenBack : RunEnd::kLost);
    case Stage::kReadingParent:
    case Stage::kEnded:
      return;
  }
}

void Run::on_permit(Now now, RecordReply&& reply, std::vector<RunAction>& out) {
  switch (reply.kind) {
    case RecordReply::Kind::kOk:
      if (reply.record) return permitted(now, *reply.record, out);
      [[fallthrough]];  // an answer that cannot be read: look at what is there
    case RecordReply::Kind::kConflict:
      stage_ = Stage::kConfirming;
      out.emplace_back(ReadRecord{});
      return;
    case RecordReply::Kind::kNotFound:  // the namespace is gone
    case RecordReply::Kind::kRefused:
      // A quota is asked before the name: an earlier try, or the holder that we took the claim
      // from, may have made the PodJob that filled it.
      denied_ = true;
      status_.message = std::move(reply.message);
      stage_ = Stage::kConfirming;
      out.emplace_back(ReadRecord{});
      return;
  }
}

void Run::on_confirmed(Now now, RecordReply&& reply, std::vector<RunAction>& out) {
  if (reply.kind == RecordReply::Kind::kNotFound && denied_) return finish(RunEnd::kDenied);
  if (reply.kind == RecordReply::Kind::kNotFound && permitted_) return finish(RunEnd::kMissing);
  if (reply.kind == RecordReply::Kind::kNotFound) {
    // It was there a moment ago: somebody deleted it, so the permit is still to be had.
    stage_ = Stage::kPermitting;
    out.emplace_back(CreateRecord{});
    return;
  }
  if (reply.kind != RecordReply::Kind::kOk || !reply.record) {
    status_.message = std::move(reply.message);
    return finish(RunEnd::kLost);
  }
  const api::PodJob& record = *reply.record;
  if (origin_.by_hand()) {
    if (record.meta.uid != record_uid_) return finish(RunEnd::kMissing);
  } else {
    const bool of_this_job = record.controller &&
                             record.controller->uid == origin_.pod_cron_job_uid &&
                             record.has_holder;
    if (!of_this_job) return finish(RunEnd::kNameTaken);
  }
  if (!is_ours(record) || is_final(record.status.phase)) {
    return finish(RunEnd::kLost);
  }
  permitted(now, record, out);
}

void Run::permitted(Now now, const api::PodJob& record, std::vector<RunAction>& out) {
  record_uid_ = record.meta.uid;
  resource_version_ = record.meta.resource_version;
  other_finalizers_ = record.other_finalizers;
  // A record that a lost reply left behind may name other pods than a second draw would.
  if (!permitted_ && !record.targets.empty() && record.targets != targets_) {
    *this = [&] {
      Run same(origin_, spec_, record.targets);
      same.status_.eligibility = status_.eligibility;
      same.record_uid_ = record_uid_;
      same.resource_version_ = resource_version_;
      same.other_finalizers_ = other_finalizers_;
      same.abandon_reason_ = abandon_reason_;
      return same;
    }();
  }
  permitted_ = true;
  if (record.meta.deletion_timestamp && abandon_reason_.empty()) {
    record_deleted_ = true;
    abandon_reason_ = reason::kDeleted;
  }
  if (abandon_reason_ == reason::kControllerShutdown) {
    stage_ = Stage::kGivingBack;
    out.emplace_back(GiveBack{});
    return;
  }
  ask_parent(now, out);
}

void Run::ask_parent(Now now, std::vector<RunAction>& out) {
  if (origin_.has_parent()) {
    stage_ = Stage::kReadingParent;
    out.emplace_back(ReadParent{});
    return;
  }
  // Without a PodCronJob the annotation alone says whose it is.
  stage_ = Stage::kRunning;
  listed_at_ = now.mono;
  advance(now, out);
}

const api::ActiveRun* Run::listed_in(const api::PodCronJob& parent) const {
  if (parent.meta.uid != origin_.pod_cron_job_uid || parent.meta.deletion_timestamp) return nullptr;
  for (const api::ActiveRun& run : parent.status.active) {
    // Who was thought gone and comes back finds its claim taken. A PodJob that was there before its
    // run is taken by its annotation: there `active` may still say who claimed.
    const bool ours = origin_.by_hand() ? run.pod_job_uid == origin_.pod_job_uid
                                        : resumed_ || run.holder == origin_.holder;
    if (run.name == origin_.run && ours) return &run;
  }
  return nullptr;
}

/// Never dialled, and it must not be. A scheduled run's PodJob goes, for who took its claim makes
/// it anew; one that a user made stays and says so.
void Run::not_listed(Now now, const ParentReply& reply, std::vector<RunAction>& out) {
  if (!origin_.by_hand()) {
    stage_ = Stage::kRemoving;
    out.emplace_back(RemoveRecord{});
    return;
  }
  const bool gone = !reply.parent || reply.parent->meta.uid != origin_.pod_cron_job_uid ||
                    reply.parent->meta.deletion_timestamp;
  abandon_reason_ = gone ? reason::kDeleted : reason::kNotStarted;
  stage_ = Stage::kRunning;
  advance(now, out);
}

void Run::on_parent(Now now, const ParentReply& reply, std::vector<RunAction>& out) {
  if (stage_ != Stage::kReadingParent) return;
  const api::ActiveRun* listed = reply.parent ? listed_in(*reply.parent) : nullptr;
  if (listed == nullptr) return not_listed(now, reply, out);
  if (abandon_reason_ == reason::kControllerShutdown) {
    stage_ = Stage::kGivingBack;
    out.emplace_back(GiveBack{});
    return;
  }
  if (listed->state == api::ActiveState::kEnding) abandon(now, reason::kReplaced, out);
  stage_ = Stage::kRunning;
  listed_at_ = now.mono;
  advance(now, out);
}

}  // namespace podcron::reconcile
