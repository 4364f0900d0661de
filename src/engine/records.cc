// What outlives a run: take-over of what a gone holder left, finalizers, and the place that an
// Unknown run keeps.
#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"
#include "observe/reasons.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;
namespace reason = observe::reason;

/// Between two looks at the same leftover, so that a refusal cannot become a hot loop.
constexpr Millis kTendRetry{2000};
/// The same where pods or capacity lack: they seldom come sooner.
constexpr Millis kNoPodRetry{10'000};

}  // namespace

bool Engine::State::holder_gone(std::string_view holder) {
  // A former life of this very process is gone for certain only when its Lease says so; a run of
  // ours that no run object follows any more is nobody's. What others left is the leader's to take.
  return holder == holder_ || (leads_ && holders_.gone(now_, holder));
}

/// What a live read shows may be older than what the watch has said since: an object that is in no
/// table and not newer than the watch is gone.
bool Engine::State::seen_to_go(kube::ObjectKind kind, std::uint64_t resource_version) const {
  return std::any_of(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.machine.target().kind == kind &&
           resource_version <= stream.machine.resource_version();
  });
}

void Engine::State::put_read_record(const api::PodJob& record) {
  const RecordRow* known = records_.find(key_of(record.meta.namespace_, record.meta.name));
  const bool same = known != nullptr && known->uid == record.meta.uid;
  if (same || !seen_to_go(kube::ObjectKind::kPodJob, record.meta.resource_version)) {
    put_record(record);
  }
}

void Engine::State::put_record(const api::PodJob& record) {
  RecordRow* row = records_.apply(record, epoch_of(kube::ObjectKind::kPodJob));
  if (row == nullptr) return;
  note_hand_made(record);
  const std::string name = key_of(row->namespace_, row->name);
  if (runs_here(name)) {
    RunEntry* entry = find_run(run_by_key_.find(name)->second);
    if (row->deleting && entry != nullptr && entry->run.record_uid() == row->uid) {
      feed(*entry, reconcile::RecordDeleted{});
    }
    return;
  }
  if (hand_made_.find(name) != nullptr) return;  // looked at by itself
  if (!is_final(row->phase) && !row->targets.empty()) {
    load_.hold(name, row->owner, row->targets);
  } else if (!row->end_unknown) {
    free_pods(name);
  }
  const auto end = unrecorded_.find(name);
  if (end != unrecorded_.end() && end->second.job == row->owner &&
      (end->second.fact.reason == reason::kStartingDeadlineExceeded ||
       end->second.fact.reason == reason::kReplaced)) {
    unrecorded_.erase(end);
  }
  if (const JobRow* job = jobs_.find(row->owner)) enqueue(job->id);
  record_timers_[now_.mono].insert(name);
}

void Engine::State::erase_record(const std::string& name) {
  const RecordRow* row = records_.find(name);
  if (row == nullptr) return;
  const Uid owner = row->owner;
  if (HandMade* made = hand_made_.find(name)) forget_hand_made(*made);
  if (!runs_here(name)) free_pods(name);
  records_.erase(name);
  if (const JobRow* job = jobs_.find(owner)) enqueue(job->id);
}

/// Its deadline plus one lease duration. Where no start is on record, the conclusion is the latest
/// that it can have been: the holder was gone by then.
WallTime Engine::State::place_until(const RecordRow& row) const {
  const WallTime concluded = row.completion_time.value_or(whole_seconds(now_.wall));
  const WallTime started = row.start_time.value_or(concluded);
  return started + Seconds{row.active_deadline_seconds} + config_.lease_duration;
}

/// The contract's section 7.5: what ends the place of an Unknown run.
bool Engine::State::place_given_up(const RecordRow& row) const {
  if (row.deleting) return true;
  if (whole_seconds(now_.wall) >= place_until(row)) return true;
  return std::all_of(row.targets.begin(), row.targets.end(), [&](const api::TargetRef& target) {
    const auto handle = pods_.find(row.namespace_, target.pod_name);
    if (!handle) return false;  // it may only have lost its label: then the deadline decides
    const api::Pod pod = pods_.expand(*handle);
    // A pod as it was before the run proves nothing about what became of its container.
    if (pod.meta.resource_version < row.first_version) return false;
    if (pod.meta.uid != target.pod_uid) return true;
    return std::any_of(
        pod.statuses.begin(), pod.statuses.end(), [&](const api::ContainerStatus& status) {
          return status.name == target.container && status.running &&
                 !target.container_id.empty() && status.container_id != target.container_id;
        });
  });
}

