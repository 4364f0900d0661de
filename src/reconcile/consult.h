// Before a strategy that asks a service: what has been asked and answered about one due time, and
// what has to be asked now.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/pod_job_spec.h"
#include "base/time.h"
#include "eligibility/eligibility.h"
#include "store/pod_row.h"
#include "strategy/webhook.h"

namespace podcron::reconcile {

/// What is known of the question about one due time.
struct Consultation {
  bool asked = false;                        // or waits for its turn to be asked
  const strategy::Advice* advice = nullptr;  // once there is an answer, or none will come
};

/// A question that has to be asked; its due time waits meanwhile and is not claimed.
struct Inquiry {
  WallTime scheduled_time;
  std::vector<store::PodHandle> eligible;  // in name order
  std::optional<WallTime> until{};         // when an answer comes too late; nullopt: not known
};

/// Whether the choice has to wait for an answer: the strategy asks a service, there are pods enough
/// to choose among, and nothing was answered yet.
bool must_consult(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment,
                  const Consultation& known);

/// Why nothing can be decided: the service is not among the `registered` ones (by name, with the
/// longest wait for each). Empty: it is, or none is asked.
std::string unknown_service(const api::StrategySpec& spec,
                            const std::map<std::string, Millis>& registered);

}  // namespace podcron::reconcile
