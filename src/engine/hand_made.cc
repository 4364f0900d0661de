// PodJobs that somebody made by hand, until they have a run or an end: reconcile/hand_made.h
// decides, here its steps become requests.
#include "engine/hand_made_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"
#include "observe/reasons.h"
#include "reconcile/hand_made.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;
namespace reason = observe::reason;
using reconcile::HandMadePlan;

/// After a refusal, so that it cannot become a hot loop.
constexpr Millis kRefusedRest{2000};
/// What waits for less tells nobody, and the same PodJob tells no oftener.
constexpr Seconds kToldAfter{2};
constexpr Millis kToldAgain{10'000};

/// A merge patch keeps the reasons that it does not name, so those that are gone are named with 0.
std::optional<api::EligibilitySummary> in_place_of(
    const std::optional<api::EligibilitySummary>& before,
    std::optional<api::EligibilitySummary> after) {
  if (!before || !after) return after;
  auto& reasons = after->reasons;
  for (const auto& old : before->reasons) {
    const bool kept = std::any_of(reasons.begin(), reasons.end(),
                                  [&](const auto& each) { return each.first == old.first; });
    if (!kept) reasons.emplace_back(old.first, 0);
  }
  std::sort(reasons.begin(), reasons.end());
  return after;
}

api::TargetStatus target_status(const api::TargetRef& ref) {
  api::TargetStatus status;
  status.pod_name = ref.pod_name;
  status.pod_uid = ref.pod_uid;
  status.container = ref.container;
  return status;
}

}  // namespace

// ---- Rows ----

void Engine::State::note_hand_made(const api::PodJob& record) {
  const std::string name = key_of(record.meta.namespace_, record.meta.name);
  const bool unfinished = !is_final(record.status.phase);
  if (HandMade* old = hand_made_.find(name);
      old != nullptr && (!unfinished || old->record.meta.uid != record.meta.uid)) {
    forget_hand_made(*old);
  }
  if (!unfinished) hand_made_.had_run.erase(record.meta.uid);
  const auto& only = config_.namespaces;
  const bool elsewhere =
      !only.empty() && std::find(only.begin(), only.end(), record.meta.namespace_) == only.end();
  if (!unfinished || elsewhere || !reconcile::is_made_by_hand(record)) return;
  HandMade& made = hand_made_.put(record);
  need_owners(record.meta.namespace_);
  note_service(made.id, made.service, record.meta.namespace_, record.spec.target);
  note_topology(record.meta.namespace_, record.spec.strategy);
  enqueue(made.id);
}

void Engine::State::forget_hand_made(HandMade& made) {
  let_go(made);
  wake_hand_made(made, std::nullopt, std::nullopt);
  forget_service(made.id, made.service);
  ready_.erase(made.id);
  bound_waiters_.erase(made.id);
  await_pods(made.id, made.record.meta.namespace_, false);
  consultations_.forget(made.id);
  hand_made_.erase(made.id);
}

void Engine::State::enqueue_hand_made_of(const JobRow& parent) {
  const api::ObjectMeta& meta = parent.object.meta;
  for (const JobId id : hand_made_.of_parent(key_of(meta.namespace_, meta.name))) enqueue(id);
}

JobRow* Engine::State::parent_of(const HandMade& made) {
  return made.names_parent()
             ? jobs_.find(made.record.meta.namespace_, made.record.pod_cron_job_name)
             : nullptr;
}

void Engine::State::wake_hand_made(HandMade& made, std::optional<WallMillis> wall,
                                   std::optional<MonoTime> mono) {
  if (made.wall_wake) wall_timers_.erase({*made.wall_wake, made.id});
  if (wall) wall_timers_.insert({*wall, made.id});
  made.wall_wake = wall;
  if (made.mono_wake) mono_timers_.erase({*made.mono_wake, made.id});
  if (mono) mono_timers_.insert({*mono, made.id});
  made.mono_wake = mono;
}

// ---- Bounds, and pods that are busy ----

/// As a claim in flight: a place in the bounds, and the pods that it is about to have.
void Engine::State::hold_for(HandMade& made, const std::vector<api::TargetRef>& targets) {
  if (!made.holding) {
    ++claims_in_flight_;
    ++held_by_namespace_[made.record.meta.namespace_];
    made.holding = true;
  }
  load_.hold(made.key(), pods_shared_by(made), targets);
}

void Engine::State::let_go(HandMade& made) {
  if (!made.holding) return;
  made.holding = false;
  --claims_in_flight_;
  --held_by_namespace_[made.record.meta.namespace_];
  load_.release(made.key());
  wake_bound_waiters();
}