reconcile::RunOrigin Engine::State::origin_of(const JobRow& row,
                                              const api::ActiveRun& active) const {
  const api::ObjectMeta& meta = row.object.meta;
  reconcile::RunOrigin origin;
  origin.namespace_ = meta.namespace_;
  origin.pod_cron_job = meta.name;
  origin.pod_cron_job_uid = meta.uid;
  origin.generation = meta.generation;
  origin.run = active.name;
  origin.scheduled_time = active.scheduled_time;
  origin.starting_deadline =
      row.schedule && row.schedule->has_value()
          ? reconcile::starting_deadline(row.object, **row.schedule, active.scheduled_time)
          : active.scheduled_time;
  origin.holder = holder_;
  origin.attempt = active.attempt;
  return origin;
}

// ---- Take-over ----

/// Claims of holders that are gone, and Unknown runs whose time is up.
void Engine::State::tend_active(JobRow& row) {
  if (draining_) return;
  std::optional<MonoTime> again;
  std::optional<WallMillis> place;
  for (const api::ActiveRun& active : row.object.status.active) {
    const std::string name = key_of(row.object.meta.namespace_, active.name);
    if (runs_here(name, active) || inspecting_.contains(name) || unrecorded_.contains(name)) {
      continue;
    }
    const RecordRow* record = records_.find(name);
    const bool recorded = record != nullptr && is_record_of(*record, row.object.meta.uid, active);
    if (recorded && hand_made_.find(name) != nullptr) continue;               // looked at by itself
    if (recorded && record->undialled && !is_final(record->phase)) continue;  // on its way out
    if (recorded && is_final(record->phase)) {
      if (record->end_unknown) {
        // Only what lies ahead: a place that is over is settled by the plan, not by a timer.
        const WallMillis until = place_until(*record);
        if (until > now_.wall) place = place ? std::min(*place, until) : until;
      }
      continue;
    }
    // From the permit on the annotation names the holder.
    const std::string_view holder =
        recorded ? holder_in(record->holder) : std::string_view(active.holder);
    if (!leads_ && holder != holder_) continue;
    const bool given_back = recorded && holder.empty();
    const auto rest = rest_until_.find(name);
    const bool rested = rest == rest_until_.end() || now_.mono >= rest->second;
    if (rested && (given_back || holder_gone(holder))) {
      inspect(row, active);
      continue;
    }
    const MonoTime look = rested ? now_.mono + holders_.patience() : rest->second;
    again = again ? std::min(*again, look) : look;
  }
  if (again && row.mono_wake) again = std::min(*again, *row.mono_wake);
  if (place && row.wall_wake) place = std::min(*place, *row.wall_wake);
  set_wake(row, place ? place : row.wall_wake, again ? again : row.mono_wake);
}

void Engine::State::inspect(JobRow& row, const api::ActiveRun& active) {
  const std::string name = key_of(row.object.meta.namespace_, active.name);
  inspecting_.insert(name);
  Call call;
  call.kind = CallKind::kInspectRecord;
  call.priority = Priority::kPermit;
  call.job = row.id;
  call.name = active.name;
  call.path = kube::pod_job_path(row.object.meta.namespace_, active.name);
  outbox_.submit(std::move(call));
}

