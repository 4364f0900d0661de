#include "reconcile/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "observe/reasons.h"
#include "reconcile/active.h"
#include "reconcile/choose.h"
#include "reconcile/harm.h"
#include "reconcile/target_condition.h"
#include "strategy/strategy.h"

namespace podcron::reconcile {
namespace {

using api::ConditionStatus;
using api::Outcome;
namespace condition = observe::condition;
namespace reason = observe::reason;

/// Under catchUpPolicy None a time may be this late: a busy API server is no downtime.
constexpr Seconds kLateMost{10};
/// So long the word of another controller about the switches of namespace and cluster stands. Two
/// may disagree, by their flags or a slow watch, and each would correct the other at once, for
/// ever.
constexpr Seconds kSwitchRest{5};
/// A decidedThrough this far ahead is a clock that was put back, not the jitter of two clocks.
constexpr Seconds kFutureTolerance{10};

/// The constant for what a status says, since a Disposal outlives the status; empty: no switch.
std::string_view word_of_switch(std::string_view written) {
  if (written.empty()) return {};
  for (const auto word : {reason::kNamespaceSuspended, reason::kGloballySuspended}) {
    if (written == word) return word;
  }
  return reason::kSuspended;
}

/// One evaluation in progress: the view, the plan that grows, and the instant.
struct Planner {
  const View& view;
  WallTime wall;
  /// Nothing later is due: our clock less the spread, at most the API server's.
  WallTime due_through;
  /// As handed in; of times that wait, only those due under the schedule that still holds.
  Memory memory;
  Plan plan;
  bool judged = false;  // TargetsAvailable was, by what is due

  const api::PodCronJob& job() const { return view.job; }
  std::int64_t generation() const { return view.job.meta.generation; }

