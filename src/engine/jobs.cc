// Steps 5 and 6 of the data flow: plan, and claim by compare-and-swap of the PodCronJob's status.
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

/// After a refused status write: 1 s, doubled, at most as a Job's back-off.
constexpr Millis kRefusedFirst{1000};
constexpr Millis kRefusedMax{6 * 60 * 1000};
std::string_view outcome_label(api::Outcome outcome) {
  switch (outcome) {
    case api::Outcome::kSucceeded:
      return "Succeeded";
    case api::Outcome::kFailed:
      return "Failed";
    case api::Outcome::kUnknown:
      return "Unknown";
    case api::Outcome::kSkipped:
      return "Skipped";
    case api::Outcome::kMissed:
      return "Missed";
  }
  return "";
}

/// ": 0 of 6 pods eligible: 3 PodNotReady, ..." as the condition says it now; empty: pods came.
std::string why_no_target(const api::PodCronJobStatus& status) {
  const auto* targets = reconcile::find_condition(status, observe::condition::kTargetsAvailable);
  const bool lack = targets != nullptr && targets->status == api::ConditionStatus::kFalse;
  return lack ? ": " + targets->message : "";
}

Result<Schedule> parse(const std::shared_ptr<const ZoneDatabase>& zones, const std::string& zone,
                       const std::string& text, const std::string& daylight_saving,
                       const std::string& identity) {
  const auto found = zones->find(zone);
  if (!found) {
    return fail(found.error().code, "spec.timeZone: " + found.error().message);
  }
  const auto policy =
      daylight_saving == "AsCronJob" ? DaylightSaving::kAsCronJob : DaylightSaving::kOnce;
  auto schedule = Schedule::parse(text, *found, policy, identity);
  if (!schedule) {
    return fail(schedule.error().code, "spec.schedule: " + schedule.error().message);
  }
  return schedule;
}

}  // namespace

void Engine::State::enqueue(JobId id) { ready_.insert(id); }

void Engine::State::enqueue_named(std::string_view namespace_, std::string_view name) {
  if (const JobRow* row = jobs_.find(namespace_, name)) enqueue(row->id);
}

void Engine::State::put_job(api::PodCronJob&& job) {
  const auto& only = config_.namespaces;
  if (!only.empty() && std::find(only.begin(), only.end(), job.meta.namespace_) == only.end()) {
    return;
  }
  JobRow* old = jobs_.find(job.meta.namespace_, job.meta.name);
  const bool replaced = old != nullptr && old->object.meta.uid != job.meta.uid &&
                        old->object.meta.resource_version < job.meta.resource_version;
  if (replaced) erase_job(*old);
  JobRow* row = jobs_.apply(std::move(job), epoch_of(kube::ObjectKind::kPodCronJob));
  if (row == nullptr) return;
  need_owners(row->object.meta.namespace_);
  note_service(row->id, row->service, row->object.meta.namespace_, row->object.spec.job.target);
  note_topology(row->object.meta.namespace_, row->object.spec.job.strategy);
  enqueue(row->id);
}

void Engine::State::put_read_job(api::PodCronJob&& job) {
  const bool known = jobs_.find(job.meta.uid) != nullptr;
  if (known || !seen_to_go(kube::ObjectKind::kPodCronJob, job.meta.resource_version)) {
    put_job(std::move(job));
  }
}

void Engine::State::erase_job(JobRow& row) {
  set_wake(row, std::nullopt, std::nullopt);
  ready_.erase(row.id);
  bound_waiters_.erase(row.id);
  await_pods(row.id, row.object.meta.namespace_, false);
  forget_service(row.id, row.service);
  enqueue_hand_made_of(row);
  back_off_.forget(row.object.meta.uid);
  consultations_.forget(row.id);
  forget_claim(row, false);
  row.object.status.active.clear();
  forget_ends(row.object);
  const Uid uid = row.object.meta.uid;
  jobs_.erase(row.id);
  // What it owned has left `active` with it: the finalizers may go.
  for (const std::string& record : records_.owned_by(uid)) {
    record_timers_[now_.mono].insert(record);
  }
}