void Engine::State::on_inspected(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) {
    std::erase_if(inspecting_,
                  [&](const std::string& name) { return name.ends_with("/" + answer.call.name); });
    return;
  }
  const std::string name = key_of(row->object.meta.namespace_, answer.call.name);
  inspecting_.erase(name);
  rest_until_[name] = now_.mono + kTendRetry;
  set_wake(*row, row->wall_wake, now_.mono + kTendRetry);
  const auto& actives = row->object.status.active;
  const auto active = std::find_if(actives.begin(), actives.end(), [&](const api::ActiveRun& a) {
    return a.name == answer.call.name;
  });
  if (active == actives.end() || runs_here(name, *active)) return;
  if (!active->pod_job_uid.empty()) return on_hand_made_inspected(*row, *active, answer.reply);
  if (answer.reply.http_status == 404) {
    if (RecordRow* stale = records_.find(name); stale != nullptr) erase_record(name);
    const auto lost = lost_.find(name);
    if (lost != lost_.end() && lost->second.permitted && active->holder == holder_) {
      remember_end(name, row->object.meta.uid, active->holder, api::Outcome::kUnknown,
                   reason::kRecordMissing);
      return enqueue(row->id);
    }
    return take_claim(*row, *active);
  }
  if (answer.reply.http_status != 200) return;
  const auto record = decoder_.pod_job(answer.reply.body);
  if (!record || !record->controller || record->controller->uid != row->object.meta.uid) {
    remember_end(name, row->object.meta.uid, active->holder, api::Outcome::kFailed,
                 reason::kPodJobNameTaken);
    return enqueue(row->id);
  }
  put_read_record(*record);
  if (is_final(record->status.phase)) return enqueue(row->id);
  if (record->has_holder && record->holder.empty() && !record->meta.deletion_timestamp) {
    if (!leads_) return;
    Call call;
    call.kind = CallKind::kSwapHolder;
    call.priority = Priority::kPermit;
    call.job = row->id;
    call.name = answer.call.name;
    call.method = Method::kPatch;
    call.path = kube::pod_job_path(record->meta.namespace_, record->meta.name);
    call.body = api::encode_holder_patch(fmt::format("{}/{}", holder_, active->attempt),
                                         record->meta.resource_version);
    inspecting_.insert(name);
    return outbox_.submit(std::move(call));
  }
  const auto at = lost_.find(name);
  const bool lost = at != lost_.end() && holder_in(record->holder) == holder_;
  if (lost && !at->second.permitted) return take_claim(*row, *active);  // never dialled
  if (!lost && !holder_gone(holder_in(record->holder))) return;
  const RecordRow* known = records_.find(name);
  if (known == nullptr) return;
  if (!lost) count(metric::kTakeOvers, {{"found", "permitted"}});
  conclude_record(*known, api::PodJobPhase::kUnknown,
                  record->meta.deletion_timestamp ? reason::kDeleted : reason::kHolderGone,
                  lost ? "how this ended could not be recorded"
                       : "the controller that ran this is gone; whether the command ended is not "
                         "known");
}

/// It stands in `active` without the PodJob that somebody made: that was taken away by force, and
/// what became of the run cannot be known.
void Engine::State::on_hand_made_inspected(const JobRow& row, const api::ActiveRun& active,
                                           const KubeReply& reply) {
  const std::string name = key_of(row.object.meta.namespace_, active.name);
  if (reply.http_status != 200 && reply.http_status != 404) return;
  auto record = reply.http_status == 200
                    ? decoder_.pod_job(reply.body)
                    : Result<api::PodJob>(fail(ErrorCode::kNotFound, "not there any more"));
  if (record) put_read_record(*record);
  if (record && record->meta.uid == active.pod_job_uid) return;
  if (!record && records_.find(name) != nullptr) erase_record(name);
  remember_end(name, row.object.meta.uid, active.holder, api::Outcome::kUnknown,
               reason::kRecordMissing);
  enqueue(row.id);
}

/// What a claim that is taken over runs in. The claim is in strategyState already, from which the
/// strategies that take turns know what they drew for it.
std::vector<api::TargetRef> Engine::State::choose_for(
    const JobRow& row, const api::ActiveRun& active,
    const eligibility::Assessment& assessment) const {
  const api::PodCronJob& job = row.object;
  return reconcile::choose_targets(
      pods_, job.spec.job, assessment,
      {job.meta.uid, active.scheduled_time, 0, job.status.strategy_state, &nodes_,
       consultation(row, active.scheduled_time).advice});
}

