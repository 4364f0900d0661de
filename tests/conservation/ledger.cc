#include "conservation/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "conservation/model.h"

namespace podcron::conservation {
namespace {

/// The contract's tolerance between the API server's Date and its clock.
constexpr Seconds kAheadMost{5};

bool same_rules(const api::ObservedSchedule& a, api::ObservedSchedule b) {
  b.since = a.since;
  return a == b;
}

std::string at(WallTime time) { return to_rfc3339(time); }

}  // namespace

std::vector<WallTime> Ledger::due_in(const api::ObservedSchedule& observed, WallTime after,
                                     WallTime through) const {
  DueTimes* const due = truth_(observed);
  return due == nullptr ? std::vector<WallTime>{} : due->in(after, through);
}

std::string Ledger::enter(const api::PodCronJobStatus& before, const api::PodCronJobStatus& after,
                          const reconcile::Plan& plan, WallTime writer_now, WallTime server_now) {
  if (!after.decided_through || !after.observed_schedule) return "decidedThrough vanished";
  const WallTime through = *after.decided_through;
  if (before.decided_through && through < *before.decided_through) {
    return fmt::format("decidedThrough went back from {} to {}", at(*before.decided_through),
                       at(through));
  }
  if (plan.claim && plan.claim->scheduled_time > server_now + kAheadMost) {
    return fmt::format("{} is claimed, the API server's clock shows {}",
                       at(plan.claim->scheduled_time), at(server_now));
  }
  std::vector<WallTime> due;
  if (!before.decided_through) {
    held_.push_back({*after.observed_schedule, through});
    if (plan.claim || !plan.disposals.empty()) return "a new object has decided times";
  } else if (before.observed_schedule == after.observed_schedule) {
    due = due_in(*after.observed_schedule, *before.decided_through, through);
  } else {
    if (same_rules(*before.observed_schedule, *after.observed_schedule)) {
      return "observedSchedule changed although nothing in it did";
    }
    // Later than now only if the clock has been put back since something was decided.
    WallTime turn = std::max(*before.decided_through, writer_now);
    if (!plan.disposals.empty()) turn = std::max(turn, plan.disposals.back().to);
    due = due_in(*before.observed_schedule, *before.decided_through, turn);
    if (through != turn) return fmt::format("the edit starts at {}, not now", at(through));
    held_.push_back({*after.observed_schedule, turn});
  }
  std::string wrong = enter_fates(due, plan);
  return wrong.empty() ? judge_history(before, after) : wrong;
}

/// Each of `due` is in one disposal or is the claim, and these hold nothing else.
std::string Ledger::enter_fates(const std::vector<WallTime>& due, const reconcile::Plan& plan) {
  std::size_t next = 0;
  for (const reconcile::Disposal& disposal : plan.disposals) {
    const std::size_t first = next;
    while (next < due.size() && due[next] <= disposal.to) {
      fates_.push_back({due[next++], disposal.reason});
    }
    const auto count = static_cast<std::int64_t>(next - first);
    if (count != disposal.count || count == 0 || due[first] != disposal.from ||
        due[next - 1] != disposal.to) {
      return fmt::format("{} counts {} times from {} to {}; due were {}", disposal.reason,
                         disposal.count, at(disposal.from), at(disposal.to), count);
    }
    const bool missed = disposal.outcome == api::Outcome::kMissed;
    if (missed != is_miss(disposal.reason) ||
        (!missed && disposal.outcome != api::Outcome::kSkipped)) {
      return fmt::format("{} has the wrong outcome", disposal.reason);
    }
    sums_[disposal.reason] += count;
  }
  if (plan.claim) {
    if (next == due.size() || due[next] != plan.claim->scheduled_time) {
      return fmt::format("{} is claimed and was not due", at(plan.claim->scheduled_time));
    }
    fates_.push_back({due[next++], ""});
    ++sums_["Claimed"];
  }
  if (next < due.size()) return fmt::format("{} has vanished", at(due[next]));
  return "";
}

/// Every entry of skips and misses counts exactly what happened between its ends.
std::string Ledger::judge_history(const api::PodCronJobStatus& before,
                                  const api::PodCronJobStatus& after) const {
  if (after.history.size() > api::kHistoryEntriesMax) return "history is too long";
  for (const api::HistoryEntry& entry : after.history) {
    const bool run = !entry.pod_job.empty();
    if (std::find(before.history.begin(), before.history.end(), entry) != before.history.end()) {
      continue;
    }
    const auto first =
        std::lower_bound(fates_.begin(), fates_.end(), entry.from,
                         [](const Fate& fate, WallTime time) { return fate.time < time; });
    std::int64_t count = 0;
    auto fate = first;
    for (; fate != fates_.end() && fate->time <= entry.to; ++fate) {
      if (fate->reason != (run ? std::string_view() : std::string_view(entry.reason))) break;
      ++count;
    }
    const bool other_inside = fate != fates_.end() && fate->time <= entry.to;
    if (other_inside || count != entry.count || first->time != entry.from ||
        std::prev(fate)->time != entry.to) {
      return fmt::format("history says {} {} times from {} to {}; there were {}{}", entry.reason,
                         entry.count, at(entry.from), at(entry.to), count,
                         other_inside ? " up to one of another kind" : "");
    }
  }
  return "";
}

std::string Ledger::close(const api::PodCronJobStatus& status, WallTime now) {
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const bool last = i + 1 == held_.size();
    const WallTime to = last ? *status.decided_through : held_[i + 1].from;
    due_ += static_cast<std::int64_t>(due_in(held_[i].observed, held_[i].from, to).size());
  }
  if (!held_.empty()) {
    pending_ = static_cast<std::int64_t>(
        due_in(held_.back().observed, *status.decided_through, now).size());
  }
  due_ += pending_;
  std::int64_t sum = pending_;
  for (const auto& [reason, count] : sums_) sum += count;
  return sum == due_ ? "" : fmt::format("{} times were due, {} are accounted for", due_, sum);
}

}  // namespace podcron::conservation
