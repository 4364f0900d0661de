// Steps 7 and 9 of the data flow: permit and record. Runs decide; here their actions become
// requests, and answers become their inputs. Step 8 is in dials.cc.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
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
using reconcile::RecordReply;
using reconcile::RunEnd;

/// last_success series: the contract's section 10.
constexpr std::size_t kLastSuccessSeriesMax = 1000;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string refusal_text(const KubeReply& reply) {
  const auto status = api::decode_status(reply.body);
  return status ? status->message : fmt::format("HTTP {}", reply.http_status);
}

}  // namespace

Engine::State::RunEntry* Engine::State::find_run(RunId id) {
  const auto at = runs_.find(id);
  return at == runs_.end() ? nullptr : &at->second;
}

void Engine::State::start_run(JobId job, reconcile::Run&& run) {
  const RunId id = ++next_run_;
  const reconcile::RunOrigin& origin = run.origin();
  const std::string name = key_of(origin.namespace_, origin.run);
  PODCRON_ASSERT(!runs_here(name));
  lost_.erase(name);
  load_.hold(name, origin.pod_cron_job_uid, run.targets());
  ++held_by_namespace_[origin.namespace_];
  run_by_key_.emplace(name, id);
  RunEntry& entry = runs_.emplace(id, RunEntry{id, job, std::move(run)}).first->second;
  std::vector<reconcile::RunAction> actions;
  entry.run.start(now_, actions);
  perform(entry, actions);
  // Won by a request that was on its way when we stopped to decide: handed on by the permit that is
  // given back, so that nobody has to wait until we are gone.
  if (leads_ && !draining_) return;
  if (RunEntry* started = find_run(id)) feed(*started, reconcile::Draining{grace_over_});
}

void Engine::State::feed(RunEntry& entry, reconcile::RunInput&& input) {
  std::vector<reconcile::RunAction> actions;
  entry.run.on(now_, std::move(input), actions);
  perform(entry, actions);
}

/// Actions may feed the run again (a redraw answers at once), hence the loop over a growing list.
void Engine::State::perform(RunEntry& entry, std::vector<reconcile::RunAction>& actions) {
  const RunId id = entry.id;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const reconcile::RunAction action = actions[i];
    perform_one(entry, action);
    if (find_run(id) == nullptr) return;  // concluded on the way
  }
  if (entry.run.end() != RunEnd::kNone) return conclude(entry);
  const auto timer = entry.run.wake_at();
  if (timer == entry.timer) return;
  if (entry.timer) run_timers_.erase({*entry.timer, id});
  if (timer) run_timers_.insert({*timer, id});
  entry.timer = timer;
}

Call Engine::State::record_call(const RunEntry& entry, CallKind kind, Priority priority,
                                Method method, std::string path, std::string body) const {
  Call call;
  call.kind = kind;
  call.priority = priority;
  call.job = entry.job;
  call.run = entry.id;
  call.method = method;
  call.path = std::move(path);
  call.body = std::move(body);
  return call;
}

void Engine::State::perform_one(RunEntry& entry, const reconcile::RunAction& action) {
  const reconcile::RunOrigin& origin = entry.run.origin();
  const std::string path = kube::pod_job_path(origin.namespace_, origin.run);
  std::visit(
      Overloaded{
          [&](const reconcile::CreateRecord&) { create_record(entry); },
          [&](const reconcile::ReadRecord&) {
            outbox_.submit(
                record_call(entry, CallKind::kReadRecord, Priority::kPermit, Method::kGet, path));
          },
          [&](const reconcile::ReadParent&) {
            outbox_.submit(
                record_call(entry, CallKind::kReadParent, Priority::kRead, Method::kGet,
                            kube::pod_cron_job_path(origin.namespace_, origin.pod_cron_job)));
          },
          [&](const reconcile::ReadPod& read) {
            Call call = record_call(
                entry, CallKind::kReadPod, Priority::kRead, Method::kGet,
                kube::pod_path(origin.namespace_, entry.run.targets()[read.target].pod_name));
            call.target = read.target;
            outbox_.submit(std::move(call));
          },
          [&](const reconcile::Redraw& again) { redraw(entry, again); },
          [&](const reconcile::Dial& dial) { dials_.emplace_back(entry.id, dial); },
          [&](const reconcile::InspectTarget& target) {
            read_target(entry, target.target, CallKind::kReadFate);
          },
          [&](const reconcile::Hang& hang) {
            if (const auto at = entry.tasks.find(hang.target); at != entry.tasks.end()) {
              out_->emplace_back(Cancel{at->second});
              return;
            }
            // Still waiting for a handshake place: certainly not started.
            std::erase_if(dials_, [&](const auto& d) {
              return d.first == entry.id && d.second.target == hang.target;
            });
            not_dialled(entry, hang.target);
          },
          [&](const reconcile::WriteStatus&) {
            outbox_.submit(record_call(
                entry, CallKind::kWriteRecord, Priority::kOutcome, Method::kPatch, path + "/status",
                api::encode_status_patch(entry.run.status(), entry.run.resource_version(),
                                         whole_seconds(now_.wall))));
          },
          [&](const reconcile::GiveBack&) {
            outbox_.submit(record_call(entry, CallKind::kGiveBack, Priority::kOutcome,
                                       Method::kPatch, path,
                                       api::encode_holder_patch(entry.run.given_back_annotation(),
                                                                entry.run.resource_version())));
          },
          [&](const reconcile::RemoveRecord&) {
            outbox_.submit(record_call(entry, CallKind::kRemoveRecord, Priority::kOutcome,
                                       Method::kDelete, path,
                                       api::encode_delete_options(entry.run.record_uid(), 0)));
          },
      },
      action);
}

