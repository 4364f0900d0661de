// Which pods a run gets: what the rules leave, what the strategy draws of it, as targets. Shared by
// the first claim, by who takes a claim over and by who draws again.
#pragma once

#include <cstdint>
#include <vector>

#include "api/pod_job.h"
#include "api/pod_job_spec.h"
#include "eligibility/eligibility.h"
#include "store/pod_store.h"

namespace podcron::reconcile {

/// Enough pods for a run to start: `minEligible`, and never fewer than one.
bool enough(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment);

/// The chosen ones, in the order of their drawing, at most kTargetsMax; `seed` is of
/// strategy::seed_of. Empty: the strategy is not of this build, or nothing is eligible.
std::vector<api::TargetRef> choose_targets(const store::PodStore& pods, const api::Target& target,
                                           const api::StrategySpec& strategy,
                                           const eligibility::Assessment& assessment,
                                           std::uint64_t seed);

/// A pod as a target, as it is in the store now.
api::TargetRef target_ref(const store::PodStore& pods, const api::Target& target,
                          store::PodHandle pod);

/// Counts by reason, in the order of their names, of an assessment.
api::EligibilitySummary summarise(const eligibility::Assessment& assessment);

}  // namespace podcron::reconcile
