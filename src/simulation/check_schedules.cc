// Invariants on versions of PodCronJobs: claims, and that no due time vanishes.
#include <algorithm>

#include <fmt/format.h>

#include "simulation/checker.h"

namespace podcron::simulation {
namespace {

/// The API keeps so many entries; only then may older ones go.
constexpr std::size_t kHistoryEntries = 10;
/// Times later than the API server's clock plus this are never claimed (the contract's section 3).
constexpr Seconds kAheadMost{5};

/// The API keeps so many entries of strategyState.
constexpr std::size_t kRemembered = 64;

/// Whether the strategy is one whose draws build on those before them.
bool takes_turns(const Json& pod_cron_job) {
  const std::string type =
      text_in(pod_cron_job, "spec", "podJobTemplate", "spec", "strategy", "type");
  return type == "RoundRobin" || type == "LeastRecent";
}

/// The claim of that time and the pod that it drew are one write. A run by hand that was made in
/// the same second is remembered beside it.
bool remembers(const Json& pod_cron_job, WallTime claimed) {
  const Json* state = find_in(pod_cron_job, "status", "strategyState");
  return state != nullptr && state->is_object() && state->size() <= kRemembered &&
         std::count(state->begin(), state->end(), Json(to_rfc3339(claimed))) >= 1;
}

bool same_entry(const HistoryView& a, const HistoryView& b) {
  return a.from == b.from && a.outcome == b.outcome && a.reason == b.reason &&
         a.pod_job == b.pod_job;
}

}  // namespace

void Checker::on_schedule_change(const Change& change, VirtualTime now) {
  const Json& shown = change.shown->json;
  const std::string uid = text_in(shown, "metadata", "uid");
  ScheduleAccount& account = schedules_[uid];
  account.key = change.key;
  if (!change.after) {
    account.removed = true;
    for (const ActiveView& entry : account.status.active) {
      left_active(uid, {change.key.namespace_, entry.name}, entry, now);
    }
    return;
  }
  const Json* before_status = change.before ? find_in(change.before->json, "status") : nullptr;
  const Json* after_status = find_in(shown, "status");
  if (after_status == nullptr || (before_status != nullptr && *before_status == *after_status)) {
    return;
  }
  if (!change.author.conditional) {
    report("S1 compare-and-swap",
           fmt::format("{} wrote the status of {} without resourceVersion", change.author.name,
                       change.key.name),
           now);
  }
  const ScheduleStatusView after = read_schedule_status(shown);
  const ScheduleStatusView& before = account.status;
  if (before.decided_through &&
      (!after.decided_through || *after.decided_through < *before.decided_through)) {
    report("S7 decidedThrough", fmt::format("decidedThrough of {} went back", change.key.name),
           now);
  }
  check_claims(account, change, after, now);
  const auto born = time_in(shown, "metadata", "creationTimestamp");
  check_flow(account, after, born.value_or(WallTime{}), now);
  note_history(account, after, now);
  for (const ActiveView& entry : before.active) {
    if (after.lists(entry.name)) continue;
    left_active(uid, {change.key.namespace_, entry.name}, entry, now);
  }
  account.status = after;
}

void Checker::check_claims(const ScheduleAccount& account, const Change& change,
                           const ScheduleStatusView& after, VirtualTime now) {
  std::set<std::string> names;
  for (const ActiveView& entry : after.active) {
    if (!names.insert(entry.name).second) {
      report("S1 unique claim", fmt::format("{} stands in active twice", entry.name), now);
    }
    if (account.status.lists(entry.name)) continue;
    if (entry.pod_job_uid.empty()) {
      check_one_claim(account, change, after, entry, now);
    } else {
      check_claim_by_hand(change, after, entry, now);
    }
  }
}

void Checker::check_one_claim(const ScheduleAccount& account, const Change& change,
                              const ScheduleStatusView& after, const ActiveView& entry,
                              VirtualTime now) {
  ++claims_;
  const std::string uid = text_in(change.shown->json, "metadata", "uid");
  RunAccount& run = run_of(uid, {change.key.namespace_, entry.name});
  run.scheduled_time = entry.scheduled_time;
  run.claimed = true;
  run.claimed_at = now;
  const auto broken = [&](std::string_view invariant, std::string_view why) {
    report(invariant,
           fmt::format("{} claims {} of {}: {}", change.author.name,
                       to_rfc3339(entry.scheduled_time), change.key.name, why),
           now);
  };
  // The patch carried the version it was decided on, so what that version said was known.
  const Json& base = change.before->json;
  auto& claimed = schedules_.at(uid).claimed;
  if (!claimed.insert(entry.scheduled_time).second) broken("S1 unique claim", "claimed before");
  if (account.status.decided_through && entry.scheduled_time <= *account.status.decided_through) {
    broken("S1 unique claim", "that time was decided before");
  }
  if (after.decided_through && entry.scheduled_time > *after.decided_through) {
    broken("S7 decidedThrough", "the claim does not move decidedThrough past it");
  }
  const Json* suspend = find_in(base, "spec", "suspend");
  if (suspend != nullptr && *suspend == true) broken("S11 no claim when suspended", "suspended");
  if (number_in(base, 0, "status", "targetHarm", "runs") >= 2 &&
      number_in(base, 0, "status", "targetHarm", "generation") ==
          number_in(base, -1, "metadata", "generation")) {
    broken("S17 no claim when harmful", "its last two runs took their containers down");
  }
  if (find_in(base, "metadata", "deletionTimestamp") != nullptr) {
    broken("S11 no claim when deleted", "it is being deleted");
  }
  if (text_in(base, "spec", "concurrencyPolicy") != "Allow" && after.active.size() > 1) {
    broken("S9 one at a time", "another run is in active");
  }
  if (WallMillis(entry.scheduled_time) > wall(now) + kAheadMost + Millis{1000}) {
    broken("S8 not early", "the API server's clock is not there yet");
  }
  const std::string schedule = text_in(base, "spec", "schedule");
  const auto beat = beat_of(schedule);
  if (beat && entry.scheduled_time.time_since_epoch().count() % beat->count() != 0) {
    broken("S6 conservation", "the schedule does not name that time");
  }
  if (after.observed && after.observed->schedule != schedule) {
    broken("S6 conservation", "observedSchedule is not the spec's");
  }
  if (const auto born = time_in(base, "metadata", "creationTimestamp");
      born && entry.scheduled_time <= *born) {
    broken("S6 conservation", "it is from before the creation");
  }
  if (takes_turns(base) && !remembers(change.shown->json, entry.scheduled_time)) {
    broken("S16 turns", "strategyState does not say which pod it drew");
  }
}

/// Due times in (decidedThrough of `before`, that of `after`]: under the old schedule up to the
/// change, if there is one, and under the new one from there.
std::optional<std::int64_t> Checker::due_between(const ScheduleStatusView& before,
                                                 const ScheduleStatusView& after,
                                                 WallTime born) const {
  if (!after.decided_through || !after.observed) return std::nullopt;
  const auto new_beat = beat_of(after.observed->schedule);
  if (!new_beat) return std::nullopt;
  if (!before.decided_through || !before.observed) {
    // The creation's second itself is not after the creation, whatever a replica's clock says.
    return count_due(*new_beat, std::max(born, after.observed->since), *after.decided_through);
  }
  const auto old_beat = beat_of(before.observed->schedule);
  if (!old_beat) return std::nullopt;
  if (*before.observed == *after.observed) {
    return count_due(*new_beat, *before.decided_through, *after.decided_through);
  }
  const WallTime turn = std::max(*before.decided_through, after.observed->since);
  return count_due(*old_beat, *before.decided_through, turn) +
         count_due(*new_beat, turn, *after.decided_through);
}

/// Nothing vanishes: what was decided, and what left `active`, stands in `active` or `history`,
/// except for the oldest entries of a full history.
void Checker::check_flow(ScheduleAccount& account, const ScheduleStatusView& after, WallTime born,
                         VirtualTime now) {
  const ScheduleStatusView& before = account.status;
  const auto due = due_between(before, after, born);
  if (!due) return;
  std::int64_t left = 0;
  std::int64_t entered = 0;
  std::int64_t gone_most = 0;  // what a full history may have dropped
  const WallTime oldest = after.history.empty() ? WallTime::max() : after.history.front().from;
  for (const ActiveView& entry : before.active) {
    if (after.lists(entry.name)) continue;
    ++left;
    if (entry.scheduled_time < oldest) ++gone_most;
  }
  for (const ActiveView& entry : after.active) {
    // What somebody made by hand was never due; it leaves for the history like the others.
    if (!before.lists(entry.name) && entry.pod_job_uid.empty()) ++entered;
  }
  for (const HistoryView& entry : before.history) {
    const bool kept =
        std::any_of(after.history.begin(), after.history.end(),
                    [&](const HistoryView& other) { return same_entry(entry, other); });
    if (!kept) gone_most += entry.count;
  }
  const std::int64_t expected = before.history_sum() + *due + left - entered;
  const std::int64_t found = after.history_sum();
  if (after.history.size() < kHistoryEntries) gone_most = 0;
  if (found > expected || found < expected - gone_most) {
    report(
        "S6 conservation",
        fmt::format("{}: {} due times decided, {} runs left active, {} entered, history went "
                    "from {} to {} times (at most {} could be trimmed)",
                    account.key.name, *due, left, entered, before.history_sum(), found, gone_most),
        now);
  }
}

void Checker::note_history(ScheduleAccount& account, const ScheduleStatusView& after,
                           VirtualTime now) {
  for (const HistoryView& entry : after.history) {
    const auto old =
        std::find_if(account.status.history.begin(), account.status.history.end(),
                     [&](const HistoryView& other) { return same_entry(entry, other); });
    const std::int64_t before = old == account.status.history.end() ? 0 : old->count;
    if (entry.count > before && entry.pod_job.empty()) {
      outcomes_[fmt::format("{}/{}", entry.outcome, entry.reason)] +=
          static_cast<std::uint64_t>(entry.count - before);
    }
    if (!entry.pod_job.empty() && account.in_history.insert(entry.pod_job).second) {
      check_history_entry(account, entry, now);
    }
  }
}

/// A run's entry says what its PodJob says (the contract's section 7.8: the PodJob first).
void Checker::check_history_entry(const ScheduleAccount& account, const HistoryView& entry,
                                  VirtualTime now) {
  std::string uid;
  for (const auto& [candidate, other] : schedules_) {
    if (&other == &account) uid = candidate;
  }
  const RunAccount* found = run_in_history(uid, entry.pod_job);
  if (found == nullptr) {
    return report("S6 conservation",
                  fmt::format("history of {} names {}, which was never claimed", account.key.name,
                              entry.pod_job),
                  now);
  }
  const RunAccount& run = *found;
  if (run.phase.empty() || !is_final_phase(run.phase)) {
    // What never started may be said without a record: Denied, a name that is taken.
    const bool started = !run.processes.empty();
    const bool proven = run.exists ? !started : entry.outcome == "Unknown" || !started;
    if (entry.outcome == "Succeeded" || !proven) {
      report("S5 record first",
             fmt::format("history says {}/{} of {}, whose PodJob has phase \"{}\"", entry.outcome,
                         entry.reason, entry.pod_job, run.phase),
             now);
    }
    return;
  }
  if (run.phase != entry.outcome) {
    report("S4 final is final",
           fmt::format("history says {} of {}, its PodJob says {}", entry.outcome, entry.pod_job,
                       run.phase),
           now);
  }
}

}  // namespace podcron::simulation
