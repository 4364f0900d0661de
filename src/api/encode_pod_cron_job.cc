#include <algorithm>

#include "api/codec.h"
#include "api/json_writer.h"
#include "api/words.h"

namespace podcron::api {
namespace {

// Bounds of crds/podcronjobs.yaml for text whose length others decide.
constexpr std::size_t kConditionMessageBytesMax = 32 * 1024;
constexpr std::size_t kReasonBytesMax = 128;

void write_observed_schedule(JsonWriter& json, const ObservedSchedule& observed) {
  json.begin_object("observedSchedule");
  json.text("schedule", observed.schedule);
  json.text("timeZone", observed.time_zone);
  json.text("daylightSaving", observed.daylight_saving);
  json.number("spreadSeconds", observed.spread_seconds);
  json.boolean("suspend", !observed.suspend_reason.empty());
  json.text_or_null("suspendReason", observed.suspend_reason);
  json.time("since", observed.since);
  json.end_object();
}

void write_active(JsonWriter& json, const ActiveRun& run) {
  json.begin_object();
  json.text("name", run.name);
  json.time("scheduledTime", run.scheduled_time);
  json.text("holder", run.holder);
  json.number("attempt", run.attempt);
  json.word("state", word_of(kActiveStateWords, run.state));
  if (!run.pod_job_uid.empty()) json.word("podJobUID", run.pod_job_uid.to_string());
  json.end_object();
}

void write_target_harm(JsonWriter& json, const std::optional<TargetHarm>& harm) {
  if (!harm) return json.null("targetHarm");
  json.begin_object("targetHarm");
  json.number("generation", harm->generation);
  json.number("runs", harm->runs);
  json.end_object();
}

void write_history(JsonWriter& json, const HistoryEntry& entry) {
  json.begin_object();
  json.time("from", entry.from);
  // A single time needs no end and no count.
  if (entry.to != entry.from) json.time("to", entry.to);
  if (entry.count != 1) json.number("count", entry.count);
  json.word("outcome", word_of(kOutcomeWords, entry.outcome));
  json.text_if("reason", clip_utf8(entry.reason, kReasonBytesMax));
  json.text_if("podJob", entry.pod_job);
  json.end_object();
}

/// A merge patch keeps the entries that it does not name, so those that are gone are named with
/// null.
void write_strategy_state(JsonWriter& json, const StringMap& state, const StringMap& before) {
  if (state.empty()) return json.null("strategyState");
  json.begin_object("strategyState");
  for (const auto& [key, value] : state) {
    json.foreign_key(key);
    json.string(value);
  }
  for (const auto& entry : before) {
    const auto kept = std::any_of(state.begin(), state.end(),
                                  [&](const auto& each) { return each.first == entry.first; });
    if (kept) continue;
    json.foreign_key(entry.first);
    json.raw("null");
  }
  json.end_object();
}

void write_condition(JsonWriter& json, const Condition& condition) {
  json.begin_object();
  json.text("type", condition.type);
  json.word("status", word_of(kConditionStatusWords, condition.status));
  json.number("observedGeneration", condition.observed_generation);
  json.time("lastTransitionTime", condition.last_transition_time);
  json.text("reason", condition.reason);
  json.text("message", clip_utf8(condition.message, kConditionMessageBytesMax));
  json.end_object();
}

}  // namespace

std::string encode_status_patch(const PodCronJobStatus& status, const PodCronJob& before) {
  JsonWriter json(1024 + 256 * (status.active.size() + status.history.size()) +
                  512 * status.conditions.size());
  json.begin_object();
  json.begin_object("metadata");
  json.word("resourceVersion", std::to_string(before.meta.resource_version));
  json.end_object();
  json.begin_object("status");
  json.number("observedGeneration", status.observed_generation);
  json.time_or_null("decidedThrough", status.decided_through);
  status.observed_schedule ? write_observed_schedule(json, *status.observed_schedule)
                           : json.null("observedSchedule");
  json.time_or_null("lastScheduleTime", status.last_schedule_time);
  json.time_or_null("lastSuccessfulTime", status.last_successful_time);
  json.time_or_null("lastFailureTime", status.last_failure_time);
  json.time_or_null("nextScheduleTime", status.next_schedule_time);
  json.begin_array("active");
  for (const auto& run : status.active) write_active(json, run);
  json.end_array();
  if (status.target_harm || before.status.target_harm) write_target_harm(json, status.target_harm);
  json.begin_array("history");
  for (const auto& entry : status.history) write_history(json, entry);
  json.end_array();
  write_strategy_state(json, status.strategy_state, before.status.strategy_state);
  json.begin_array("conditions");
  for (const auto& condition : status.conditions) write_condition(json, condition);
  json.end_array();
  json.end_object();
  json.end_object();
  return json.take();
}

}  // namespace podcron::api
