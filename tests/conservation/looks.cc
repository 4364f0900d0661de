// What a controller does with its plans, and what is checked of each.
#include <algorithm>

#include <fmt/format.h>

#include "conservation/story.h"

namespace podcron::conservation {
namespace {

/// Between a process's end and the API server's hearing of it, and the like.
constexpr std::int64_t kSoon = 3;
constexpr Seconds kFlushAfter{10};
constexpr Seconds kUnwrittenMost{300};
constexpr Seconds kTolerance{5};
constexpr Seconds kClockWaitMost{60};

std::string at(std::optional<WallTime> time) { return time ? to_rfc3339(*time) : "never"; }

std::string describe(const std::optional<WallTime>& time, bool lacks_pod) {
  return at(time) + (time && lacks_pod ? " (lacks a pod)" : "");
}

}  // namespace

std::optional<WallTime> Story::next_look(const Controller& controller) const {
  std::optional<WallTime> next = controller.look_at;
  const auto maybe = [&](std::optional<WallTime> time) {
    if (time) next = std::min(next.value_or(*time), *time);
  };
  maybe(controller.flush_at);
  if (controller.wake_at) {
    maybe(std::chrono::ceil<Seconds>(*controller.wake_at) - controller.ahead);
  }
  return next;
}

reconcile::RunFact Story::fact_of(const api::ActiveRun& run) const {
  const RunStory& story = runs_.at(run.name);
  reconcile::RunFact fact;
  if (now_ < story.ends) return fact;
  fact.unknown = story.leaves > story.ends;
  fact.leaves = now_ >= story.leaves;
  fact.outcome = fact.unknown     ? api::Outcome::kUnknown
                 : story.succeeds ? api::Outcome::kSucceeded
                                  : api::Outcome::kFailed;
  fact.completed = story.ends;
  return fact;
}

void Story::look(Controller& controller) {
  ++report_.looks;
  controller.look_at.reset();
  controller.wake_at.reset();
  controller.clock_known = controller.clock_known || chance(500);
  const WallTime now = clock_of(controller);
  const api::PodCronJobSpec& spec = job_.spec;
  const auto& seen = job_.status.observed_schedule;
  const Result<Schedule>& schedule =
      schedule_of(spec.schedule, spec.time_zone, spec.daylight_saving);
  const Result<Schedule>& observed =
      seen ? schedule_of(seen->schedule, seen->time_zone, seen->daylight_saving) : schedule;
  const WallTime bound =
      controller.clock_known ? now_ + kTolerance - Seconds{draw(0, 1)} : WallTime::min();
  const auto busy = nullptr;
  const reconcile::View view{job_,
                             schedule,
                             observed ? &*observed : nullptr,
                             namespace_held_,
                             everything_held_,
                             [this](const api::ActiveRun& run) { return fact_of(run); },
                             pods_,
                             owners_,
                             serving_,
                             owner_kinds_,
                             busy,
                             controller.name,
                             bound,
                             capacity_,
                             chance(100),
                             "",
                             controller.memory};
  reconcile::Plan plan = reconcile::plan(view, Now{WallMillis(now), MonoTime{}});
  Facts facts{job_,
              now,
              bound,
              reconcile::spread_of(job_),
              0,
              capacity_,
              pods_ready_ >= std::max(1, spec.job.target.min_eligible),
              suspended_by(),
              *due_of(spec.schedule, spec.time_zone, spec.daylight_saving),
              nullptr};
  if (seen) facts.observed_due = due_of(seen->schedule, seen->time_zone, seen->daylight_saving);
  facts.active = static_cast<std::size_t>(
      std::count_if(job_.status.active.begin(), job_.status.active.end(),
                    [&](const api::ActiveRun& run) { return !fact_of(run).leaves; }));
  const Verdict verdict = controller.model.look(facts);
  compare(controller, plan, verdict, now);
  if (!report_.wrong.empty()) return;

  controller.memory = plan.memory;
  controller.wake_at = plan.wake_at;
  controller.waits = plan.memory.waiting.has_value();
  controller.waits_for_pods = plan.watch_pods;
  if (plan.server_clock_wait) {
    // Where the real one looks every minute, as it may, a tenth of the looks tells as much.
    const Seconds wait = std::chrono::ceil<Seconds>(*plan.server_clock_wait);
    controller.look_at = now_ + (wait < kClockWaitMost ? wait : 10 * wait);
  }
  if (plan.settled && !controller.flush_at) controller.flush_at = now_ + kFlushAfter;
  if (!plan.settled) controller.flush_at.reset();
  const bool flush = controller.flush_at && *controller.flush_at <= now_;
  if (plan.write || flush) write(controller, std::move(plan), now);
}

/// One compare-and-swap, and all that can become of it.
void Story::write(Controller& controller, reconcile::Plan&& plan, WallTime controller_now) {
  controller.flush_at.reset();
  const std::uint64_t version = job_version_;
  const auto claim = plan.claim ? std::optional(plan.claim->scheduled_time) : std::nullopt;
  if (!racing_ && chance(30)) {
    racing_ = true;
    Controller& other = controllers_.back();
    if (&other != &controller && !other.down_until && chance(700)) {
      look(other);
    } else {
      chance(500) ? edit() : edit_policies();
      job_.spec.suspend = chance(100) != job_.spec.suspend;
      ++job_.meta.generation;
      ++job_version_;
      everybody_looks();
      say("an edit comes first");
    }
    racing_ = false;
    if (!report_.wrong.empty()) return;
  }
  const std::int64_t fate = draw(0, 999);
  const bool conflict = version != job_version_;
  if (conflict) {
    say(controller.name + ": conflict");
    give_up(controller, std::move(plan.disposals), controller_now);
    return look_later(controller, 0);
  }
  if (fate < 10) return crash(controller, draw(1, 900));
  if (api_down_until_ || fate < 40) {
    say(controller.name + ": not written");
    if (claim) {
      controller.memory.unreachable_through = claim;
      controller.model.unreachable(*claim);
    }
    give_up(controller, std::move(plan.disposals), controller_now);
    return retry(controller);
  }
  if (fate < 55) {
    say(controller.name + ": refused");
    give_up(controller, std::move(plan.disposals), controller_now);
    return retry(controller);
  }
  store(plan, controller_now);
  if (!report_.wrong.empty()) return;
  if (fate < 65) return crash(controller, draw(1, 900));
  controller.failures = 0;
  if (fate < 75 && !claim) {
    // The reply was lost, the repeated request found a conflict, and no claim tells whose it was.
    return give_up(controller, std::move(plan.disposals), controller_now);
  }
  controller.memory.deferred.clear();
  controller.memory.unreachable_through.reset();
  controller.model.written();
}

void Story::store(const reconcile::Plan& plan, WallTime controller_now) {
  const api::PodCronJobStatus before = std::move(job_.status);
  job_.status = plan.status;
  ++job_version_;
  ++report_.writes;
  if (plan.claim) {
    RunStory& run = runs_[plan.claim->run];
    run.ends = now_ + Seconds{draw(0, run_seconds_)};
    run.leaves = run.ends + Seconds{chance(60) ? draw(1, 7200) : 0};
    run.succeeds = chance(800);
  }
  for (const api::ActiveRun& run : job_.status.active) {
    if (run.state != api::ActiveState::kEnding) continue;
    RunStory& story = runs_.at(run.name);
    if (story.ends <= now_ + Seconds{kSoon}) continue;
    story.ends = now_ + Seconds{draw(1, kSoon)};
    story.leaves = story.ends + Seconds{chance(200) ? draw(1, 900) : 0};
  }
  say(fmt::format("written: decided through {}, {} active", at(job_.status.decided_through),
                  job_.status.active.size()));
  wrong(ledger_.enter(before, job_.status, plan, controller_now, now_));
  everybody_looks();
}

void Story::give_up(Controller& controller, std::vector<reconcile::Disposal>&& disposals,
                    WallTime controller_now) {
  if (controller.memory.deferred.empty() && !disposals.empty()) {
    controller.memory.deferred_since = controller_now;
  }
  controller.memory.deferred = std::move(disposals);
}

/// 1 s, doubled, at most 6 minutes.
void Story::retry(Controller& controller) {
  const WallTime at =
      now_ + Seconds{std::min<std::int64_t>(360, 1L << std::min(controller.failures++, 9))};
  controller.look_at = std::min(controller.look_at.value_or(at), at);
}

// ---- what is checked

void Story::wrong(std::string text) {
  if (text.empty() || !report_.wrong.empty()) return;
  report_.wrong = to_rfc3339(now_) + " " + text;
}

void Story::compare(const Controller& controller, const reconcile::Plan& plan,
                    const Verdict& verdict, WallTime now) {
  const auto claim = plan.claim ? std::optional(plan.claim->scheduled_time) : std::nullopt;
  if (tell_) {
    std::string line = fmt::format("{} looks, its clock {}:", controller.name, at(now));
    for (const reconcile::Disposal& d : plan.disposals) {
      line += fmt::format(" {} {}..{} ({})", d.reason, at(d.from), at(d.to), d.count);
    }
    if (claim) line += " claims " + at(claim);
    if (plan.memory.waiting) {
      line += " waits " + describe(plan.memory.waiting, plan.memory.lacks_pod);
    }
    if (plan.wake_at) line += " wakes " + at(whole_seconds(*plan.wake_at));
    say(line);
  }
  auto ruling = verdict.rulings.begin();
  for (const reconcile::Disposal& disposal : plan.disposals) {
    for (std::int64_t i = 0; i < disposal.count; ++i, ++ruling) {
      if (ruling == verdict.rulings.end()) {
        return wrong(fmt::format("{} up to {}: the contract says nothing yet", disposal.reason,
                                 at(disposal.to)));
      }
      const bool edge_fits = (i > 0 || ruling->time == disposal.from) &&
                             (i + 1 < disposal.count || ruling->time == disposal.to);
      if (ruling->reason != disposal.reason || !edge_fits) {
        return wrong(fmt::format("{} ({} from {} to {}), the contract says {} {}", disposal.reason,
                                 disposal.count, at(disposal.from), at(disposal.to), ruling->reason,
                                 at(ruling->time)));
      }
    }
  }
  if (ruling != verdict.rulings.end()) {
    return wrong(
        fmt::format("{} is not decided, the contract says {}", at(ruling->time), ruling->reason));
  }
  if (claim != verdict.claim) {
    return wrong(fmt::format("it claims {}, the contract says {}", at(claim), at(verdict.claim)));
  }
  if (claim && !plan.write) return wrong("a claim that is not to be written");
  const auto waiting = verdict.waiting ? std::optional(verdict.waiting->time) : std::nullopt;
  const bool lacks_pod = verdict.waiting && verdict.waiting->lacks_pod;
  if (!claim &&
      (plan.memory.waiting != waiting || (waiting && plan.memory.lacks_pod != lacks_pod))) {
    return wrong(fmt::format("it waits for {}, the contract says {}",
                             describe(plan.memory.waiting, plan.memory.lacks_pod),
                             describe(waiting, lacks_pod)));
  }
  if (lacks_pod && !plan.watch_pods) return wrong("it lacks a pod and does not watch pods");
  const auto& active = plan.status.active;
  if (verdict.replaces && std::any_of(active.begin(), active.end(), [](const api::ActiveRun& run) {
        return run.state == api::ActiveState::kActive;
      })) {
    return wrong("Replace waits and does not end the run");
  }
  compare_wake(plan, verdict, now);
}

void Story::compare_wake(const reconcile::Plan& plan, const Verdict& verdict, WallTime now) {
  if (verdict.beyond_server_clock && !plan.server_clock_wait) {
    return wrong("more is due by its clock, and it does not wait for the API server's");
  }
  std::optional<WallTime> wanted = verdict.look_by;
  if (!plan.write && !verdict.rulings.empty()) {
    wanted = std::min(wanted.value_or(now + kUnwrittenMost), now + kUnwrittenMost);
  }
  if (wanted && (!plan.wake_at || *plan.wake_at > WallMillis(*wanted))) {
    wrong(fmt::format("it wakes {}, something is due by {}",
                      plan.wake_at ? at(whole_seconds(*plan.wake_at)) : "never", at(wanted)));
  }
}

}  // namespace podcron::conservation