void Engine::State::create_record(RunEntry& entry) {
  const reconcile::RunOrigin& origin = entry.run.origin();
  const JobRow* row = jobs_.find(entry.job);
  if (row == nullptr) {
    // The PodCronJob went away between the claim and the permit: nothing was created.
    RecordReply reply;
    reply.kind = RecordReply::Kind::kNotFound;
    return feed(entry, std::move(reply));
  }
  const api::PodCronJobSpec& spec = row->object.spec;
  const std::string holder = entry.run.holder_annotation();
  const api::NewPodJob job{
      origin.namespace_,
      origin.run,
      {"podcron.dev", "PodCronJob", origin.pod_cron_job, origin.pod_cron_job_uid},
      holder,
      origin.pod_cron_job,
      origin.generation,
      origin.scheduled_time,
      entry.run.targets(),
      spec.template_labels,
      spec.template_annotations,
      spec.job_json};
  outbox_.submit(record_call(entry, CallKind::kPermit, Priority::kPermit, Method::kPost,
                             kube::pod_jobs_path(origin.namespace_), api::encode_new_pod_job(job)));
}

/// What is asked of a pod now, but for who holds it and where it rests.
eligibility::Criteria Engine::State::criteria_of(std::string_view namespace_,
                                                 const api::Target& target) const {
  eligibility::Criteria criteria;
  criteria.namespace_ = namespace_;
  criteria.target = &target;
  criteria.serving = &config_.serving_selector;
  criteria.owner_kinds = &config_.owner_kinds;
  criteria.now = whole_seconds(now_.wall);
  criteria.endpoints = &endpoints_;
  criteria.last_session = last_session();
  return criteria;
}

/// The pods of a namespace as they are for a run of this PodCronJob now; `avoid` counts as busy.
eligibility::Assessment Engine::State::assess(std::string_view namespace_, const Uid& job,
                                              std::int64_t generation,
                                              const api::PodJobTemplateSpec& spec,
                                              const std::function<bool(const Uid&)>& avoid) const {
  eligibility::Criteria criteria = criteria_of(namespace_, spec.target);
  criteria.busy = [&](const Uid& pod) { return (avoid && avoid(pod)) || is_busy(pod, job); };
  criteria.recently_failed = [&](const Uid& pod) {
    return back_off_.rests(now_.mono, job, generation, pod);
  };
  eligibility::Assessment assessment;
  if (!all_known(namespace_, spec)) return assessment;
  eligibility::assess(pods_, workloads_, criteria, assessment);
  return assessment;
}

eligibility::Assessment Engine::State::assess(const JobRow& row) const {
  const api::ObjectMeta& meta = row.object.meta;
  return assess(meta.namespace_, meta.uid, meta.generation, row.object.spec.job);
}

/// Another eligible pod that this run has not tried; the seed counts the redraws.
void Engine::State::redraw(RunEntry& entry, const reconcile::Redraw& again) {
  const reconcile::Run& run = entry.run;
  const reconcile::RunOrigin& origin = run.origin();
  if (again.pod_failed) {
    back_off_.failed(now_.mono, origin.pod_cron_job_uid, origin.generation,
                     run.targets()[again.target]);
  }
  const auto assessment = assess(origin.namespace_, origin.pod_cron_job_uid, origin.generation,
                                 run.spec(), [&](const Uid& pod) { return run.tried(pod); });
  const api::StringMap state = strategy_state_for(jobs_.find(entry.job), run.spec().strategy);
  auto pod = reconcile::choose_again(pods_, run.spec(), assessment,
                                     {origin.pod_cron_job_uid, origin.scheduled_time, again.number,
                                      state, &nodes_, nullptr, origin.pod_job_uid},
                                     run.targets()[again.target]);
  feed(entry, reconcile::Redrawn{again.target, std::move(pod)});
}