/// Rules 26 and 27 are about the runs of one PodCronJob; without one, a PodJob stands for itself.
Uid Engine::State::pods_shared_by(const HandMade& made) {
  const JobRow* parent = parent_of(made);
  return parent == nullptr ? made.record.meta.uid : parent->object.meta.uid;
}

// ---- Plan ----

reconcile::Draw Engine::State::draw_for(HandMade& made) {
  const api::PodJob& record = made.record;
  const std::string& namespace_ = record.meta.namespace_;
  if (auto unreadable = why_unknown(namespace_, record.spec)) {
    return {{}, std::nullopt, unreadable->reason, std::move(unreadable->message)};
  }
  if (!all_known(namespace_, record.spec)) return {};  // looked at again when it is listed
  load_.release(made.key());                           // its own pods are not busy for it
  const JobRow* parent = parent_of(made);
  const std::int64_t generation = parent == nullptr ? 1 : parent->object.meta.generation;
  const auto assessment = assess(namespace_, pods_shared_by(made), generation, record.spec);
  reconcile::Draw draw{{}, reconcile::summarise(assessment)};
  draw.reconsider_at = assessment.reconsider_at;
  const WallTime made_at = reconcile::made_at(record);
  const auto known = consultations_.look_up({made.id, made_at, 1}, now_.mono);
  if (reconcile::must_consult(record.spec, assessment, known)) {
    draw.message = "the strategy service has not answered yet";
    if (!known.asked)
      consult(made, {made_at, assessment.eligible, reconcile::deadline_by_hand(record)});
    return draw;
  }
  draw.targets = reconcile::choose_targets(
      pods_, record.spec, assessment,
      {pods_shared_by(made), made_at, 0, strategy_state_for(parent, record.spec.strategy), &nodes_,
       known.advice, record.meta.uid});
  if (!draw.targets.empty()) return draw;
  draw.reason = reason::kNoEligiblePod;
  draw.message = reconcile::describe_lack(record.spec, assessment, known.advice);
  draw.lacks_pod = true;
  return draw;
}

/// What the strategy of the PodCronJob remembers, if it is the same one.
api::StringMap Engine::State::strategy_state_for(const JobRow* parent,
                                                 const api::StrategySpec& strategy) {
  const bool same = parent != nullptr && parent->object.spec.job.strategy.type == strategy.type;
  return same ? parent->object.status.strategy_state : api::StringMap{};
}

void Engine::State::process_hand_made(HandMade& made) {
  bound_waiters_.erase(made.id);
  const std::string name = made.key();
  if (made.busy || runs_here(name)) return;
  if (made.rest_until && now_.mono < *made.rest_until) {
    return wake_hand_made(made, std::nullopt, made.rest_until);
  }
  if (!leads_) return give_back(made);
  if (!may_start()) return;
  const JobRow* parent = parent_of(made);
  reconcile::HandMadeView view{made.record};
  if (parent != nullptr) {
    view.parent = &parent->object;
    view.settled = parent->object.status;
    reconcile::settle(view.settled,
                      [&](const api::ActiveRun& active) { return fact_of(*parent, active); });
  }
  view.parent_is_live = std::exchange(made.parent_is_live, false);
  view.holder = holder_;
  const auto mark = reconcile::parse_holder_mark(made.record.holder);
  view.holder_gone = mark && !mark->holder.empty() && holder_gone(mark->holder);
  view.had_run = hand_made_.had_run.contains(made.record.meta.uid);
  view.namespace_suspended = suspended_namespaces_.contains(made.record.meta.namespace_);
  view.globally_suspended = config_.globally_suspended;
  view.capacity = made.holding || has_capacity(made.record.meta.namespace_);
  view.draw = [&] { return draw_for(made); };
  follow(made, reconcile::plan_hand_made(view, now_));
}

