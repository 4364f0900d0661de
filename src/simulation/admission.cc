#include "simulation/admission.h"

#include "base/time.h"

namespace podcron::simulation {
namespace {

constexpr std::size_t kPodCronJobNameCharsMax = 46;

bool is_final(std::string_view phase) {
  return phase == "Succeeded" || phase == "Failed" || phase == "Unknown";
}

std::optional<Refusal> judge_pod_cron_job(const Json* before, const Json& after) {
  if (text_in(after, "metadata", "name").size() > kPodCronJobNameCharsMax) {
    return Refusal{"<root>", "metadata.name must be at most 46 characters"};
  }
  if (before == nullptr) return std::nullopt;
  const std::string old_mark = text_in(*before, "status", "decidedThrough");
  const std::string new_mark = text_in(after, "status", "decidedThrough");
  if (old_mark.empty()) return std::nullopt;
  const auto old_time = parse_rfc3339(old_mark);
  const auto new_time = parse_rfc3339(new_mark);
  if (old_time && (!new_time || *new_time < *old_time)) {
    return Refusal{"<root>", "Invalid value: status.decidedThrough must not go back"};
  }
  return std::nullopt;
}

std::optional<Refusal> judge_pod_job(const Json* before, const Json& after) {
  if (before == nullptr) return std::nullopt;
  const Json* old_spec = find_in(*before, "spec");
  const Json* new_spec = find_in(after, "spec");
  if ((old_spec == nullptr) != (new_spec == nullptr) ||
      (old_spec != nullptr && *old_spec != *new_spec)) {
    return Refusal{"spec", "Invalid value: spec is immutable"};
  }
  const std::string old_phase = text_in(*before, "status", "phase");
  if (is_final(old_phase) && text_in(after, "status", "phase") != old_phase) {
    return Refusal{"<root>", "Invalid value: status.phase must not change after the run has ended"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> judge_transition(Resource resource, const Json* before, const Json& after) {
  if (resource == Resource::kPodCronJobs) return judge_pod_cron_job(before, after);
  if (resource == Resource::kPodJobs) return judge_pod_job(before, after);
  return std::nullopt;
}

}  // namespace podcron::simulation
