#include "reconcile/harm.h"

#include <fmt/format.h>

namespace podcron::reconcile {

std::string harm_of(const api::ContainerFate& fate, const api::TargetRef& target) {
  if (fate.pod != target.pod_uid || fate.leaving || !fate.found || target.container_id.empty()) {
    return "";
  }
  const bool same = fate.container_id == target.container_id;
  if (same && fate.running) return "";
  // Ours is the last one that ended, unless others have come and gone since.
  const bool told = fate.end && (same || fate.end->container_id == target.container_id);
  if (!told) return fmt::format("container {} was restarted during the run", target.container);
  return fmt::format("container {} ended with exit code {}{} during the run", target.container,
                     fate.end->exit_code,
                     fate.end->reason.empty() ? "" : " (" + fate.end->reason + ")");
}

void note_harm(api::PodCronJobStatus& status, std::int64_t generation, HarmFact fact) {
  auto& harm = status.target_harm;
  if (fact == HarmFact::kNothing || is_harmful(status, generation)) return;
  // The late end of a run under an older spec says nothing about the present one.
  if (harm && harm->generation > generation) return;
  if (fact == HarmFact::kUnharmed) {
    harm.reset();
  } else if (harm && harm->generation == generation) {
    ++harm->runs;
  } else {
    harm = api::TargetHarm{generation, 1};
  }
}

bool is_harmful(const api::PodCronJobStatus& status, std::int64_t generation) {
  return status.target_harm && status.target_harm->generation == generation &&
         status.target_harm->runs >= kHarmsMax;
}

}  // namespace podcron::reconcile