/// The claim was never dialled: a PodJob comes before every dial. It is taken by writing our holder
/// into `active`, then run as if we had claimed it.
void Engine::State::take_claim(JobRow& row, const api::ActiveRun& active) {
  const std::string name = key_of(row.object.meta.namespace_, active.name);
  const reconcile::RunOrigin origin = origin_of(row, active);
  const bool replaced = active.state == api::ActiveState::kEnding;
  if (replaced || whole_seconds(now_.wall) > origin.starting_deadline) {
    remember_end(name, row.object.meta.uid, active.holder, api::Outcome::kFailed,
                 replaced ? reason::kReplaced : reason::kStartingDeadlineExceeded);
    return enqueue(row.id);
  }
  if (row.writing || row.reading || !leads_) return;  // looked at again after the rest
  // Another controller may see more pods than this one, so without any the claim stays as it is.
  const auto assessment = assess(row);
  if (!has_capacity(row.object.meta.namespace_) || choose_for(row, active, assessment).empty()) {
    consult_again(row, active.scheduled_time, assessment);
    rest_until_[name] = now_.mono + kNoPodRetry;
    set_wake(row, row.wall_wake, now_.mono + kNoPodRetry);
    return;
  }
  api::PodCronJobStatus status = row.object.status;
  for (api::ActiveRun& a : status.active) {
    if (a.name == active.name) a.holder = holder_;
  }
  row.writing = true;
  inspecting_.insert(name);
  Call call;
  call.kind = CallKind::kTakeClaim;
  call.priority = Priority::kClaim;
  call.job = row.id;
  call.name = active.name;
  call.method = Method::kPatch;
  call.path = kube::pod_cron_job_path(row.object.meta.namespace_, row.object.meta.name) + "/status";
  call.body = api::encode_status_patch(status, row.object);
  outbox_.submit(std::move(call));
}

void Engine::State::on_claim_taken(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) return;
  row->writing = false;
  const std::string name = key_of(row->object.meta.namespace_, answer.call.name);
  inspecting_.erase(name);
  rest_until_[name] = now_.mono + kTendRetry;
  enqueue(row->id);
  set_wake(*row, row->wall_wake, now_.mono + kTendRetry);
  if (answer.reply.http_status == 409) {
    // A live read brings us up to date; `active` then says who has it.
    row->reading = true;
    Call read;
    read.kind = CallKind::kReadJob;
    read.priority = Priority::kClaim;
    read.job = row->id;
    read.path = kube::pod_cron_job_path(row->object.meta.namespace_, row->object.meta.name);
    return outbox_.submit(std::move(read));
  }
  if (answer.reply.http_status != 200) return;
  auto job = decoder_.pod_cron_job(answer.reply.body);
  if (!job || job->meta.uid != row->object.meta.uid) return;
  put_job(std::move(*job));
  const auto& actives = row->object.status.active;
  const auto active = std::find_if(actives.begin(), actives.end(), [&](const api::ActiveRun& a) {
    return a.name == answer.call.name && a.holder == holder_;
  });
  if (active == actives.end() || runs_here(name) || lease_released_) return;
  parse_schedules(*row);
  const api::PodJobTemplateSpec& spec = row->object.spec.job;
  const auto assessment = assess(*row);
  std::vector<api::TargetRef> targets = choose_for(*row, *active, assessment);
  if (targets.empty()) return;  // again after the rest
  consultations_.forget(row->id, active->scheduled_time);
  count(metric::kTakeOvers, {{"found", "claimed"}});
  log(LogLevel::kInfo, "claim taken over",
      {{key::kPodCronJob, key_of(row->object.meta.namespace_, row->object.meta.name)},
       {key::kPodJob, answer.call.name}});
  start_run(*row, reconcile::Run::claimed(origin_of(*row, *active), spec, std::move(targets),
                                          reconcile::summarise(assessment)));
}

