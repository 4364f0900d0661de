#include "conservation/model.h"

#include <algorithm>

namespace podcron::conservation {
namespace {

using api::CatchUpPolicy;
using api::ConcurrencyPolicy;

constexpr Seconds kDeadlineMost{4 * 3600};
constexpr Seconds kLateMost{10};
/// docs/adr/0011: so long a switch outside of the object rests after a change.
constexpr Seconds kSwitchRest{5};
constexpr std::size_t kActiveMost = 100;

bool in_queue(const Facts& facts) {
  return facts.job.spec.concurrency_policy == ConcurrencyPolicy::kQueue;
}

}  // namespace

bool is_miss(std::string_view reason) {
  return reason == "ApiUnavailable" || reason == "CatchUpDisabled" || reason == "Superseded" ||
         reason == "CatchUpLimit" || reason == "StartingDeadlineExceeded";
}

WallTime deadline_of(const Facts& facts, WallTime time) {
  const api::PodCronJobSpec& spec = facts.job.spec;
  const WallTime start = time + facts.spread;
  if (spec.starting_deadline_seconds) return start + Seconds{*spec.starting_deadline_seconds};
  const bool long_wait = spec.catch_up_policy == CatchUpPolicy::kAll || in_queue(facts);
  const WallTime next = long_wait ? WallTime::max() : facts.due.next(time);
  return next == WallTime::max() ? start + kDeadlineMost
                                 : start + std::min(kDeadlineMost, next - time);
}

Verdict Model::look(const Facts& facts) {
  Verdict verdict;
  begin(facts, verdict);
  const bool changed = take_in_change(facts, verdict);
  if (changed) waiting_.reset();
  if (rests_) {
    verdict.waiting = waiting_;
  } else if (facts.suspended_by.empty()) {
    decide(facts, verdict);
  }
  // Who has waited and is claimed waits until that is written.
  const bool waited = waiting_ && verdict.claim == waiting_->time;
  waiting_ = waited ? std::optional(Waiting{*verdict.claim, false}) : verdict.waiting;
  unwritten_ = verdict.rulings;
  return verdict;
}

/// What this process remembers, if it still holds.
void Model::begin(const Facts& facts, Verdict& verdict) {
  const api::PodCronJobStatus& status = facts.job.status;
  if (observed_ != status.observed_schedule) {
    waiting_.reset();
    queued_.reset();
    unreachable_.reset();
  }
  if (!in_queue(facts)) queued_.reset();
  if (observed_ != status.observed_schedule || decided_through_ != status.decided_through) {
    unwritten_.clear();
  }
  observed_ = status.observed_schedule;
  decided_through_ = status.decided_through;
  verdict.rulings = unwritten_;
  decided_ = status.decided_through.value_or(WallTime::min());
  if (!unwritten_.empty()) decided_ = std::max(decided_, unwritten_.back().time);
}

/// Of what is observed, a switch outside of the object differs, and nothing else.
bool Model::switch_alone(const Facts& facts) const {
  const api::PodCronJobSpec& spec = facts.job.spec;
  return facts.suspended_by != "Suspended" && observed_->suspend_reason != "Suspended" &&
         observed_->suspend_reason != facts.suspended_by && observed_->schedule == spec.schedule &&
         observed_->time_zone == spec.time_zone &&
         observed_->daylight_saving == spec.daylight_saving &&
         observed_->spread_seconds == spec.spread_seconds;
}

/// "A change of what observedSchedule holds accounts for (decidedThrough, now] under the old one,
/// then starts at now."
bool Model::take_in_change(const Facts& facts, Verdict& verdict) {
  const api::PodCronJobSpec& spec = facts.job.spec;
  rests_ = false;
  if (!observed_ || !decided_through_) {
    decided_ = std::max(facts.now, facts.job.meta.creation_timestamp.value_or(facts.now));
    return true;
  }
  const bool same = observed_->schedule == spec.schedule &&
                    observed_->time_zone == spec.time_zone &&
                    observed_->daylight_saving == spec.daylight_saving &&
                    observed_->spread_seconds == spec.spread_seconds &&
                    observed_->suspend_reason == facts.suspended_by;
  if (same) return false;
  rests_ = switch_alone(facts) && facts.now < observed_->since + kSwitchRest &&
           facts.now >= observed_->since - kSwitchRest;
  if (rests_) return false;
  // Under the old switch if one was on, else the one that is on now ended what waited.
  std::string_view reason = facts.suspended_by.empty() ? "ScheduleChanged" : facts.suspended_by;
  for (const std::string_view word : {"Suspended", "NamespaceSuspended", "GloballySuspended"}) {
    if (observed_->suspend_reason == word) reason = word;
  }
  if (facts.observed_due != nullptr) {
    for (const WallTime time : facts.observed_due->in(decided_, facts.now)) {
      verdict.rulings.push_back({time, reason});
    }
  }
  decided_ = std::max(decided_, facts.now);
  return true;
}

/// "Times are decided in order": each by itself, until one is claimed or has to wait.
void Model::decide(const Facts& facts, Verdict& verdict) {
  const WallTime by_our_clock = facts.now - facts.spread;
  open_ = facts.due.in(decided_, std::min(by_our_clock, facts.server_bound));
  const WallTime next = facts.due.next(open_.empty() ? decided_ : open_.back());
  const WallTime newest = open_.empty() ? WallTime::min() : open_.back();
  while (!open_.empty() && !verdict.claim && !verdict.waiting) {
    const WallTime time = open_.front();
    const std::string_view reason = kept(facts, 0) ? refusal(facts, time) : given_up(facts, time);
    if (reason == "wait" || reason == "wait for a pod") {
      verdict.waiting = Waiting{time, reason == "wait for a pod"};
    } else if (reason.empty()) {
      verdict.claim = time;
    } else {
      verdict.rulings.push_back({time, reason});
      open_.erase(open_.begin());
    }
  }
  if (verdict.waiting) {
    const ConcurrencyPolicy policy = facts.job.spec.concurrency_policy;
    verdict.replaces = policy == ConcurrencyPolicy::kReplace && facts.active > 0;
    if (in_queue(facts)) queued_ = newest;
    verdict.look_by = deadline_of(facts, verdict.waiting->time) + Seconds{1};
  }
  if (next == WallTime::max()) return;
  verdict.beyond_server_clock = next <= by_our_clock;
  // Outside Queue and Latest, whoever waits is not touched by the next one's coming due.
  const bool indifferent = verdict.waiting && !in_queue(facts) &&
                           facts.job.spec.catch_up_policy != CatchUpPolicy::kLatest;
  if (verdict.beyond_server_clock || indifferent) return;
  const WallTime due = next + facts.spread;
  verdict.look_by = std::min(verdict.look_by.value_or(due), due);
}

/// Whether catch-up leaves the time at `at` of the open ones to be decided by the other rules.
bool Model::kept(const Facts& facts, std::size_t at) const {
  const WallTime time = open_[at];
  const CatchUpPolicy policy = facts.job.spec.catch_up_policy;
  if (is_queued(time)) return true;
  const bool ends_with_next = policy == CatchUpPolicy::kLatest && !in_queue(facts);
  if (waiting_ && waiting_->time == time && !ends_with_next) return true;
  switch (policy) {
    case CatchUpPolicy::kNone:
      return facts.now - (time + facts.spread) <= kLateMost;
    case CatchUpPolicy::kLatest:
      return at + 1 == open_.size();
    case CatchUpPolicy::kAll:
      return open_.size() - at <= static_cast<std::size_t>(facts.job.spec.catch_up_limit);
  }
  return false;
}

/// Why a time that catch-up does not leave is not run.
std::string_view Model::given_up(const Facts& facts, WallTime time) const {
  if (is_unreachable(time)) return "ApiUnavailable";
  if (waiting_ && waiting_->time == time) {
    return waiting_->lacks_pod ? "NoEligiblePod" : "StartingDeadlineExceeded";
  }
  switch (facts.job.spec.catch_up_policy) {
    case CatchUpPolicy::kNone:
      return "CatchUpDisabled";
    case CatchUpPolicy::kLatest:
      return "Superseded";
    case CatchUpPolicy::kAll:
      return "CatchUpLimit";
  }
  return "";
}

/// Why the time is not claimed now; "wait" if it may be later, "" if nothing is against it.
std::string_view Model::refusal(const Facts& facts, WallTime time) const {
  const auto first_of_order = [&](std::string_view reason) -> std::string_view {
    return is_unreachable(time) ? "ApiUnavailable" : reason;
  };
  const api::PodCronJobSpec& spec = facts.job.spec;
  if (facts.now > deadline_of(facts, time)) {
    const bool lacked_pod = waiting_ && waiting_->time == time && waiting_->lacks_pod;
    return first_of_order(lacked_pod ? "NoEligiblePod" : "StartingDeadlineExceeded");
  }
  if (facts.active >= kActiveMost) return first_of_order("ActiveLimit");
  if (facts.active > 0 && spec.concurrency_policy != ConcurrencyPolicy::kAllow) {
    return spec.concurrency_policy == ConcurrencyPolicy::kForbid
               ? first_of_order("ConcurrencyForbidden")
               : "wait";
  }
  if (!facts.capacity) return "wait";
  if (facts.pods) return "";
  return spec.job.no_target_policy == api::NoTargetPolicy::kSkip ? first_of_order("NoEligiblePod")
                                                                 : "wait for a pod";
}

void Model::written() {
  unwritten_.clear();
  unreachable_.reset();
}

void Model::unreachable(WallTime claim) { unreachable_ = claim; }

}  // namespace podcron::conservation
