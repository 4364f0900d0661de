// Condition TargetsAvailable: are there pods, what do the others lack, and does anything prove that
// they serve? The message is meant to be enough to mend it.
#pragma once

#include <string>
#include <string_view>

#include "api/label_selector.h"
#include "api/pod_cron_job.h"
#include "eligibility/eligibility.h"
#include "strategy/strategy.h"

namespace podcron::reconcile {

struct TargetCondition {
  bool available = false;
  std::string_view reason;  // observe::condition
  std::string message;
  bool nothing_matches = false;  // no pod passes rules 1 and 2
};

/// `unlabelled_hint` is a label probe's finding, or empty. `chosen`: the strategy found a target
/// among the eligible pods, with this advice if it is Webhook. Without advice nothing is known
/// of its choice, and enough pods will do.
TargetCondition target_condition(const api::PodCronJob& job, const api::LabelSelector& serving,
                                 const std::string& unlabelled_hint,
                                 const eligibility::Assessment& assessment, bool chosen,
                                 const strategy::Advice* advice = nullptr);

}  // namespace podcron::reconcile
