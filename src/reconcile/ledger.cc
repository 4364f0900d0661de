#include "reconcile/ledger.h"

#include <algorithm>

#include "observe/reasons.h"

namespace podcron::reconcile {
namespace {

using api::Condition;
using api::ConditionStatus;
using api::HistoryEntry;
namespace condition = observe::condition;

bool is_run(const HistoryEntry& entry) {
  return entry.outcome == api::Outcome::kSucceeded || entry.outcome == api::Outcome::kFailed ||
         entry.outcome == api::Outcome::kUnknown;
}

/// Runs keep an entry each, so that every one can be looked up; skips and misses become ranges.
bool may_merge(const HistoryEntry& older, const HistoryEntry& newer,
               const api::PodCronJobStatus& status) {
  if (is_run(older) || older.outcome != newer.outcome || older.reason != newer.reason) {
    return false;
  }
  return std::none_of(status.active.begin(), status.active.end(), [&](const api::ActiveRun& run) {
    return run.scheduled_time > older.to && run.scheduled_time < newer.from;
  });
}

}  // namespace

void add_history(api::PodCronJobStatus& status, HistoryEntry entry) {
  auto& history = status.history;
  const auto at = std::upper_bound(
      history.begin(), history.end(), entry,
      [](const HistoryEntry& a, const HistoryEntry& b) { return a.from < b.from; });
  if (at != history.begin() && may_merge(*std::prev(at), entry, status)) {
    HistoryEntry& older = *std::prev(at);
    older.to = std::max(older.to, entry.to);
    older.count += entry.count;
  } else {
    history.insert(at, std::move(entry));
  }
  if (history.size() > api::kHistoryEntriesMax) {
    history.erase(history.begin(),
                  history.end() - static_cast<std::ptrdiff_t>(api::kHistoryEntriesMax));
  }
}

void add_history(api::PodCronJobStatus& status, const Disposal& disposal) {
  add_history(status, HistoryEntry{disposal.from, disposal.to, disposal.count, disposal.outcome,
                                   std::string(disposal.reason), ""});
}

const Condition* find_condition(const api::PodCronJobStatus& status, std::string_view type) {
  for (const Condition& c : status.conditions) {
    if (c.type == type) return &c;
  }
  return nullptr;
}

bool set_condition(api::PodCronJobStatus& status, std::string_view type, ConditionStatus value,
                   std::string_view why, std::string message, std::int64_t generation,
                   WallTime now) {
  const Condition* old = find_condition(status, type);
  if (old != nullptr && old->status == value && old->reason == why && old->message == message &&
      old->observed_generation == generation) {
    return false;
  }
  const bool moved = old == nullptr || old->status != value;
  Condition next{std::string(type),
                 value,
                 std::string(why),
                 std::move(message),
                 moved ? now : old->last_transition_time,
                 generation};
  if (old != nullptr) {
    status.conditions[static_cast<std::size_t>(old - status.conditions.data())] = std::move(next);
    return true;
  }
  const auto at =
      std::lower_bound(status.conditions.begin(), status.conditions.end(), type,
                       [](const Condition& c, std::string_view t) { return c.type < t; });
  status.conditions.insert(at, std::move(next));
  return true;
}

bool summarise_ready(api::PodCronJobStatus& status, std::int64_t generation, WallTime now) {
  for (const std::string_view type :
       {condition::kScheduleValid, condition::kTargetsAvailable, condition::kSessionDetection}) {
    const Condition* c = find_condition(status, type);
    if (c != nullptr && c->status == ConditionStatus::kFalse) {
      return set_condition(status, condition::kReady, ConditionStatus::kFalse, c->reason,
                           c->message, generation, now);
    }
  }
  return set_condition(status, condition::kReady, ConditionStatus::kTrue, condition::kReady, "",
                       generation, now);
}

}  // namespace podcron::reconcile