void Engine::State::set_wake(JobRow& row, std::optional<WallMillis> wall,
                             std::optional<MonoTime> mono) {
  if (row.wall_wake != wall) {
    if (row.wall_wake) wall_timers_.erase({*row.wall_wake, row.id});
    if (wall) wall_timers_.insert({*wall, row.id});
    row.wall_wake = wall;
  }
  if (row.mono_wake != mono) {
    if (row.mono_wake) mono_timers_.erase({*row.mono_wake, row.id});
    if (mono) mono_timers_.insert({*mono, row.id});
    row.mono_wake = mono;
  }
}

void Engine::State::parse_schedules(JobRow& row) {
  const api::PodCronJob& job = row.object;
  const std::string identity = key_of(job.meta.namespace_, job.meta.name);
  if (!row.schedule) {
    row.schedule =
        parse(zones_, job.spec.time_zone, job.spec.schedule, job.spec.daylight_saving, identity);
  }
  const auto& observed = job.status.observed_schedule;
  if (!observed || row.observed) return;
  const bool same = observed->schedule == job.spec.schedule &&
                    observed->time_zone == job.spec.time_zone &&
                    observed->daylight_saving == job.spec.daylight_saving;
  if (same) return;  // the plan is handed the spec's own
  auto old =
      parse(zones_, observed->time_zone, observed->schedule, observed->daylight_saving, identity);
  if (old) row.observed = std::make_unique<Schedule>(*old);
}

/// Rule 26.
bool Engine::State::is_busy(const Uid& pod, const Uid& job) const {
  return load_.busy(pod, job, static_cast<std::size_t>(std::max(1, config_.runs_per_pod_max)));
}

bool Engine::State::has_capacity(std::string_view namespace_) const {
  const auto at = held_by_namespace_.find(namespace_);
  const std::size_t here = at == held_by_namespace_.end() ? 0 : at->second;
  return runs_.size() + claims_in_flight_ < static_cast<std::size_t>(config_.concurrent_runs_max) &&
         here < static_cast<std::size_t>(config_.runs_per_namespace_max);
}

/// The claim in flight is decided: a run takes its place in the bounds, or nobody does.
void Engine::State::forget_claim(JobRow& row, bool won) {
  if (!row.claim) return;
  const std::string& namespace_ = row.object.meta.namespace_;
  --claims_in_flight_;
  --held_by_namespace_[namespace_];
  if (!won) {
    free_pods(key_of(namespace_, row.claim->run));
    wake_bound_waiters();  // of the bounds on runs
  }
  row.claim.reset();
}

void Engine::State::wake_bound_waiters() {
  for (const JobId id : bound_waiters_) enqueue(id);
}

/// The run no longer makes its pods busy: whoever waits for one looks again.
void Engine::State::free_pods(const std::string& run) {
  if (load_.release(run)) wake_bound_waiters();
}

void Engine::State::process_job(JobRow& row) {
  bound_waiters_.erase(row.id);
  enqueue_hand_made_of(row);
  if (row.writing || row.reading || !may_tend()) return;
  parse_schedules(row);
  end_replaced(row);
  if (!leads_) return settle_own(row);
  const api::PodCronJob& job = row.object;
  const bool known = all_known(job.meta.namespace_, job.spec.job);
  auto unreadable = why_unknown(job.meta.namespace_, job.spec.job);
  if (!known && !unreadable) return;  // looked at again when it is listed
  if (row.rested_at && now_.mono >= *row.rested_at) row.assess = true;
  const Schedule* observed = row.observed                ? row.observed.get()
                             : row.schedule->has_value() ? &**row.schedule
                                                         : nullptr;
  const reconcile::View view{job,
                             *row.schedule,
                             observed,
                             suspended_namespaces_.contains(job.meta.namespace_),
                             config_.globally_suspended,
                             [&](const api::ActiveRun& active) { return fact_of(row, active); },
                             pods_,
                             workloads_,
                             config_.serving_selector,
                             config_.owner_kinds,
                             [&](const Uid& pod) { return is_busy(pod, job.meta.uid); },
                             holder_,
                             server_bound(),
                             has_capacity(job.meta.namespace_),
                             row.assess,
                             row.unlabelled_hint,
                             row.memory,
                             &endpoints_,
                             std::move(unreadable),
                             [&](const Uid& pod) {
                               return back_off_.rests(now_.mono, job.meta.uid, job.meta.generation,
                                                      pod);
                             },
                             last_session(),
                             detection_for(row),
                             &nodes_,
                             [&](WallTime scheduled) { return consultation(row, scheduled); }};
  reconcile::Plan plan = reconcile::plan(view, now_);
  row.assess = false;
  row.memory = plan.memory;
  if (!plan.write) row.detection = self_test_.version();
  // The end of a run may free a place, or the pod that this one waits for.
  if (plan.memory.waiting) bound_waiters_.insert(row.id);

  await_pods(row, plan);
  if (plan.probe_labels) probe_labels(row);
  if (plan.inquiry) consult(row, *plan.inquiry);

  const bool flush = flush_is_due(row, plan.settled);
  set_wake(row, plan.wake_at, look_again_at(row, plan));
  if (known) tend_active(row);
  limit_history(row);
  if (plan.write || flush) submit_status(row, std::move(plan));
}

