// Which pods a run gets: what the rules leave, what the strategy draws of it, as targets. Shared by
// the first claim, by who takes a claim over and by who draws again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/pod_job.h"
#include "api/pod_job_spec.h"
#include "eligibility/eligibility.h"
#include "store/pod_store.h"
#include "strategy/strategy.h"

namespace podcron::reconcile {

/// Enough pods for a run to start: `minEligible`, and never fewer than one.
bool enough(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment);

/// The chosen ones, in name order, at most kTargetsMax. Empty: there are not enough pods, the
/// strategy wants none of them, or it is not of this build.
std::vector<api::TargetRef> choose_targets(const store::PodStore& pods,
                                           const api::PodJobTemplateSpec& spec,
                                           const eligibility::Assessment& assessment,
                                           const strategy::Occasion& occasion);

/// Another pod for a target that certainly did not start in `replaced`. The assessment must leave
/// out all that the run has tried. nullopt: none is left.
std::optional<api::TargetRef> choose_again(const store::PodStore& pods,
                                           const api::PodJobTemplateSpec& spec,
                                           const eligibility::Assessment& assessment,
                                           const strategy::Occasion& occasion,
                                           const api::TargetRef& replaced);

/// "1 of 1 pods eligible; minEligible is 2": why choose_targets gave nothing.
std::string describe_lack(const api::PodJobTemplateSpec& spec,
                          const eligibility::Assessment& assessment,
                          const strategy::Advice* advice = nullptr);

/// A pod as a target, as it is in the store now.
api::TargetRef target_ref(const store::PodStore& pods, const api::Target& target,
                          store::PodHandle pod);

/// Counts by reason, in the order of their names, of an assessment.
api::EligibilitySummary summarise(const eligibility::Assessment& assessment);

}  // namespace podcron::reconcile