void Engine::State::follow(HandMade& made, HandMadePlan&& plan) {
  const RecordRow* record = records_.find(made.key());
  const bool others = plan.for_holder || plan.phase == api::PodJobPhase::kUnknown;
  switch (plan.step) {
    case HandMadePlan::Step::kWait:
    case HandMadePlan::Step::kEnd:
      let_go(made);
      // Wherever it is, or may still be, it makes its pods busy.
      if (others && record != nullptr) {
        load_.hold(made.key(), pods_shared_by(made), record->targets);
      }
      return plan.step == HandMadePlan::Step::kWait ? await(made, plan) : end_by_hand(made, plan);
    case HandMadePlan::Step::kAskParent:
      return ask_about(
          made, CallKind::kAskParent,
          kube::pod_cron_job_path(made.record.meta.namespace_, made.record.pod_cron_job_name));
    case HandMadePlan::Step::kTakeRecord: {
      hold_for(made, plan.draw.targets);
      const api::PodJob& job = made.record;
      return patch(made, CallKind::kTakeRecord, Priority::kPermit, "",
                   api::encode_take_patch(reconcile::holder_mark(job.meta.uid, holder_, 1),
                                          job.other_finalizers, job.meta.resource_version));
    }
    case HandMadePlan::Step::kWriteParent:
      if (!plan.draw.targets.empty()) hold_for(made, plan.draw.targets);
      return write_parent(made, std::move(plan));
    case HandMadePlan::Step::kPermit: {
      hold_for(made, plan.draw.targets);
      api::PodJobStatus status;
      status.eligibility =
          in_place_of(made.record.status.eligibility, std::move(plan.draw.eligibility));
      for (const api::TargetRef& ref : plan.draw.targets) {
        status.targets.push_back(target_status(ref));
      }
      made.targets = std::move(plan.draw.targets);
      return patch(made, CallKind::kPermitByHand, Priority::kPermit, "/status",
                   api::encode_status_patch(status, made.record.meta.resource_version,
                                            whole_seconds(now_.wall)));
    }
  }
}

/// Until something that it waits for changes; meanwhile its status says what that is.
void Engine::State::await(HandMade& made, const HandMadePlan& plan) {
  await_pods(made.id, made.record.meta.namespace_, plan.for_pod);
  if (plan.for_bounds || plan.for_pod) bound_waiters_.insert(made.id);
  std::optional<WallMillis> wall = plan.wake_at;
  std::optional<MonoTime> mono;
  const auto sooner = [&](std::optional<MonoTime> at) {
    if (at) mono = std::min(mono.value_or(*at), *at);
  };
  if (plan.for_holder) sooner(now_.mono + holders_.patience());
  if (plan.for_pod) {
    sooner(back_off_.next_end(now_.mono, pods_shared_by(made)));
    sooner(consultations_.next_end(made.id, now_.mono));
    if (plan.draw.reconsider_at) {
      wall =
          std::min<WallMillis>(wall.value_or(*plan.draw.reconsider_at), *plan.draw.reconsider_at);
    }
  }
  const api::PodJobStatus& told = made.record.status;
  const bool news =
      told.reason != plan.reason || (plan.reason.empty() && told.message != plan.message);
  const bool silent = plan.reason.empty() && plan.message.empty();
  if (!news || silent) return wake_hand_made(made, wall, mono);
  const WallMillis first = reconcile::made_at(made.record) + kToldAfter;
  if (now_.wall < first) {
    wall = std::min(wall.value_or(first), first);
  } else if (made.told_at && now_.mono < *made.told_at + kToldAgain) {
    sooner(*made.told_at + kToldAgain);
  } else {
    tell(made, plan);
  }
  wake_hand_made(made, wall, mono);
}

// ---- Requests ----

void Engine::State::patch(HandMade& made, CallKind kind, Priority priority,
                          std::string_view subresource, std::string body) {
  wake_hand_made(made, std::nullopt, std::nullopt);
  made.busy = true;
  Call call;
  call.kind = kind;
  call.priority = priority;
  call.name = made.key();
  call.method = Method::kPatch;
  call.path = kube::pod_job_path(made.record.meta.namespace_, made.record.meta.name);
  call.path += subresource;
  call.body = std::move(body);
  outbox_.submit(std::move(call));
}

void Engine::State::ask_about(HandMade& made, CallKind kind, std::string path) {
  made.busy = true;
  Call call;
  call.kind = kind;
  call.priority = Priority::kPermit;
  call.name = made.key();
  call.path = std::move(path);
  outbox_.submit(std::move(call));
}

/// One write of a PodCronJob's status at a time: when it is another's turn, it wakes us.
void Engine::State::write_parent(HandMade& made, HandMadePlan&& plan) {
  JobRow* parent = parent_of(made);
  if (parent == nullptr || parent->writing || parent->reading) return;
  parent->writing = true;
  made.busy = true;
  Call call;
  call.kind = CallKind::kTakePlace;
  call.priority = Priority::kClaim;
  call.job = parent->id;
  call.name = made.key();
  call.method = Method::kPatch;
  call.path =
      kube::pod_cron_job_path(parent->object.meta.namespace_, parent->object.meta.name) + "/status";
  call.body = api::encode_status_patch(plan.status, parent->object);
  outbox_.submit(std::move(call));
}

