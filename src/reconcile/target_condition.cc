#include "reconcile/target_condition.h"

#include <algorithm>

#include <fmt/format.h>

#include "observe/reasons.h"
#include "reconcile/choose.h"
#include "strategy/webhook.h"

namespace podcron::reconcile {
namespace {

namespace condition = observe::condition;
using eligibility::Reason;

std::size_t count_of(const eligibility::Assessment& assessment, Reason reason) {
  return static_cast<std::size_t>(assessment.counts[static_cast<std::size_t>(reason)]);
}

/// There are enough pods. Does anything but "the process runs" say that they serve?
TargetCondition available(const api::Target& target, const eligibility::Assessment& assessment) {
  TargetCondition result{true, condition::kEligiblePods, eligibility::describe(assessment)};
  const std::int64_t unproven = assessment.without_readiness_probe;
  if (unproven == 0 || !target.service_name.empty() || target.serving_probe) return result;
  result.reason = condition::kServingUnproven;
  result.message += fmt::format(
      "; {} without a readinessProbe, so that Ready only means started: add one to the container, "
      "or set target.serviceName or target.servingProbe",
      unproven);
  return result;
}

TargetCondition too_few(const api::PodJobTemplateSpec& spec,
                        const eligibility::Assessment& assessment, const strategy::Advice* advice) {
  TargetCondition result{false, condition::kNoEligiblePod, describe_lack(spec, assessment, advice)};
  if (count_of(assessment, Reason::kNotInService) > 0) {
    result.message += fmt::format("; no EndpointSlice of Service {} names a pod that is {}",
                                  spec.target.service_name, to_string(Reason::kNotInService));
  }
  return result;
}

}  // namespace

TargetCondition target_condition(const api::PodCronJob& job, const api::LabelSelector& serving,
                                 const std::string& unlabelled_hint,
                                 const eligibility::Assessment& assessment, bool chosen,
                                 const strategy::Advice* advice) {
  const api::PodJobTemplateSpec& spec = job.spec.job;
  const auto needed = static_cast<std::size_t>(std::max(1, spec.target.min_eligible));
  // A pod that only a run keeps busy serves all the same.
  const std::size_t busy = count_of(assessment, Reason::kPodBusy);
  const bool would_choose = chosen || (strategy::asks_service(spec.strategy) && advice == nullptr);
  const bool strategy_lacks_one =
      enough(spec, assessment) && !would_choose && (busy == 0 || advice != nullptr);
  if (assessment.eligible.size() + busy >= needed && !strategy_lacks_one) {
    return available(spec.target, assessment);
  }
  if (assessment.matched > 0) return too_few(spec, assessment, advice);
  if (!unlabelled_hint.empty()) {
    return {false, condition::kNotLabelledServing, unlabelled_hint, true};
  }
  return {false, condition::kNoPodsMatch,
          fmt::format("no pod in namespace {} matches spec.podJobTemplate.spec.target and {}",
                      job.meta.namespace_, serving.to_query()),
          true};
}

}  // namespace podcron::reconcile