/// Whether what has left `active` is to be written now, though no claim carries it.
bool Engine::State::flush_is_due(JobRow& row, bool settled) {
  if (!settled) row.flush_at.reset();
  if (settled && !row.flush_at) {
    // The holder writes first; another controller only if that one does not.
    const auto& active = row.object.status.active;
    const bool ours = std::any_of(active.begin(), active.end(),
                                  [&](const api::ActiveRun& run) { return run.holder == holder_; });
    row.flush_at = now_.mono + kFlushAfter + (ours ? Millis{0} : holders_.patience());
  }
  return row.flush_at && now_.mono >= *row.flush_at;
}

/// By the monotonic clock, if nothing changes: to flush, when the API server's clock has caught up,
/// when a strategy service may be asked again, or when a pod has rested, which may be the one that
/// is waited for.
std::optional<MonoTime> Engine::State::look_again_at(JobRow& row, const reconcile::Plan& plan) {
  const Uid& uid = row.object.meta.uid;
  row.rested_at = plan.watch_pods ? back_off_.next_end(now_.mono, uid) : std::nullopt;
  std::optional<MonoTime> at = row.flush_at;
  const auto sooner = [&](MonoTime other) { at = std::min(at.value_or(other), other); };
  if (row.rested_at) sooner(*row.rested_at);
  if (plan.server_clock_wait) sooner(now_.mono + *plan.server_clock_wait);
  const auto asked_again =
      plan.memory.waiting ? consultations_.next_end(row.id, now_.mono) : std::nullopt;
  if (asked_again) sooner(*asked_again);
  return at;
}

/// Whether a change of a pod of the namespace may change what was planned.
void Engine::State::await_pods(const JobRow& row, const reconcile::Plan& plan) {
  const bool unknown_place = std::any_of(
      plan.status.active.begin(), plan.status.active.end(),
      [](const api::ActiveRun& run) { return run.state == api::ActiveState::kUnknown; });
  await_pods(row.id, row.object.meta.namespace_, plan.watch_pods || unknown_place);
}

void Engine::State::await_pods(JobId id, const std::string& namespace_, bool awaits) {
  auto& watchers = pod_watchers_[namespace_];
  if (awaits) {
    watchers.insert(id);
  } else {
    watchers.erase(id);
    if (watchers.empty()) pod_watchers_.erase(namespace_);
  }
}

/// Runs of ours that a newer time wants to replace.
void Engine::State::end_replaced(const JobRow& row) {
  for (const api::ActiveRun& active : row.object.status.active) {
    if (active.state != api::ActiveState::kEnding) continue;
    const auto at = run_by_key_.find(key_of(row.object.meta.namespace_, active.name));
    if (at == run_by_key_.end()) continue;
    if (RunEntry* entry = find_run(at->second)) feed(*entry, reconcile::Replaced{});
  }
}

