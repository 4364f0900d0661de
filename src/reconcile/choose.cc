#include "reconcile/choose.h"

#include <algorithm>

#include <fmt/format.h>

namespace podcron::reconcile {

bool enough(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment) {
  return assessment.eligible.size() >=
         static_cast<std::size_t>(std::max(1, spec.target.min_eligible));
}

std::vector<api::TargetRef> choose_targets(const store::PodStore& pods,
                                           const api::PodJobTemplateSpec& spec,
                                           const eligibility::Assessment& assessment,
                                           const strategy::Occasion& occasion) {
  const strategy::Row* row = strategy::find(spec.strategy.type);
  if (row == nullptr || !enough(spec, assessment)) return {};
  const strategy::Candidates candidates(pods, assessment.eligible);
  std::vector<std::uint32_t> chosen;
  row->choose({spec.strategy, candidates, occasion}, chosen);
  if (chosen.size() > api::kTargetsMax) chosen.resize(api::kTargetsMax);
  std::vector<api::TargetRef> targets;
  targets.reserve(chosen.size());
  for (const std::uint32_t index : chosen) {
    targets.push_back(target_ref(pods, spec.target, assessment.eligible[index]));
  }
  return targets;
}

std::optional<api::TargetRef> choose_again(const store::PodStore& pods,
                                           const api::PodJobTemplateSpec& spec,
                                           const eligibility::Assessment& assessment,
                                           const strategy::Occasion& occasion,
                                           const api::TargetRef& replaced) {
  const strategy::Row* row = strategy::find(spec.strategy.type);
  if (row == nullptr) return std::nullopt;
  std::vector<store::PodHandle> eligible = assessment.eligible;
  if (row->may_replace != nullptr) {
    std::erase_if(eligible, [&](store::PodHandle pod) {
      return !row->may_replace(spec.strategy, occasion, pods.node_name(pod), replaced.node_name);
    });
  }
  std::vector<std::uint32_t> chosen;
  const strategy::Candidates candidates(pods, eligible);
  row->choose_again({spec.strategy, candidates, occasion}, chosen);
  if (chosen.empty()) return std::nullopt;
  return target_ref(pods, spec.target, eligible[chosen.front()]);
}

std::string describe_lack(const api::PodJobTemplateSpec& spec,
                          const eligibility::Assessment& assessment,
                          const strategy::Advice* advice) {
  const std::string eligible = eligibility::describe(assessment);
  if (enough(spec, assessment)) return eligible + "; " + strategy::why_none(spec.strategy, advice);
  if (spec.target.min_eligible <= 1) return eligible;
  return fmt::format("{}; minEligible is {}", eligible, spec.target.min_eligible);
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