void Engine::State::on_holder_swapped(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) return;
  const std::string name = key_of(row->object.meta.namespace_, answer.call.name);
  inspecting_.erase(name);
  enqueue(row->id);
  auto record = answer.reply.http_status == 200
                    ? decoder_.pod_job(answer.reply.body)
                    : Result<api::PodJob>(fail(ErrorCode::kNotFound, "lost to another holder"));
  if (!record) return;
  put_read_record(*record);
  const auto& actives = row->object.status.active;
  const auto active = std::find_if(actives.begin(), actives.end(), [&](const api::ActiveRun& a) {
    return a.name == answer.call.name;
  });
  if (active == actives.end() || runs_here(name) || record->targets.empty() || lease_released_) {
    return;
  }
  count(metric::kTakeOvers, {{"found", "given_back"}});
  start_run(*row, reconcile::Run::resumed(origin_of(*row, *active), *record));
}

// ---- Records that nobody runs any more ----

/// A final record without a place in `active` loses its finalizer; an unfinished one of a gone
/// holder that is in nobody's `active` is told to be unknown.
void Engine::State::tend_record(const std::string& name) {
  RecordRow* row = records_.find(name);
  if (row == nullptr || row->tending || runs_here(name) || !may_tend()) return;
  // Whoever does not lead tidies up behind itself alone.
  if (!leads_ && holder_in(row->holder) != holder_) return;
  const bool by_hand = !row->scheduled_time;
  if (by_hand && !is_final(row->phase)) return;  // looked at by itself
  if (expire(name, *row)) return;
  const JobRow* job =
      by_hand ? jobs_.find(row->namespace_, row->owner_name) : jobs_.find(row->owner);
  // An undialled one is in the way of whoever took the claim.
  const bool undialled = row->undialled && !is_final(row->phase);
  const bool in_place = job != nullptr && !has_left(*job, *row) && !undialled;
  if (by_hand && row->has_finalizer && !may_let_go(*row, job)) return;
  if (!by_hand && (in_place || (job != nullptr && inspecting_.contains(name)))) return;
  const std::string_view holder = holder_in(row->holder);
  if (!holder.empty() && !holder_gone(holder)) {
    // Its holder does this; if that one dies, we look again.
    if (row->has_finalizer) {
      record_timers_[now_.mono + holders_.patience()].insert(name);
    }
    return;
  }
  if (row->retry_at && now_.mono < *row->retry_at) {
    record_timers_[*row->retry_at].insert(name);
    return;
  }
  if (job == nullptr && !row->orphan && !row->owner_name.empty()) return ask_owner(*row);
  if (by_hand && job != nullptr && !has_left(*job, *row)) return ask_owner(*row);
  if (!is_final(row->phase) && !row->undialled) {
    return conclude_record(*row, api::PodJobPhase::kUnknown,
                           row->deleting ? reason::kDeleted : reason::kRestoredRecord,
                           "no PodCronJob lists this run as active; it was not run");
  }
  free_pods(name);
  if (row->has_finalizer) return drop_finalizer(*row);
}

/// The place of a run made by hand: in `active` until the PodCronJob is written; without one, as
/// long as an unknown end may still be a running process.
bool Engine::State::may_let_go(const RecordRow& row, const JobRow* job) {
  const std::string name = key_of(row.namespace_, row.name);
  const bool listed = job != nullptr && lists(job->object.status.active, row);
  const bool kept = job == nullptr && row.end_unknown && !place_given_up(row);
  if (!listed && !kept) return true;
  record_timers_[now_.mono + (row.end_unknown ? kNoPodRetry : kTendRetry)].insert(name);
  return false;
}