reconcile::RunFact Engine::State::fact_of(const JobRow& row, const api::ActiveRun& active) {
  const std::string name = key_of(row.object.meta.namespace_, active.name);
  if (runs_here(name, active)) return {};
  if (const auto at = unrecorded_.find(name); at != unrecorded_.end()) {
    if (at->second.holder == active.holder) return at->second.fact;
    unrecorded_.erase(at);
  }
  const RecordRow* record = records_.find(name);
  if (record == nullptr || !is_record_of(*record, row.object.meta.uid, active) ||
      !is_final(record->phase)) {
    return {};
  }
  reconcile::RunFact fact;
  fact.outcome = record->phase == api::PodJobPhase::kSucceeded ? api::Outcome::kSucceeded
                 : record->phase == api::PodJobPhase::kFailed  ? api::Outcome::kFailed
                                                               : api::Outcome::kUnknown;
  fact.reason = record->reason;
  fact.completed = record->completion_time.value_or(whole_seconds(now_.wall));
  fact.harm = record->harm;
  fact.generation = record->generation;
  fact.unknown = record->end_unknown;
  fact.leaves = !fact.unknown || place_given_up(*record);
  return fact;
}

void Engine::State::submit_status(JobRow& row, reconcile::Plan&& plan) {
  const api::ObjectMeta& meta = row.object.meta;
  row.writing = true;
  row.flush_at.reset();
  row.disposals = std::move(plan.disposals);
  row.claim = std::move(plan.claim);
  if (row.claim) {
    ++claims_in_flight_;
    ++held_by_namespace_[meta.namespace_];
    load_.hold(key_of(meta.namespace_, row.claim->run), meta.uid, row.claim->targets);
  }
  Call call;
  call.kind = CallKind::kClaim;
  call.priority = row.claim ? Priority::kClaim : Priority::kRest;
  call.job = row.id;
  call.method = Method::kPatch;
  call.path = kube::pod_cron_job_path(meta.namespace_, meta.name) + "/status";
  call.body = api::encode_status_patch(plan.status, row.object);
  call.hand_back_not_executed = true;
  outbox_.submit(std::move(call));
}

/// The write is durable: count it, tell about it, start what was claimed.
void Engine::State::written(JobRow& row) {
  const api::PodCronJob& job = row.object;
  row.failures = 0;
  row.detection = self_test_.version();
  row.memory.deferred.clear();
  row.memory.unreachable_through.reset();
  const EventSubject subject{job.meta.namespace_, "PodCronJob", job.meta.name, job.meta.uid};
  for (const reconcile::Disposal& d : row.disposals) {
    count(metric::kScheduledTimes,
          {{"outcome", std::string(outcome_label(d.outcome))}, {"reason", std::string(d.reason)}},
          static_cast<double>(d.count));
    if (d.reason == reason::kSuspended || d.reason == reason::kNamespaceSuspended ||
        d.reason == reason::kGloballySuspended) {
      continue;  // suspension makes no Event
    }
    const bool missed = d.outcome == api::Outcome::kMissed;
    std::string note = d.count == 1 ? fmt::format("scheduled {}: {}", to_rfc3339(d.from), d.reason)
                                    : fmt::format("{} times from {} to {}: {}", d.count,
                                                  to_rfc3339(d.from), to_rfc3339(d.to), d.reason);
    if (d.reason == reason::kNoEligiblePod) note += why_no_target(job.status);
    auto call = events_.record(now_, subject,
                               missed ? observe::event::kRunMissed : observe::event::kRunSkipped,
                               std::move(note), d.count);
    if (call) outbox_.submit(std::move(*call));
  }
  row.disposals.clear();
  tidy_after_write(job);
  if (!row.claim) return;
  const reconcile::Claim claim = *row.claim;
  forget_claim(row, true);
  consultations_.forget(row.id, claim.scheduled_time);
  count(metric::kScheduledTimes, {{"outcome", "Claimed"}, {"reason", ""}});
  observe(metric::kClaimSkew, "all", now_.wall - WallMillis(claim.scheduled_time));
  api::ActiveRun active;
  active.name = claim.run;
  active.scheduled_time = claim.scheduled_time;
  if (lease_released_ || runs_here(key_of(job.meta.namespace_, claim.run))) {
    // Never dialled, so that a successor runs it, or somebody's own PodJob has its name and runs:
    // that is found when it is inspected.
    free_pods(key_of(job.meta.namespace_, claim.run));
    return;
  }
  start_run(row, reconcile::Run::claimed(origin_of(row, active), job.spec.job, claim.targets,
                                         claim.eligibility));
}

/// What has left `active` is free of us: no memory of its end, and no finalizer.
void Engine::State::tidy_after_write(const api::PodCronJob& job) {
  forget_ends(job);
  for (const std::string& record : records_.owned_by(job.meta.uid)) {
    record_timers_[now_.mono].insert(record);
  }
}

