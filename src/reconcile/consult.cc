#include "reconcile/consult.h"

#include <fmt/format.h>

#include "reconcile/choose.h"

namespace podcron::reconcile {

bool must_consult(const api::PodJobTemplateSpec& spec, const eligibility::Assessment& assessment,
                  const Consultation& known) {
  return strategy::asks_service(spec.strategy) && known.advice == nullptr &&
         enough(spec, assessment);
}

std::string unknown_service(const api::StrategySpec& spec,
                            const std::map<std::string, Millis>& registered) {
  if (!strategy::asks_service(spec) || registered.contains(spec.webhook.name)) return "";
  std::string names;
  for (const auto& [name, wait] : registered) names += (names.empty() ? "" : ", ") + name;
  return fmt::format(
      "no strategy service \"{}\" is registered with the controller (--strategy-services: {}); "
      "nothing is decided until it is",
      spec.webhook.name, names.empty() ? "none" : names);
}

}  // namespace podcron::reconcile