/// Every answer of the outbox comes here first and goes to the group that asked.
void Engine::State::on_answer(Answer&& answer) {
  const KubeReply& reply = answer.reply;
  count(metric::kApiRequests,
        {{"purpose", std::string(to_string(answer.call.kind))},
         {"code", std::to_string(reply.certainty == Certainty::kDone ? reply.http_status : 0)}});
  switch (answer.call.kind) {
    case CallKind::kClaim:
      return on_status_answer(std::move(answer));
    case CallKind::kReadJob:
      return on_job_read(std::move(answer));
    case CallKind::kTakeClaim:
      return on_claim_taken(std::move(answer));
    case CallKind::kInspectRecord:
      return on_inspected(std::move(answer));
    case CallKind::kAskOwner:
      return on_owner_asked(std::move(answer));
    case CallKind::kSwapHolder:
      return on_holder_swapped(std::move(answer));
    case CallKind::kTakeRecord:
    case CallKind::kPermitByHand:
    case CallKind::kTellWait:
    case CallKind::kEndByHand:
    case CallKind::kReadByHand:
      return on_hand_made_answer(std::move(answer));
    case CallKind::kTakePlace:
      return on_place_taken(std::move(answer));
    case CallKind::kAskParent:
      return on_parent_asked(std::move(answer));
    case CallKind::kConcludeRecord:
    case CallKind::kDropFinalizer:
    case CallKind::kDeleteRecord:
      return on_record_answer(std::move(answer));
    case CallKind::kLease:
      return on_lease_answer(reply);
    case CallKind::kElection:
      return on_election_answer(reply);
    case CallKind::kProbeLabels:
      return on_labels_probed(std::move(answer));
    case CallKind::kDeleteLease:
      if (lease_released_) drain_until_ = now_.mono;
      return;
    case CallKind::kReadSessionPod:
      return on_session_pod_read(answer);
    case CallKind::kCheckSessionPod:
      return on_session_pod_checked(answer);
    case CallKind::kStoreSession:
      return on_session_stored(answer);
    case CallKind::kSelfTest:
      return self_test_.on_answer(now_, reply);
    case CallKind::kAskOwnAccount:
      return on_own_account(answer);
    case CallKind::kDeleteSession:
    case CallKind::kEvent:
      return;
    case CallKind::kPermit:
    case CallKind::kReadRecord:
    case CallKind::kReadParent:
    case CallKind::kReadPod:
    case CallKind::kCheckPod:
    case CallKind::kReadFate:
    case CallKind::kWriteRecord:
    case CallKind::kGiveBack:
    case CallKind::kRemoveRecord:
      break;
  }
  if (RunEntry* entry = find_run(answer.call.run)) on_run_answer(*entry, answer);
}

void Engine::State::on_lease_answer(const KubeReply& reply) {
  const bool held = holders_.held(now_);
  holders_.on_answer(now_, reply);
  // 409 and the 404 of a Lease that somebody deleted are mended by the next request; the 404 of a
  // namespace that does not exist is not.
  const bool refused = reply.certainty == Certainty::kDone && reply.http_status >= 400 &&
                       reply.http_status != 409 && !(held && reply.http_status == 404);
  // Without a Lease nothing is claimed, so the first refusal and every sixteenth are told.
  if (refused && lease_refusals_++ % 16 == 0) {
    log(LogLevel::kWarning, "own Lease not written; nothing is started without it",
        {{key::kNamespace, config_.lease_namespace},
         {key::kHttpStatus, std::to_string(reply.http_status)},
         {key::kError, refusal_text(reply)}});
  }
  if (held || !holders_.held(now_)) return;
  // Others may have taken us for gone meanwhile: what waits to be dialled is looked at afresh.
  for (const auto& [id, dial] : std::exchange(dials_, {})) {
    if (RunEntry* entry = find_run(id)) feed(*entry, reconcile::Stale{dial.target});
  }
  look_at_everything();
}