void Engine::State::tell(HandMade& made, const HandMadePlan& plan) {
  made.told_at = now_.mono;
  api::PodJobStatus status = made.record.status;
  status.reason = plan.reason;
  status.message = plan.message;
  status.eligibility = in_place_of(made.record.status.eligibility, plan.draw.eligibility);
  patch(made, CallKind::kTellWait, Priority::kRest, "/status",
        api::encode_status_patch(status, made.record.meta.resource_version,
                                 whole_seconds(now_.wall)));
}

void Engine::State::end_by_hand(HandMade& made, const HandMadePlan& plan) {
  const api::PodJobStatus& before = made.record.status;
  const bool unknown = plan.phase == api::PodJobPhase::kUnknown;
  api::PodJobStatus status;
  status.phase = plan.phase;
  status.reason = plan.reason;
  status.message = plan.message;
  status.start_time = before.start_time;
  status.completion_time = whole_seconds(now_.wall);
  status.target = before.target;
  status.late = before.late;
  status.eligibility = in_place_of(
      before.eligibility, plan.draw.eligibility ? plan.draw.eligibility : before.eligibility);
  status.targets = before.targets;
  for (api::TargetStatus& target : status.targets) {
    target.outcome = unknown ? api::TargetOutcome::kUnknown : api::TargetOutcome::kNotStarted;
    target.reason = plan.reason;
  }
  if (plan.reason == reason::kHolderGone) count(metric::kTakeOvers, {{"found", "permitted"}});
  patch(made, CallKind::kEndByHand, Priority::kOutcome, "/status",
        api::encode_status_patch(status, made.record.meta.resource_version,
                                 whole_seconds(now_.wall)));
}

/// At shutdown, and when another leads: what is ours and has no run yet is free for others at once.
void Engine::State::give_back_hand_made() {
  for (auto& [id, made] : hand_made_.rows()) {
    if (!made.busy) give_back(made);
  }
}

void Engine::State::give_back(HandMade& made) {
  const api::ObjectMeta& meta = made.record.meta;
  const auto mark = reconcile::parse_holder_mark(made.record.holder);
  const bool ours = mark && mark->pod_job == meta.uid && mark->holder == holder_;
  if (!ours || is_final(made.record.status.phase) || hand_made_.had_run.contains(meta.uid)) return;
  let_go(made);
  patch(made, CallKind::kTakeRecord, Priority::kOutcome, "",
        api::encode_holder_patch(reconcile::holder_mark(meta.uid, "", 1), meta.resource_version));
}

// ---- Names ----

/// For the log; empty when the run has no PodCronJob.
std::string Engine::State::parent_key(const reconcile::RunOrigin& origin) {
  return origin.has_parent() ? key_of(origin.namespace_, origin.pod_cron_job) : "";
}

/// Whose Events tell of the run.
EventSubject Engine::State::subject_of(const reconcile::RunOrigin& origin) {
  if (!origin.has_parent()) return {origin.namespace_, "PodJob", origin.run, origin.pod_job_uid};
  return {origin.namespace_, "PodCronJob", origin.pod_cron_job, origin.pod_cron_job_uid};
}

bool Engine::State::runs_here(const std::string& name, const api::ActiveRun& active) const {
  const auto at = run_by_key_.find(name);
  return at != run_by_key_.end() &&
         runs_.at(at->second).run.origin().pod_job_uid == active.pod_job_uid;
}

// ---- Answers ----

void Engine::State::on_hand_made_answer(Answer&& answer) {
  const KubeReply& reply = answer.reply;
  const CallKind kind = answer.call.kind;
  if (HandMade* made = hand_made_.find(answer.call.name)) {
    made->busy = false;
    enqueue(made->id);
  }
  if (reply.http_status == 200) {
    const auto record = decoder_.pod_job(reply.body);
    if (!record) return;
    put_read_record(*record);
    if (kind == CallKind::kPermitByHand) return start_by_hand(answer.call.name, *record);
    if (kind == CallKind::kEndByHand) return report_end_by_hand(*record);
    return;
  }
  HandMade* made = hand_made_.find(answer.call.name);
  if (made == nullptr) return;
  if (reply.http_status == 404) return erase_record(answer.call.name);
  if (reply.http_status == 409 && kind != CallKind::kReadByHand) {
    // Somebody else wrote, or an earlier try of ours did: a live read tells.
    return ask_about(*made, CallKind::kReadByHand,
                     kube::pod_job_path(made->record.meta.namespace_, made->record.meta.name));
  }
  made->rest_until = now_.mono + kRefusedRest;
  log(LogLevel::kWarning, "PodJob made by hand not written",
      {{key::kPodJob, answer.call.name},
       {key::kHttpStatus, std::to_string(reply.http_status)},
       {key::kError, reply.error.empty() ? reply.body.substr(0, 512) : reply.error}});
}