void Engine::State::conclude_record(const RecordRow& row, api::PodJobPhase phase,
                                    std::string_view why, std::string message) {
  const std::string name = key_of(row.namespace_, row.name);
  RecordRow* known = records_.find(name);
  if (known == nullptr || known->tending) return;
  known->tending = true;
  api::PodJobStatus status;
  status.phase = phase;
  status.reason = why;
  status.message = std::move(message);
  status.start_time = row.start_time;
  status.completion_time = whole_seconds(now_.wall);
  if (!row.targets.empty()) {
    status.target = row.targets.size() == 1 ? row.targets.front().pod_name
                                            : fmt::format("{} pods", row.targets.size());
  }
  for (const api::TargetRef& ref : row.targets) {
    api::TargetStatus target;
    target.pod_name = ref.pod_name;
    target.pod_uid = ref.pod_uid;
    target.container = ref.container;
    target.outcome = api::TargetOutcome::kUnknown;
    target.reason = why;
    status.targets.push_back(std::move(target));
  }
  Call call;
  call.kind = CallKind::kConcludeRecord;
  call.priority = Priority::kOutcome;
  call.name = name;
  call.method = Method::kPatch;
  call.path = kube::pod_job_path(row.namespace_, row.name) + "/status";
  call.body = api::encode_status_patch(status, row.resource_version, whole_seconds(now_.wall));
  outbox_.submit(std::move(call));
}

/// Its PodCronJob may be one that our watch has not brought yet: only a live read tells an orphan.
void Engine::State::ask_owner(RecordRow& row) {
  row.tending = true;
  Call call;
  call.kind = CallKind::kAskOwner;
  call.name = key_of(row.namespace_, row.name);
  call.path = kube::pod_cron_job_path(row.namespace_, row.owner_name);
  outbox_.submit(std::move(call));
}

void Engine::State::on_owner_asked(Answer&& answer) {
  RecordRow* row = records_.find(answer.call.name);
  if (row == nullptr) return;
  row->tending = false;
  std::optional<api::PodCronJob> owner;
  if (answer.reply.http_status == 200) {
    if (auto job = decoder_.pod_cron_job(answer.reply.body)) owner = std::move(*job);
  }
  const bool by_hand = !row->scheduled_time;
  row->orphan =
      answer.reply.http_status == 404 || (owner && !by_hand && owner->meta.uid != row->owner);
  row->left = by_hand && owner && !lists(owner->status.active, *row);
  if (owner) put_read_job(std::move(*owner));
  const bool known = row->orphan || row->left;
  if (!known) row->retry_at = now_.mono + kTendRetry;
  record_timers_[known ? now_.mono : *row->retry_at].insert(answer.call.name);
}

void Engine::State::drop_finalizer(RecordRow& row) {
  row.tending = true;
  Call call;
  call.kind = CallKind::kDropFinalizer;
  call.name = key_of(row.namespace_, row.name);
  call.method = Method::kPatch;
  call.path = kube::pod_job_path(row.namespace_, row.name);
  call.body = api::encode_finalizers_patch(row.other_finalizers, row.resource_version);
  outbox_.submit(std::move(call));
}

void Engine::State::on_record_answer(Answer&& answer) {
  RecordRow* row = records_.find(answer.call.name);
  if (row == nullptr) return;
  row->tending = false;
  const Uid owner = row->owner;
  const std::string run = row->name;
  if (answer.reply.http_status == 404) {
    erase_record(answer.call.name);
  } else if (answer.reply.http_status == 200 && answer.call.kind == CallKind::kDeleteRecord) {
    row->deleting = true;  // the watch will say so too
  } else if (answer.reply.http_status == 200) {
    if (const auto record = decoder_.pod_job(answer.reply.body)) put_read_record(*record);
    // The watch may have brought this version before its answer, when the row was still tended.
    record_timers_[now_.mono].insert(answer.call.name);
    const JobRow* job = jobs_.find(owner);
    if (answer.call.kind == CallKind::kConcludeRecord && job != nullptr) {
      count(metric::kRuns, {{"outcome", "Unknown"}});
      const EventSubject subject{job->object.meta.namespace_, "PodCronJob", job->object.meta.name,
                                 job->object.meta.uid};
      auto call = events_.record(now_, subject, observe::event::kRunUnknown,
                                 fmt::format("run {}: its controller is gone", run), 1);
      if (call) outbox_.submit(std::move(*call));
    }
  } else if (answer.reply.http_status >= 300) {
    // 409: the watch will bring what is newer; anything else is tried again after a rest.
    row->retry_at = now_.mono + kTendRetry;
    record_timers_[*row->retry_at].insert(answer.call.name);
  }
  if (const JobRow* job = jobs_.find(owner)) enqueue(job->id);
}

}  // namespace podcron::engine