void Engine::State::on_run_answer(RunEntry& entry, const Answer& answer) {
  const KubeReply& reply = answer.reply;
  const RunId id = entry.id;
  if (answer.call.kind == CallKind::kReadPod) return on_pod_read(entry, answer);
  if (answer.call.kind == CallKind::kCheckPod) return on_pod_checked(entry, answer);
  if (answer.call.kind == CallKind::kReadFate) return on_fate_read(entry, answer);
  if (answer.call.kind == CallKind::kReadParent) {
    reconcile::ParentReply parent;
    if (reply.http_status == 200) {
      auto job = decoder_.pod_cron_job(reply.body);
      if (job) {
        parent.parent = *job;
        put_read_job(std::move(*job));
      }
    }
    return feed(entry, std::move(parent));
  }
  RecordReply record;
  if (reply.http_status == 200 || reply.http_status == 201) {
    auto decoded = decoder_.pod_job(reply.body);
    if (decoded) {
      put_read_record(*decoded);
      record.record = std::move(*decoded);
    }
  } else if (reply.http_status == 404) {
    record.kind = RecordReply::Kind::kNotFound;
  } else if (reply.http_status == 409) {
    record.kind = RecordReply::Kind::kConflict;
  } else {
    record.kind = RecordReply::Kind::kRefused;
    record.message = refusal_text(reply);
  }
  // The record may have ended the run while it was put.
  if (RunEntry* still = find_run(id)) feed(*still, std::move(record));
}

/// The live pod enters the store, and the rules judge it there once more.
void Engine::State::on_pod_read(RunEntry& entry, const Answer& answer) {
  const std::uint32_t target = answer.call.target;
  const api::TargetRef& expected = entry.run.targets()[target];
  const std::string namespace_ = entry.run.origin().namespace_;
  const auto refuse = [&](std::string_view why) {
    feed(entry, reconcile::PodChecked{target, std::string(why), ""});
  };
  if (answer.reply.http_status != 200) return refuse("PodGone");
  const auto pod = decoder_.pod(answer.reply.body);
  if (!pod || pod->meta.uid != expected.pod_uid) return refuse("PodGone");
  if (!pods_.refresh(*pod)) return refuse("PodGone");
  const auto handle = pods_.find(namespace_, expected.pod_name);
  if (!handle) return refuse("PodGone");
  // This run itself holds this pod; that others are busy counts as it did when it was chosen.
  eligibility::Criteria criteria = criteria_of(namespace_, entry.run.spec().target);
  criteria.busy = [&](const Uid& uid) {
    return uid != expected.pod_uid && is_busy(uid, entry.run.origin().pod_cron_job_uid);
  };
  // Its PodCronJob may name another Service meanwhile.
  if (!endpoints_known(namespace_, *criteria.target)) {
    return refuse(observe::condition::kEndpointsNotListed);
  }
  const auto verdict = eligibility::evaluate(pods_, workloads_, criteria, *handle);
  if (verdict != eligibility::Reason::kEligible) return refuse(to_string(verdict));
  const api::TargetRef now = reconcile::target_ref(pods_, entry.run.spec().target, *handle);
  if (now.container != expected.container || now.container_id != expected.container_id) {
    return refuse("ContainerRestarted");
  }
  if (std::string why = note_address(entry, target, answer.reply.body); !why.empty()) {
    return feed(entry,
                reconcile::PodChecked{target, std::string(reason::kTargetRefused), std::move(why)});
  }
  feed(entry, reconcile::PodChecked{target, "", ""});
}

