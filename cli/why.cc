#include "cli/why.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "observe/reasons.h"
#include "reconcile/ledger.h"

namespace podcron::cli {
namespace {

bool contains(const std::vector<Stretch>& asked, WallTime instant) {
  return std::any_of(asked.begin(), asked.end(), [&](const Stretch& stretch) {
    return stretch.begin <= instant && instant < stretch.end;
  });
}

/// The PodJobs of this PodCronJob, by scheduled time: of this UID, so that those of a namesake that
/// was deleted do not count.
std::map<WallTime, const api::PodJob*> records_of(const api::PodCronJob& job,
                                                  const std::vector<api::PodJob>& runs) {
  std::map<WallTime, const api::PodJob*> found;
  for (const api::PodJob& run : runs) {
    if (run.controller && run.controller->uid == job.meta.uid && run.scheduled_time) {
      found[*run.scheduled_time] = &run;
    }
  }
  return found;
}

const api::HistoryEntry* entry_of(const api::PodCronJobStatus& status, WallTime instant) {
  for (const api::HistoryEntry& entry : status.history) {
    if (entry.from <= instant && instant <= entry.to) return &entry;
  }
  return nullptr;
}

const api::ActiveRun* active_of(const api::PodCronJobStatus& status, WallTime instant) {
  for (const api::ActiveRun& run : status.active) {
    if (run.scheduled_time == instant) return &run;
  }
  return nullptr;
}

/// The due times of one question: those of the schedule as it is, and those on record.
class Collector {
 public:
  Collector(const api::PodCronJob& job, const std::map<WallTime, const api::PodJob*>& records,
            const Result<Schedule>& schedule)
      : job_(job), schedule_(schedule) {
    for (const auto& [instant, record] : records) recorded_.push_back(instant);
    for (const api::ActiveRun& run : job.status.active) recorded_.push_back(run.scheduled_time);
    for (const api::HistoryEntry& entry : job.status.history) {
      // Of a range only its ends are known to have been due, whatever the schedule was.
      recorded_.push_back(entry.from);
      recorded_.push_back(entry.to);
    }
    std::sort(recorded_.begin(), recorded_.end());
    recorded_.erase(std::unique(recorded_.begin(), recorded_.end()), recorded_.end());
  }

  /// The last that is due by `now`.
  [[nodiscard]] std::optional<WallTime> latest(WallTime now) const {
    std::optional<WallTime> found;
    for (const WallTime instant : recorded_) {
      if (instant <= now) found = instant;
    }
    if (const auto floor = floor_of_schedule(); schedule_ && floor && *floor < now) {
      const auto scheduled = schedule_->latest_in(*floor, now);
      if (scheduled && (!found || *scheduled > *found)) found = scheduled;
    }
    return found;
  }

  /// Those in `asked`, the last kDueTimesShown of them; the others are counted.
  [[nodiscard]] std::vector<WallTime> in(const std::vector<Stretch>& asked,
                                         std::size_t& earlier) const {
    std::vector<WallTime> found;
    for (const WallTime instant : recorded_) {
      if (contains(asked, instant)) found.push_back(instant);
    }
    std::size_t uncounted = 0;
    for (const Stretch& stretch : asked) uncounted += add_scheduled(stretch, found);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    const std::size_t surplus = found.size() - std::min(found.size(), kDueTimesShown);
    found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(surplus));
    earlier = surplus + uncounted;
    return found;
  }

  [[nodiscard]] std::string nearest(const std::vector<Stretch>& asked) const {
    if (!schedule_ || asked.empty()) return "";
    const WallTime begin = asked.front().begin;
    constexpr Seconds kFarBack = std::chrono::years(4);
    const auto before = schedule_->latest_in(begin - kFarBack, begin - Seconds(1));
    const auto after = schedule_->next_after(asked.back().end - Seconds(1));
    std::string text;
    if (before) text += fmt::format("; before it: {}", to_rfc3339(*before));
    if (after) text += fmt::format("; after it: {}", to_rfc3339(*after));
    return text;
  }

 private:
  /// Where the present schedule begins; what lies before it was due under another, or not at all.
  [[nodiscard]] std::optional<WallTime> floor_of_schedule() const {
    if (job_.status.observed_schedule) return job_.status.observed_schedule->since;
    return job_.meta.creation_timestamp;
  }

  /// Returns how many earlier ones it left out.
  std::size_t add_scheduled(const Stretch& stretch, std::vector<WallTime>& found) const {
    if (!schedule_) return 0;
    const WallTime floor = floor_of_schedule().value_or(stretch.begin);
    const WallTime after = std::max(stretch.begin - Seconds(1), floor);
    WallTime through = stretch.end - Seconds(1);
    std::size_t added = 0;
    while (added < kDueTimesShown && after < through) {
      const auto instant = schedule_->latest_in(after, through);
      if (!instant) return 0;
      found.push_back(*instant);
      ++added;
      through = *instant - Seconds(1);
    }
    return after < through ? static_cast<std::size_t>(schedule_->count_in(after, through)) : 0;
  }

  const api::PodCronJob& job_;
  const Result<Schedule>& schedule_;
  std::vector<WallTime> recorded_;  // sorted
};

Knowledge knowledge_of(const api::PodCronJob& job, const DueTime& due, WallTime now) {
  if (due.record) return Knowledge::kRecord;
  if (due.entry) return Knowledge::kHistory;
  if (due.active) return Knowledge::kClaimed;
  if (due.scheduled_time > now) return Knowledge::kFuture;
  const auto& through = job.status.decided_through;
  return through && due.scheduled_time <= *through ? Knowledge::kForgotten : Knowledge::kUndecided;
}

}  // namespace

Result<WhyAnswer> why(const api::PodCronJob& job, const std::vector<api::PodJob>& runs,
                      const Result<Schedule>& schedule,
                      const std::optional<std::vector<Stretch>>& asked, WallTime now) {
  WhyAnswer answer;
  answer.name = fmt::format("{}/{}", job.meta.namespace_, job.meta.name);
  const auto* ready = reconcile::find_condition(job.status, observe::condition::kReady);
  if (ready != nullptr && ready->status == api::ConditionStatus::kFalse) {
    answer.condition = fmt::format("{}: {}", ready->reason, ready->message);
  }
  const auto records = records_of(job, runs);
  const Collector collector(job, records, schedule);
  std::vector<WallTime> times;
  if (asked) {
    times = collector.in(*asked, answer.earlier);
  } else if (const auto latest = collector.latest(now)) {
    times.push_back(*latest);
  }
  if (times.empty()) {
    const std::string why_none =
        asked ? "no due time then" + collector.nearest(*asked) : "nothing was due yet";
    return fail(ErrorCode::kNotFound, fmt::format("PodCronJob {}: {}", answer.name, why_none));
  }
  for (const WallTime instant : times) {
    DueTime due;
    due.scheduled_time = instant;
    if (const auto record = records.find(instant); record != records.end()) {
      due.record = *record->second;
    }
    if (const auto* entry = entry_of(job.status, instant)) due.entry = *entry;
    if (const auto* active = active_of(job.status, instant)) due.active = *active;
    due.knowledge = knowledge_of(job, due, now);
    answer.times.push_back(std::move(due));
  }
  return answer;
}

}  // namespace podcron::cli
