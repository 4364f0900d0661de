#include <algorithm>

#include "api/codec.h"
#include "api/json_writer.h"
#include "api/words.h"

namespace podcron::api {
namespace {

// Bounds of crds/podjobs.yaml for text whose length others decide.
constexpr std::size_t kMessageBytesMax = 32 * 1024;
constexpr std::size_t kTargetMessageBytesMax = 4096;
constexpr std::size_t kReasonBytesMax = 128;
constexpr std::size_t kOutputBytesMax = 8192;

void write_string_map(JsonWriter& json, const StringMap& map) {
  for (const auto& [key, value] : map) {
    // The holder is ours alone: a template that sets it does not get two of the key.
    if (key == kHolderAnnotation) continue;
    json.foreign_key(key);
    json.string(value);
  }
}

void write_metadata(JsonWriter& json, const NewPodJob& job) {
  json.begin_object("metadata");
  json.text("name", job.name);
  json.text("namespace", job.namespace_);
  if (!job.template_labels.empty()) {
    json.begin_object("labels");
    write_string_map(json, job.template_labels);
    json.end_object();
  }
  json.begin_object("annotations");
  write_string_map(json, job.template_annotations);
  json.text(kHolderAnnotation, job.holder);
  json.end_object();
  json.begin_array("finalizers");
  json.string(kRecordFinalizer);
  json.end_array();
  json.begin_array("ownerReferences");
  json.begin_object();
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.text("kind", job.owner.kind);
  json.text("name", job.owner.name);
  json.word("uid", job.owner.uid.to_string());
  json.boolean("controller", true);
  json.boolean("blockOwnerDeletion", true);
  json.end_object();
  json.end_array();
  json.end_object();
}

void write_target_ref(JsonWriter& json, const TargetRef& target) {
  json.begin_object();
  json.text("podName", target.pod_name);
  json.word("podUID", target.pod_uid.to_string());
  json.text_if("nodeName", target.node_name);
  json.text_if("container", target.container);
  json.text_if("containerID", target.container_id);
  json.end_object();
}

/// The members of the template without their braces; ours follow, and of a key that stands there
/// twice the API server takes the last.
std::string_view members_of(std::string_view object) {
  if (object.size() < 2 || object.front() != '{' || object.back() != '}') return {};
  return object.substr(1, object.size() - 2);
}

void write_target_status(JsonWriter& json, const TargetStatus& target) {
  json.begin_object();
  json.text("podName", target.pod_name);
  json.text_if("unexpectedReason", target.unexpected);
  if (!target.pod_uid.empty()) json.word("podUID", target.pod_uid.to_string());
  json.text_if("container", target.container);
  json.number("attempt", target.attempt);
  json.word("outcome", word_of(kTargetOutcomeWords, target.outcome));
  json.text_if("reason", clip_utf8(target.reason, kReasonBytesMax));
  json.text_if("message", clip_utf8(target.message, kTargetMessageBytesMax));
  if (target.exit_code) json.number("exitCode", *target.exit_code);
  if (target.http_status) json.number("httpStatus", *target.http_status);
  json.text_if("took", target.took);
  json.text_if("output", clip_utf8(target.output, kOutputBytesMax));
  json.end_object();
}

void write_eligibility(JsonWriter& json, const EligibilitySummary& summary) {
  json.begin_object("eligibility");
  json.number("matched", summary.matched);
  json.number("eligible", summary.eligible);
  json.begin_object("reasons");
  for (const auto& [reason, count] : summary.reasons) {
    json.foreign_key(reason);
    // A merge patch keeps what it does not name, so a reason that is gone is named with null.
    count == 0 ? json.raw("null") : json.number(count);
  }
  json.end_object();
  json.end_object();
}

void write_condition(JsonWriter& json, std::string_view type, const PodJobStatus& status,
                     WallTime now) {
  const auto phase = word_of(kPodJobPhaseWords, status.phase);
  json.begin_object();
  json.word("type", type);
  json.word("status", "True");
  json.time("lastTransitionTime", now);
  json.text("reason", status.reason.empty() ? phase : clip_utf8(status.reason, kReasonBytesMax));
  json.text("message", clip_utf8(status.message, kMessageBytesMax));
  json.end_object();
}

/// Complete or Failed by the phase, and Finished at any end, for `kubectl wait`.
void write_conditions(JsonWriter& json, const PodJobStatus& status, WallTime now) {
  json.begin_array("conditions");
  if (status.phase == PodJobPhase::kSucceeded) write_condition(json, "Complete", status, now);
  if (status.phase == PodJobPhase::kFailed) write_condition(json, "Failed", status, now);
  if (is_final(status.phase)) write_condition(json, "Finished", status, now);
  json.end_array();
}

void write_attempt(JsonWriter& json, const std::vector<TargetStatus>& targets) {
  const auto latest =
      std::max_element(targets.begin(), targets.end(),
                       [](const auto& a, const auto& b) { return a.attempt < b.attempt; });
  latest == targets.end() ? json.null("attempt") : json.number("attempt", latest->attempt);
}

}  // namespace

std::string encode_new_pod_job(const NewPodJob& job) {
  JsonWriter json(1024 + job.job_json.size() + 256 * job.targets.size());
  json.begin_object();
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.word("kind", "PodJob");
  write_metadata(json, job);
  json.begin_object("spec");
  const auto members = members_of(job.job_json);
  if (!members.empty()) json.raw(members);
  json.text("podCronJobName", job.pod_cron_job_name);
  json.number("podCronJobGeneration", job.pod_cron_job_generation);
  json.time("scheduledTime", job.scheduled_time);
  if (job.starting_deadline_seconds) {
    json.number("startingDeadlineSeconds", *job.starting_deadline_seconds);
  }
  json.begin_array("targets");
  for (const auto& target : job.targets) write_target_ref(json, target);
  json.end_array();
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_status_patch(const PodJobStatus& status, std::uint64_t resource_version,
                                WallTime now) {
  JsonWriter json(1024 + 512 * status.targets.size());
  json.begin_object();
  json.begin_object("metadata");
  json.word("resourceVersion", std::to_string(resource_version));
  json.end_object();
  json.begin_object("status");
  json.word("phase", word_of(kPodJobPhaseWords, status.phase));
  json.text_or_null("reason", clip_utf8(status.reason, kReasonBytesMax));
  json.text_or_null("message", clip_utf8(status.message, kMessageBytesMax));
  json.time_or_null("startTime", status.start_time);
  json.time_or_null("completionTime", status.completion_time);
  write_attempt(json, status.targets);
  json.text_or_null("target", status.target);
  status.exit_code ? json.number("exitCode", *status.exit_code) : json.null("exitCode");
  json.text_or_null("late", status.late);
  json.text_or_null("took", status.took);
  json.begin_array("targets");
  for (const auto& target : status.targets) write_target_status(json, target);
  json.end_array();
  status.eligibility ? write_eligibility(json, *status.eligibility) : json.null("eligibility");
  write_conditions(json, status, now);
  json.end_object();
  json.end_object();
  return json.take();
}

}  // namespace podcron::api