/// The run is over for us: its tasks are cancelled, its end is told, its job looks again.
void Engine::State::conclude(RunEntry& entry) {
  const reconcile::Run& run = entry.run;
  const reconcile::RunOrigin origin = run.origin();
  const std::string name = key_of(origin.namespace_, origin.run);
  for (const auto& [target, task] : entry.tasks) {
    out_->emplace_back(Cancel{task});
    tasks_.erase(task.value);
  }
  for (std::uint32_t i = 0; i < run.targets().size(); ++i) forget_task(entry, i);
  for (const api::TargetStatus& target : run.status().targets) {
    const bool started = target.outcome == api::TargetOutcome::kSucceeded ||
                         target.outcome == api::TargetOutcome::kFailed;
    if (started) back_off_.started(origin.pod_cron_job_uid, target.pod_uid);
  }
  const auto unrecorded = [&](api::Outcome outcome, std::string_view why) {
    remember_end(name, origin.pod_cron_job_uid, origin.holder, outcome, why);
    report_run(entry, outcome, std::string(why));
  };
  switch (run.end()) {
    case RunEnd::kNone:
      PODCRON_ASSERT(false);
      break;
    case RunEnd::kRecorded:
      report_run(entry,
                 run.status().phase == api::PodJobPhase::kSucceeded ? api::Outcome::kSucceeded
                 : run.status().phase == api::PodJobPhase::kFailed  ? api::Outcome::kFailed
                                                                    : api::Outcome::kUnknown,
                 run.status().reason);
      break;
    case RunEnd::kDenied:
      unrecorded(api::Outcome::kSkipped, reason::kDenied);
      break;
    case RunEnd::kNameTaken:
      unrecorded(api::Outcome::kFailed, reason::kPodJobNameTaken);
      break;
    case RunEnd::kMissing:
      unrecorded(api::Outcome::kUnknown, reason::kRecordMissing);
      break;
    case RunEnd::kLost:
      if (!origin.by_hand()) lost_[name] = {origin.pod_cron_job_uid, run.was_permitted()};
      break;
    case RunEnd::kDropped:
    case RunEnd::kGivenBack:
      break;
  }
  RecordRow* record = records_.find(name);
  if (record != nullptr && run.end() == RunEnd::kDropped) record->undialled = true;
  const bool keeps_place = record != nullptr && record->end_unknown;
  if (!keeps_place) free_pods(name);
  --held_by_namespace_[origin.namespace_];
  if (entry.timer) run_timers_.erase({*entry.timer, entry.id});
  run_by_key_.erase(name);
  const JobId job = entry.job;
  const bool missing = run.end() == RunEnd::kMissing;
  runs_.erase(entry.id);
  enqueue(job);
  if (missing) hand_made_.had_run.erase(origin.pod_job_uid);
  if (const HandMade* made = hand_made_.find(name)) enqueue(made->id);
  wake_bound_waiters();
  record_timers_[now_.mono].insert(name);
}

void Engine::State::remember_end(const std::string& run, const Uid& job, std::string holder,
                                 api::Outcome outcome, std::string_view why) {
  if (jobs_.find(job) == nullptr) return;  // nobody's `active` is waiting for it
  Unrecorded end{job, std::move(holder), {}};
  end.fact.leaves = true;
  end.fact.outcome = outcome;
  end.fact.reason = why;
  end.fact.completed = whole_seconds(now_.wall);
  unrecorded_[run] = std::move(end);
}

void Engine::State::report_run(const RunEntry& entry, api::Outcome outcome,
                               const std::string& why) {
  const reconcile::Run& run = entry.run;
  const reconcile::RunOrigin& origin = run.origin();
  const bool succeeded = outcome == api::Outcome::kSucceeded;
  const std::string word = succeeded                           ? "Succeeded"
                           : outcome == api::Outcome::kFailed  ? "Failed"
                           : outcome == api::Outcome::kUnknown ? "Unknown"
                                                               : "Skipped";
  count(metric::kRuns, {{"outcome", word}});
  const std::string job = parent_key(origin);
  if (succeeded && origin.has_parent() && jobs_.rows().size() <= kLastSuccessSeriesMax) {
    gauge(metric::kLastSuccess,
          static_cast<double>(origin.scheduled_time.time_since_epoch().count()),
          {{"namespace", origin.namespace_}, {"podcronjob", origin.pod_cron_job}});
  }
  std::vector<std::pair<std::string_view, std::string>> facts{
      {key::kPodCronJob, job},
      {key::kPodJob, origin.run},
      {key::kPod,
       run.status().target.empty() ? run.targets().front().pod_name : run.status().target},
      {key::kOutcome, word}};
  if (!why.empty()) facts.emplace_back(key::kReason, why);
  if (run.status().exit_code) {
    facts.emplace_back(key::kExitCode, std::to_string(*run.status().exit_code));
  }
  if (!run.status().message.empty()) facts.emplace_back(key::kMessage, run.status().message);
  log(succeeded ? LogLevel::kInfo : LogLevel::kWarning, "run ended", std::move(facts));
  if (succeeded) return;
  const EventSubject subject = subject_of(origin);
  const auto event = why == reason::kPodJobNameTaken     ? observe::event::kPodJobNameTaken
                     : outcome == api::Outcome::kFailed  ? observe::event::kRunFailed
                     : outcome == api::Outcome::kUnknown ? observe::event::kRunUnknown
                                                         : observe::event::kRunSkipped;
  std::string note = fmt::format("run {}: {}{}{}", origin.run, why.empty() ? word : why,
                                 run.status().message.empty() ? "" : ": ", run.status().message);
  if (auto call = events_.record(now_, subject, event, std::move(note), 1)) {
    outbox_.submit(std::move(*call));
  }
}

}  // namespace podcron::engine