void Engine::State::on_parent_asked(Answer&& answer) {
  HandMade* made = hand_made_.find(answer.call.name);
  if (made == nullptr) return;
  made->busy = false;
  enqueue(made->id);
  if (answer.reply.http_status == 404) {
    made->parent_is_live = true;
    if (JobRow* parent = parent_of(*made)) erase_job(*parent);
    return;
  }
  auto parent = answer.reply.http_status == 200
                    ? decoder_.pod_cron_job(answer.reply.body)
                    : Result<api::PodCronJob>(fail(ErrorCode::kNotFound, "not answered"));
  if (!parent) {
    made->rest_until = now_.mono + kRefusedRest;
    return;
  }
  made->parent_is_live = true;
  put_read_job(std::move(*parent));
}

void Engine::State::on_place_taken(Answer&& answer) {
  HandMade* made = hand_made_.find(answer.call.name);
  if (made != nullptr) made->busy = false;
  if (made != nullptr) enqueue(made->id);
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) return;
  row->writing = false;
  enqueue(row->id);
  if (answer.reply.http_status == 409) return read_job(*row);
  auto job = answer.reply.http_status == 200
                 ? decoder_.pod_cron_job(answer.reply.body)
                 : Result<api::PodCronJob>(fail(ErrorCode::kNotFound, "refused"));
  if (!job || job->meta.uid != row->object.meta.uid) {
    if (made != nullptr) made->rest_until = now_.mono + kRefusedRest;
    return;
  }
  put_job(std::move(*job));
  tidy_after_write(row->object);
}

void Engine::State::start_by_hand(const std::string& name, const api::PodJob& record) {
  HandMade* made = hand_made_.find(name);
  // Made anew meanwhile, or its PodCronJob is gone: looked at afresh.
  if (made == nullptr || made->record.meta.uid != record.meta.uid || made->targets.empty()) return;
  const JobRow* parent = parent_of(*made);
  if (draining_ || runs_here(name) || (made->names_parent() && parent == nullptr)) return;
  std::vector<api::TargetRef> targets = std::exchange(made->targets, {});
  reconcile::RunOrigin origin;
  origin.namespace_ = record.meta.namespace_;
  if (parent != nullptr) origin.pod_cron_job = parent->object.meta.name;
  origin.pod_cron_job_uid = pods_shared_by(*made);
  origin.generation = parent == nullptr ? 1 : parent->object.meta.generation;
  origin.run = record.meta.name;
  origin.scheduled_time = reconcile::made_at(record);
  origin.starting_deadline = reconcile::deadline_by_hand(record);
  origin.holder = holder_;
  origin.pod_job_uid = record.meta.uid;
  consultations_.forget(made->id);
  let_go(*made);
  hand_made_.had_run.insert(record.meta.uid);
  start_run(parent == nullptr ? JobId{0} : parent->id,
            reconcile::Run::made_by_hand(std::move(origin), record, std::move(targets)));
}

/// It never became a run of ours: counted and told as one that did.
void Engine::State::report_end_by_hand(const api::PodJob& record) {
  const bool failed = record.status.phase == api::PodJobPhase::kFailed;
  const std::string word = failed ? "Failed" : "Unknown";
  count(metric::kRuns, {{"outcome", word}});
  log(LogLevel::kWarning, "run ended",
      {{key::kPodJob, key_of(record.meta.namespace_, record.meta.name)},
       {key::kOutcome, word},
       {key::kReason, record.status.reason},
       {key::kMessage, record.status.message}});
  const EventSubject subject{record.meta.namespace_, "PodJob", record.meta.name, record.meta.uid};
  auto call = events_.record(
      now_, subject, failed ? observe::event::kRunFailed : observe::event::kRunUnknown,
      fmt::format("run {}: {}: {}", record.meta.name, record.status.reason, record.status.message),
      1);
  if (call) outbox_.submit(std::move(*call));
}

}  // namespace podcron::engine