/// After a 409: somebody else wrote, or an earlier try of ours did. A live read tells.
void Engine::State::read_job(JobRow& row) {
  row.reading = true;
  Call read;
  read.kind = CallKind::kReadJob;
  read.priority = Priority::kClaim;
  read.job = row.id;
  read.path = kube::pod_cron_job_path(row.object.meta.namespace_, row.object.meta.name);
  outbox_.submit(std::move(read));
}

void Engine::State::forget_ends(const api::PodCronJob& job) {
  const auto over = [&](const auto& entry) {
    return entry.second.job == job.meta.uid &&
           std::none_of(job.status.active.begin(), job.status.active.end(),
                        [&](const api::ActiveRun& run) {
                          return key_of(job.meta.namespace_, run.name) == entry.first;
                        });
  };
  std::erase_if(unrecorded_, over);
  std::erase_if(lost_, over);
}

void Engine::State::on_status_answer(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) return;
  row->writing = false;
  const KubeReply& reply = answer.reply;
  if (reply.certainty == Certainty::kDone && reply.http_status == 200) {
    auto job = decoder_.pod_cron_job(reply.body);
    if (job && job->meta.uid == row->object.meta.uid) {
      put_job(std::move(*job));
      written(*row);
      enqueue(row->id);
      return;
    }
  }
  if (reply.certainty == Certainty::kDone &&
      (reply.http_status == 409 || reply.http_status == 200)) {
    if (reply.http_status == 409 && !answer.call.was_uncertain) count(metric::kClaimConflicts);
    return read_job(*row);
  }
  // For certain nothing was claimed, whether nobody answered or the answer was no (429, 403, 422).
  if (row->claim && reply.certainty != Certainty::kUnknown) {
    row->memory.unreachable_through = row->claim->scheduled_time;
  }
  give_up_write(*row);
  if (reply.certainty == Certainty::kDone && reply.http_status == 404) {
    erase_job(*row);
    return;
  }
  const Millis delay =
      std::max(reply.retry_after.value_or(Millis{0}),
               std::min(kRefusedMax, kRefusedFirst * (1L << std::min(row->failures, 9U))));
  ++row->failures;
  row->assess = true;
  set_wake(*row, row->wall_wake, now_.mono + delay);
  log(LogLevel::kWarning, "status not written",
      {{key::kPodCronJob, key_of(row->object.meta.namespace_, row->object.meta.name)},
       {key::kHttpStatus, std::to_string(reply.http_status)},
       {key::kError, reply.error.empty() ? reply.body.substr(0, 512) : reply.error},
       {key::kRetryMs, std::to_string(delay.count())}});
}

/// After a 409: the holder in `active` says whether an uncertain try was ours after all.
void Engine::State::on_job_read(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr) return;
  row->reading = false;
  const KubeReply& reply = answer.reply;
  auto job = reply.http_status == 200
                 ? decoder_.pod_cron_job(reply.body)
                 : Result<api::PodCronJob>(fail(ErrorCode::kNotFound, "not there any more"));
  if (!job && reply.http_status == 404) return erase_job(*row);
  if (!job) {
    give_up_write(*row);
    set_wake(*row, row->wall_wake, now_.mono + kRefusedFirst);
    return;
  }
  if (job->meta.uid != row->object.meta.uid) return put_read_job(std::move(*job));
  const bool ours =
      row->claim && std::any_of(job->status.active.begin(), job->status.active.end(),
                                [&](const api::ActiveRun& run) {
                                  return run.name == row->claim->run && run.holder == holder_;
                                });
  put_job(std::move(*job));
  row->assess = true;
  if (ours) {
    written(*row);
  } else {
    give_up_write(*row);
  }
  enqueue(row->id);
}

/// What the write would have recorded is still decided, and waits for the next one.
void Engine::State::give_up_write(JobRow& row) {
  if (row.memory.deferred.empty() && !row.disposals.empty()) {
    row.memory.deferred_since = whole_seconds(now_.wall);
  }
  row.memory.deferred = std::move(row.disposals);
  row.disposals.clear();
  forget_claim(row, false);
}

}  // namespace podcron::engine
