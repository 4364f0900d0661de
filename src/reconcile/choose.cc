#include "reconcile/choose.h"

#include <algorithm>

#include "strategy/strategy.h"

namespace podcron::reconcile {

bool enough(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment) {
  return assessment.eligible.size() >=
         static_cast<std::size_t>(std::max(1, spec.target.min_eligible));
}

std::vector<api::TargetRef> choose_targets(const store::PodStore& pods, const api::Target& target,
                                           const api::StrategySpec& strategy,
                                           const eligibility::Assessment& assessment,
                                           std::uint64_t seed) {
  const strategy::Row* row = strategy::find(strategy.type);
  if (row == nullptr) return {};
  std::vector<std::uint32_t> chosen;
  row->choose(strategy, assessment.eligible.size(), seed, chosen);
  if (chosen.size() > api::kTargetsMax) chosen.resize(api::kTargetsMax);
  std::vector<api::TargetRef> targets;
  targets.reserve(chosen.size());
  for (const std::uint32_t index : chosen) {
    targets.push_back(target_ref(pods, target, assessment.eligible[index]));
  }
  return targets;
}

api::TargetRef target_ref(const store::PodStore& pods, const api::Target& target,
                          store::PodHandle handle) {
  const api::Pod pod = pods.expand(handle);
  api::TargetRef ref{pod.meta.name, pod.meta.uid, pod.node_name,
                     std::string(eligibility::target_container(pods, target, handle)), ""};
  for (const api::ContainerStatus& status : pod.statuses) {
    if (status.name == ref.container) ref.container_id = status.container_id;
  }
  return ref;
}

api::EligibilitySummary summarise(const eligibility::Assessment& assessment) {
  api::EligibilitySummary summary{
      assessment.matched, static_cast<std::int64_t>(assessment.eligible.size()), {}};
  for (std::size_t i = 1; i < assessment.counts.size(); ++i) {
    if (assessment.counts[i] > 0) {
      summary.reasons.emplace_back(to_string(static_cast<eligibility::Reason>(i)),
                                   assessment.counts[i]);
    }
  }
  std::sort(summary.reasons.begin(), summary.reasons.end());
  return summary;
}

}  // namespace podcron::reconcile
