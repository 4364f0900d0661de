// What an invariant reads of PodCronJobs and PodJobs, straight from the JSON at the API server.
//
// On purpose not through src/api: a mistake of the codec must not hide in the checker as well.
// For the same reason due times are counted here, for the few schedules that simulations use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "simulation/json.h"

namespace podcron::simulation {

struct ObservedView {
  std::string schedule;
  bool suspend = false;
  WallTime since;
  friend bool operator==(const ObservedView&, const ObservedView&) = default;
};

struct ActiveView {
  std::string name;
  WallTime scheduled_time;
  std::string holder;
  std::string state;
  std::string pod_job_uid;  // of a run made by hand
};

struct HistoryView {
  WallTime from;
  WallTime to;
  std::int64_t count = 0;
  std::string outcome;
  std::string reason;
  std::string pod_job;
};

struct ScheduleStatusView {
  std::optional<WallTime> decided_through;
  std::optional<ObservedView> observed;
  std::vector<ActiveView> active;
  std::vector<HistoryView> history;

  [[nodiscard]] bool lists(std::string_view run) const;
  [[nodiscard]] std::int64_t history_sum() const;
};

ScheduleStatusView read_schedule_status(const Json& pod_cron_job);

/// Seconds between two due times of "*/N * * * * *", "*/N * * * *" or "* * * * *", which divide the
/// hour; every multiple since the Unix epoch is due. nullopt: not one of them.
std::optional<Seconds> beat_of(std::string_view schedule);

/// How many multiples of `beat` lie in (after, through].
std::int64_t count_due(Seconds beat, WallTime after, WallTime through);

/// The time at `path` of `json`, when there is one that can be read.
template <class... Keys>
std::optional<WallTime> time_in(const Json& json, Keys... keys) {
  const auto parsed = parse_rfc3339(text_in(json, keys...));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

bool is_final_phase(std::string_view phase);

}  // namespace podcron::simulation