  void wake(WallMillis at) { plan.wake_at = plan.wake_at ? std::min(*plan.wake_at, at) : at; }
  void turn(std::string_view type, ConditionStatus value, std::string_view why,
            std::string message);
  void dispose(WallTime from, WallTime to, std::int64_t count, Outcome outcome,
               std::string_view why);
  void forget_waiting();
  void fold_deferred();
  bool judge_spec();
  bool switch_rests();
  void account_for_change();
  std::string_view suspended_by() const;
  api::ObservedSchedule observed_now() const;
  void correct_next_time();
  bool queues() const { return job().spec.concurrency_policy == api::ConcurrencyPolicy::kQueue; }
  /// Whoever waits ends when the next is due.
  bool supersedes() const {
    return job().spec.catch_up_policy == api::CatchUpPolicy::kLatest && !queues();
  }
  void decide_due();
  std::optional<WallTime> kept_by_policy(WallTime latest) const;
  std::optional<WallTime> first_kept(WallTime latest) const;
  void dispose_late(WallTime through);
  void wait_for_server_clock(WallTime reached);
  void decide_candidate(WallTime candidate);
  void wait(WallTime candidate, WallTime deadline, bool lacks_pod);
  void assess(eligibility::Assessment& out) const;
  Consultation consultation(WallTime candidate) const;
  std::vector<api::TargetRef> judge_targets(WallTime candidate,
                                            const eligibility::Assessment& assessment);
  void claim(WallTime candidate, const eligibility::Assessment& assessment,
             std::vector<api::TargetRef> targets);
  void finish();
};

void Planner::turn(std::string_view type, ConditionStatus value, std::string_view why,
                   std::string message) {
  const api::Condition* old = find_condition(job().status, type);
  set_condition(plan.status, type, value, why, std::move(message), generation(), wall);
  // A message alone (counts of pods that come and go) rides on the next write.
  plan.write = plan.write || old == nullptr || old->status != value || old->reason != why;
}

void Planner::dispose(WallTime from, WallTime to, std::int64_t count, Outcome outcome,
                      std::string_view why) {
  if (count == 0) return;
  const auto& history = plan.status.history;
  const bool repeats =
      !history.empty() && history.back().outcome == outcome && history.back().reason == why;
  plan.write = plan.write || !repeats;
  const Disposal disposal{from, to, count, outcome, why};
  add_history(plan.status, disposal);
  if (repeats && !plan.disposals.empty() && plan.disposals.back().reason == why) {
    plan.disposals.back().to = to;
    plan.disposals.back().count += count;
  } else {
    plan.disposals.push_back(disposal);
  }
}

/// Under another schedule, what waited is not due; it was accounted for when that was taken in.
void Planner::forget_waiting() {
  memory.waiting.reset();
  memory.queued_through.reset();
  memory.unreachable_through.reset();
}

/// What was decided before but not written yet, if it still follows from what is written.
void Planner::fold_deferred() {
  auto& decided = plan.status.decided_through;
  if (memory.decided_through != decided ||
      memory.observed_schedule != plan.status.observed_schedule) {
    return;
  }
  for (const Disposal& disposal : memory.deferred) {
    add_history(plan.status, disposal);
    plan.disposals.push_back(disposal);
    decided = disposal.to;
  }
}

/// False: nothing can be decided under this spec.
bool Planner::judge_spec() {
  const api::PodCronJobSpec& spec = job().spec;
  if (!view.schedule) {
    const Error& error = view.schedule.error();
    const auto why = error.code == ErrorCode::kNotFound         ? condition::kUnknownTimeZone
                     : error.code == ErrorCode::kNotImplemented ? condition::kNotImplemented
                                                                : condition::kInvalidSchedule;
    turn(condition::kScheduleValid, ConditionStatus::kFalse, why, error.message);
    return false;
  }
  turn(condition::kScheduleValid, ConditionStatus::kTrue, condition::kValid, "");
  const std::string missing = !spec.not_implemented.empty() ? spec.not_implemented
                              : !spec.job.not_implemented.empty()
                                  ? "spec.podJobTemplate.spec." + spec.job.not_implemented
                                  : "";
  if (!missing.empty()) {
    turn(
        condition::kReady, ConditionStatus::kFalse, condition::kNotImplemented,
        missing + ": this version of podcron cannot do that yet; nothing runs until it is removed");
    return false;
  }
  return true;
}

api::ObservedSchedule Planner::observed_now() const {
  const api::PodCronJobSpec& spec = job().spec;
  return {spec.schedule,
          spec.time_zone,
          spec.daylight_saving,
          spec.spread_seconds,
          std::string(suspended_by()),
          wall};
}

/// The first switch that holds runs back, as the reason for it; empty: none does.
std::string_view Planner::suspended_by() const {
  if (job().spec.suspend) return reason::kSuspended;
  if (view.namespace_suspended) return reason::kNamespaceSuspended;
  if (view.globally_suspended) return reason::kGloballySuspended;
  return {};
}

/// Only a switch that is not in the object differs from what was written just now: nothing is
/// decided until that has rested.
bool Planner::switch_rests() {
  const auto& old = job().status.observed_schedule;
  if (!old || !plan.status.decided_through) return false;
  api::ObservedSchedule next = observed_now();
  if (next.suspend_reason == old->suspend_reason || next.suspend_reason == reason::kSuspended ||
      old->suspend_reason == reason::kSuspended) {
    return false;
  }
  next.suspend_reason = old->suspend_reason;
  next.since = old->since;
  if (next != *old || wall >= old->since + kSwitchRest || wall < old->since - kSwitchRest) {
    return false;
  }
  wake(old->since + kSwitchRest);
  return true;
}

/// Edits, un-suspending and creation never replay the past: what lies before now is accounted for
/// under the schedule that held then.
void Planner::account_for_change() {
  auto& status = plan.status;
  api::ObservedSchedule next = observed_now();
  const auto& old = job().status.observed_schedule;
  if (status.decided_through && old) {
    next.since = old->since;
    if (next == *old) return;
    next.since = wall;
    const WallTime from = *status.decided_through;
    const WallTime through = std::max(from, wall);
    if (view.observed_schedule != nullptr) {
      const std::int64_t count = view.observed_schedule->count_in(from, through);
      if (const auto first = view.observed_schedule->next_after(from); first && count > 0) {
        const auto last = view.observed_schedule->latest_in(from, through);
        std::string_view why = word_of_switch(old->suspend_reason);
        if (why.empty()) why = suspended_by();
        if (why.empty()) why = reason::kScheduleChanged;
        dispose(*first, last.value_or(*first), count, Outcome::kSkipped, why);
      }
    }
    status.decided_through = through;
  } else {
    const WallTime born = job().meta.creation_timestamp.value_or(wall);
    status.decided_through = std::max({wall, born, status.decided_through.value_or(wall)});
  }
  status.observed_schedule = std::move(next);
  forget_waiting();
  plan.write = true;
}

/// The oldest due time up to `latest` that catch-up leaves; nullopt: none.
std::optional<WallTime> Planner::kept_by_policy(WallTime latest) const {
  const api::PodCronJobSpec& spec = job().spec;
  const Schedule& schedule = *view.schedule;
  const WallTime decided = *plan.status.decided_through;
  switch (spec.catch_up_policy) {
    case api::CatchUpPolicy::kLatest:
      return latest;
    case api::CatchUpPolicy::kNone: {
      const WallTime late = wall - spread_of(job()) - kLateMost - Seconds{1};
      const auto kept = schedule.next_after(std::max(decided, late));
      return kept && *kept <= latest ? kept : std::nullopt;
    }
    case api::CatchUpPolicy::kAll:
      break;
  }
  WallTime kept = latest;
  for (std::int32_t more = spec.catch_up_limit - 1; more > 0; --more) {
    const auto earlier = schedule.latest_in(decided, kept - Seconds{1});
    if (!earlier) break;
    kept = *earlier;
  }
  return kept;
}

/// The oldest due time up to `latest` that is still to be decided by itself; nullopt: none. What
/// lies before it is too late for the catch-up policy.
std::optional<WallTime> Planner::first_kept(WallTime latest) const {
  const WallTime decided = *plan.status.decided_through;
  const auto& queued = memory.queued_through;
  if (queued && *queued > decided) return view.schedule->next_after(decided);
  const auto kept = kept_by_policy(latest);
  const auto& waiting = memory.waiting;
  if (!waiting || *waiting <= decided || supersedes()) return kept;
  // Not always the oldest: what was decided before it may have been given up for another's write.
  return std::min(*waiting, kept.value_or(*waiting));
}

/// Disposes of the due times in (decidedThrough, `through`] that the catch-up policy gives up.
void Planner::dispose_late(WallTime through) {
  const Schedule& schedule = *view.schedule;
  WallTime from = *plan.status.decided_through;
  if (through <= from) return;
  const auto range = [&](WallTime upto, Outcome outcome, std::string_view why) {
    upto = std::min(upto, through);
    if (upto <= from) return;
    const std::int64_t count = schedule.count_in(from, upto);
    if (count > 0) {
      dispose(*schedule.next_after(from), *schedule.latest_in(from, upto), count, outcome, why);
    }
    from = upto;
  };
  const api::CatchUpPolicy policy = job().spec.catch_up_policy;
  const auto late = policy == api::CatchUpPolicy::kNone  ? reason::kCatchUpDisabled
                    : policy == api::CatchUpPolicy::kAll ? reason::kCatchUpLimit
                                                         : reason::kSuperseded;
  if (memory.unreachable_through) {
    range(*memory.unreachable_through, Outcome::kMissed, reason::kApiUnavailable);
  }
  if (memory.waiting && *memory.waiting <= through) {
    range(*memory.waiting - Seconds{1}, Outcome::kMissed, late);
    range(*memory.waiting, memory.lacks_pod ? Outcome::kSkipped : Outcome::kMissed,
          memory.lacks_pod ? reason::kNoEligiblePod : reason::kStartingDeadlineExceeded);
  }
  range(through, Outcome::kMissed, late);
  if (!plan.disposals.empty()) plan.status.decided_through = through;
}

/// Of the times after `reached`, some are due by our clock: look again when they are by its.
void Planner::wait_for_server_clock(WallTime reached) {
  const auto ahead = view.schedule->next_after(reached);
  if (!ahead || *ahead > wall - spread_of(job())) return;
  const bool unknown = view.server_bound == WallTime::min();
  plan.server_clock_wait =
      unknown ? Seconds{1} : std::clamp(*ahead - view.server_bound, Seconds{1}, Seconds{60});
}

/// Nothing is due: nextScheduleTime is another one than the status says only if the zone's rules
/// are. A controller that runs beside us with other tzdata will not agree, and each of both would
/// correct the other for ever: what we reckoned before it wrote is not written again.
void Planner::correct_next_time() {
  const auto& written = job().status.next_schedule_time;
  const auto& next = plan.status.next_schedule_time;
  if (plan.server_clock_wait || !plan.disposals.empty()) return;
  if (written == next) {
    plan.memory.next_schedule_time = next;
  } else if (memory.next_schedule_time != next) {
    plan.write = true;
  }
}

void Planner::decide_due() {
  const Schedule& schedule = *view.schedule;
  const Seconds spread = spread_of(job());
  auto& decided = plan.status.decided_through;
  const bool harmful = is_harmful(plan.status, generation());
  plan.status.next_schedule_time =
      harmful ? std::nullopt : schedule.next_after(std::max(*decided, wall - spread));
  // Ours may be the clock that is wrong: nothing that the API server has not reached is due.
  due_through = std::min(wall - spread, view.server_bound);
  if (due_through < wall - spread) wait_for_server_clock(std::max(*decided, due_through));
  const auto latest =
      *decided < due_through ? schedule.latest_in(*decided, due_through) : std::nullopt;
  if (latest && harmful) {
    dispose(*schedule.next_after(*decided), *latest, schedule.count_in(*decided, *latest),
            Outcome::kSkipped, reason::kHarmfulToTarget);
    decided = latest;
    if (const auto next = schedule.next_after(*latest)) wake(*next + spread);
    return;
  }
  if (!latest) {
    const auto next = schedule.next_after(*decided);
    if (next && !plan.server_clock_wait) wake(*next + spread);
    correct_next_time();
    return;
  }
  // In order, until one is claimed or waits: those behind it are decided when it is. Catch-up is
  // asked each time: who came due behind one that waited has not waited itself.
  while (!plan.claim && !plan.memory.waiting && schedule.latest_in(*decided, *latest)) {
    const auto kept = first_kept(*latest);
    dispose_late(kept ? *kept - Seconds{1} : *latest);
    if (kept) decide_candidate(*kept);
  }
  // In Queue the next one has to be seen when it is due: seen later it would be catch-up.
  if (plan.memory.waiting && !plan.claim && !supersedes() && !queues()) return;
  const auto next = schedule.next_after(*latest);
  if (next && !plan.server_clock_wait) wake(*next + spread);
}

void Planner::decide_candidate(WallTime candidate) {
  const api::PodCronJobSpec& spec = job().spec;
  const WallTime deadline = starting_deadline(job(), *view.schedule, candidate);
  const bool unreachable = memory.unreachable_through && candidate <= *memory.unreachable_through;
  const auto refuse = [&](Outcome outcome, std::string_view why) {
    // Comes before all that can be said of a candidate, in the contract's order.
    dispose(candidate, candidate, 1, unreachable ? Outcome::kMissed : outcome,
            unreachable ? reason::kApiUnavailable : why);
    plan.status.decided_through = candidate;
  };
  const bool waited_for_pod = memory.waiting == std::optional(candidate) && memory.lacks_pod;
  if (wall > deadline) {
    if (waited_for_pod) return refuse(Outcome::kSkipped, reason::kNoEligiblePod);
    return refuse(Outcome::kMissed, reason::kStartingDeadlineExceeded);
  }
  if (plan.status.active.size() >= api::kActiveRunsMax) {
    return refuse(Outcome::kSkipped, reason::kActiveLimit);
  }
  if (!plan.status.active.empty()) {
    switch (spec.concurrency_policy) {
      case api::ConcurrencyPolicy::kAllow:
        break;
      case api::ConcurrencyPolicy::kForbid:
        return refuse(Outcome::kSkipped, reason::kConcurrencyForbidden);
      case api::ConcurrencyPolicy::kReplace:
        plan.write = ask_to_end(plan.status) || plan.write;
        return wait(candidate, deadline, false);
      case api::ConcurrencyPolicy::kQueue:
        return wait(candidate, deadline, false);
    }
  }
  if (!view.capacity) return wait(candidate, deadline, false);
  eligibility::Assessment assessment;
  assess(assessment);
  if (const Consultation known = consultation(candidate);
      must_consult(spec.job, assessment, known)) {
    const auto newer = supersedes() ? view.schedule->next_after(candidate) : std::nullopt;
    const WallTime until = newer ? std::min(deadline, *newer + spread_of(job())) : deadline;
    if (!known.asked) plan.inquiry = Inquiry{candidate, assessment.eligible, until};
    return wait(candidate, deadline, waited_for_pod);
  }
  std::vector<api::TargetRef> targets = judge_targets(candidate, assessment);
  if (targets.empty()) {
    if (spec.job.no_target_policy == api::NoTargetPolicy::kSkip) {
      return refuse(Outcome::kSkipped, reason::kNoEligiblePod);
    }
    return wait(candidate, deadline, true);
  }
  claim(candidate, assessment, std::move(targets));
}

void Planner::wait(WallTime candidate, WallTime deadline, bool lacks_pod) {
  plan.memory.waiting = candidate;
  plan.memory.lacks_pod = lacks_pod;
  // Whatever it is that the first one lacks, those behind it wait for their turn.
  if (queues()) {
    plan.memory.queued_through = view.schedule->latest_in(candidate - Seconds{1}, due_through);
  }
  plan.watch_pods = plan.watch_pods || lacks_pod;
  // One second past the deadline: at the deadline itself a start is still in time.
  wake(deadline + Seconds{1});
}

void Planner::assess(eligibility::Assessment& out) const {
  const eligibility::Criteria criteria{job().meta.namespace_,
                                       &job().spec.job.target,
                                       &view.serving,
                                       &view.owner_kinds,
                                       view.busy,
                                       wall,
                                       view.endpoints,
                                       view.recently_failed,
                                       view.last_session};
  eligibility::assess(view.pods, view.owners, criteria, out);
}

Consultation Planner::consultation(WallTime candidate) const {
  return view.consultation ? view.consultation(candidate) : Consultation{};
}

/// What the strategy chooses, and what that says of the pods.
std::vector<api::TargetRef> Planner::judge_targets(WallTime candidate,
                                                   const eligibility::Assessment& assessment) {
  judged = true;
  const strategy::Advice* advice = consultation(candidate).advice;
  std::vector<api::TargetRef> targets = choose_targets(
      view.pods, job().spec.job, assessment,
      {job().meta.uid, candidate, 0, plan.status.strategy_state, view.nodes, advice});
  TargetCondition found = target_condition(job(), view.serving, view.unlabelled_hint, assessment,
                                           !targets.empty(), advice);
  if (!found.available && assessment.reconsider_at) wake(*assessment.reconsider_at);
  plan.probe_labels = plan.probe_labels || found.nothing_matches;
  turn(condition::kTargetsAvailable,
       found.available ? ConditionStatus::kTrue : ConditionStatus::kFalse, found.reason,
       std::move(found.message));
  return targets;
}

void Planner::claim(WallTime candidate, const eligibility::Assessment& assessment,
                    std::vector<api::TargetRef> targets) {
  Claim claim{candidate, run_name(job().meta.name, job().meta.uid, candidate), std::move(targets),
              summarise(assessment)};
  plan.status.active.push_back(
      {claim.run, candidate, std::string(view.holder), 1, api::ActiveState::kActive});
  plan.status.strategy_state = strategy::remember(
      job().spec.job.strategy, {job().meta.uid, candidate, 0, plan.status.strategy_state},
      claim.targets.front().pod_name, plan.status.active);
  plan.status.decided_through = candidate;
  plan.status.last_schedule_time = candidate;
  plan.write = true;
  plan.claim = std::move(claim);
  // Whoever waited is exempt from catch-up until the claim is written: it may be refused or lost.
  if (memory.waiting == std::optional(candidate)) plan.memory.waiting = candidate;
}

void Planner::finish() {
  auto& status = plan.status;
  // Whoever judged it, pods that come may cure it.
  const api::Condition* targets = find_condition(status, condition::kTargetsAvailable);
  plan.watch_pods =
      plan.watch_pods || (targets != nullptr && targets->status == ConditionStatus::kFalse);
  if (status.observed_generation != generation()) {
    status.observed_generation = generation();
    plan.write = true;
  }
  if (plan.write || plan.disposals.empty()) return;
  // A clock that was put back meanwhile does not hold it back for longer.
  const WallTime since = memory.deferred.empty() ? wall : std::min(memory.deferred_since, wall);
  if (wall >= since + kDeferMax) {
    plan.write = true;
    return;
  }
  plan.memory.deferred = plan.disposals;
  plan.memory.deferred_since = since;
  wake(since + kDeferMax);
}

}  // namespace

Plan plan(const View& view, Now now) {
  Planner planner{view, whole_seconds(now.wall), WallTime::min(), view.memory, {}};
  Plan& plan = planner.plan;
  plan.status = view.job.status;
  if (view.memory.observed_schedule != plan.status.observed_schedule) planner.forget_waiting();
  if (!planner.queues()) planner.memory.queued_through.reset();
  plan.memory.unreachable_through = planner.memory.unreachable_through;
  plan.memory.queued_through = planner.memory.queued_through;
  plan.memory.decided_through = plan.status.decided_through;
  plan.memory.observed_schedule = plan.status.observed_schedule;
  plan.memory.next_schedule_time = planner.memory.next_schedule_time;
  planner.fold_deferred();
  plan.settled = settle(plan.status, view.run_fact);
  if (view.job.meta.deletion_timestamp) return plan;  // nothing is claimed any more

  const bool possible = planner.judge_spec();
  const bool rests = planner.switch_rests();
  if (!rests) planner.account_for_change();
  if (!possible) {
    plan.status.next_schedule_time.reset();
    if (!view.schedule) {
      summarise_ready(plan.status, planner.generation(), planner.wall);
    }
    planner.finish();
    return plan;
  }
  if (tell_session_detection(plan.status, view.session_detection, planner.generation(),
                             planner.wall)) {
    plan.write = true;
  }
  const bool in_future = *plan.status.decided_through > planner.wall + kFutureTolerance;
  if (rests || view.unreadable) {
    plan.memory.waiting = planner.memory.waiting;
    plan.memory.lacks_pod = planner.memory.lacks_pod;
  } else if (!planner.suspended_by().empty()) {
    plan.status.next_schedule_time.reset();
  } else {
    planner.decide_due();
  }
  if (view.unreadable) {
    planner.turn(condition::kTargetsAvailable, ConditionStatus::kFalse, view.unreadable->reason,
                 view.unreadable->message);
  } else if (view.assess && !planner.judged && !plan.memory.waiting) {
    eligibility::Assessment assessment;
    planner.assess(assessment);
    planner.judge_targets(planner.wall, assessment);
  }
  if (in_future) {
    planner.turn(condition::kReady, ConditionStatus::kFalse, condition::kDecidedInFuture,
                 fmt::format("status.decidedThrough {} is later than the clock {}; nothing is due "
                             "until then",
                             to_rfc3339(*plan.status.decided_through), to_rfc3339(planner.wall)));
  } else if (is_harmful(plan.status, planner.generation())) {
    planner.turn(condition::kReady, ConditionStatus::kFalse, condition::kHarmfulToTarget,
                 fmt::format("the last {} runs ended with the container that they ran in; nothing "
                             "starts until the spec changes",
                             kHarmsMax));
  } else {
    summarise_ready(plan.status, planner.generation(), planner.wall);
  }
  planner.finish();
  return plan;
}

}  // namespace podcron::reconcile
