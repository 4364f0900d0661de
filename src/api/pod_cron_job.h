// PodCronJob: the schedule, the template and the ledger of every due time.
//
// Source: the contract's sections 2, 3 and 7; wire shape: crds/podcronjobs.yaml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/object_meta.h"
#include "api/pod_job_spec.h"

namespace podcron::api {

enum class CatchUpPolicy : std::uint8_t { kNone, kLatest, kAll };
enum class ConcurrencyPolicy : std::uint8_t { kAllow, kForbid, kReplace, kQueue };

struct PodCronJobSpec {
  std::string schedule;
  std::string time_zone = "UTC";
  std::string daylight_saving = "Once";
  std::optional<std::int64_t> starting_deadline_seconds;
  CatchUpPolicy catch_up_policy = CatchUpPolicy::kLatest;
  std::int32_t catch_up_limit = 10;
  ConcurrencyPolicy concurrency_policy = ConcurrencyPolicy::kForbid;
  std::int32_t spread_seconds = 0;
  bool suspend = false;
  std::int32_t successful_jobs_history_limit = 3;
  std::int32_t failed_jobs_history_limit = 1;
  StringMap template_labels;
  StringMap template_annotations;
  PodJobTemplateSpec job;
  /// podJobTemplate.spec as compact JSON, copied into every PodJob so that no field is lost there.
  std::string job_json;
  /// As PodJobTemplateSpec::not_implemented, from `spec` on: "spec.podJobTemplate.spec.http".
  std::string not_implemented;
  friend bool operator==(const PodCronJobSpec&, const PodCronJobSpec&) = default;
};

/// Active: claimed, perhaps running. Ending: being replaced. Unknown: contact lost, still counted.
enum class ActiveState : std::uint8_t { kActive, kEnding, kUnknown };

struct ActiveRun {
  std::string name;         // of the PodJob
  WallTime scheduled_time;  // of a run made by hand, when it was made
  std::string holder;
  std::int32_t attempt = 1;
  ActiveState state = ActiveState::kActive;
  /// Of a run made by hand; empty for a scheduled one, whose name says which it is.
  Uid pod_job_uid{};
  friend bool operator==(const ActiveRun&, const ActiveRun&) = default;
};

enum class Outcome : std::uint8_t { kSucceeded, kFailed, kUnknown, kSkipped, kMissed };

/// One due time (`from` == `to`, count 1) or a range of equal neighbours.
struct HistoryEntry {
  WallTime from;
  WallTime to;
  std::int64_t count = 1;
  Outcome outcome = Outcome::kSucceeded;
  std::string reason;
  std::string pod_job;  // of a single run; empty for ranges, skips and misses
  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

/// What the times up to `decided_through` were decided under.
struct ObservedSchedule {
  std::string schedule;
  std::string time_zone;
  std::string daylight_saving;
  std::int32_t spread_seconds = 0;
  /// Which switch held runs back, as the reason of the times it skips; empty: none did.
  std::string suspend_reason;
  WallTime since;
  friend bool operator==(const ObservedSchedule&, const ObservedSchedule&) = default;
};

enum class ConditionStatus : std::uint8_t { kFalse, kTrue, kUnknown };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
  WallTime last_transition_time;
  std::int64_t observed_generation = 0;
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// How many runs in a row, under this generation of the spec, ended TargetHarmed.
struct TargetHarm {
  std::int64_t generation = 0;
  std::int32_t runs = 0;
  friend bool operator==(const TargetHarm&, const TargetHarm&) = default;
};

inline constexpr std::size_t kHistoryEntriesMax = 10;
inline constexpr std::size_t kActiveRunsMax = 100;
inline constexpr std::size_t kStrategyStateMax = 64;

struct PodCronJobStatus {
  std::optional<WallTime> decided_through;
  std::optional<ObservedSchedule> observed_schedule;
  std::optional<WallTime> last_schedule_time;
  std::optional<WallTime> last_successful_time;
  std::optional<WallTime> last_failure_time;
  std::optional<WallTime> next_schedule_time;
  std::vector<ActiveRun> active;
  std::vector<HistoryEntry> history;  // by `from`, oldest first
  StringMap strategy_state;           // what the strategy must remember; its own keys
  std::optional<TargetHarm> target_harm;
  std::vector<Condition> conditions;  // by type
  std::int64_t observed_generation = 0;
  friend bool operator==(const PodCronJobStatus&, const PodCronJobStatus&) = default;
};

struct PodCronJob {
  ObjectMeta meta;
  PodCronJobSpec spec;
  PodCronJobStatus status;
  friend bool operator==(const PodCronJob&, const PodCronJob&) = default;
};

}  // namespace podcron::api
