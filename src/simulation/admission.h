// What the API server refuses about podcron's own kinds: the transition rules of crds/.
//
// The simulator repeats them by hand, because it has no CEL. Source: the contract's sections 2 and
// 7.1; crds/podcronjobs.yaml and crds/podjobs.yaml.
#pragma once

#include <optional>
#include <string>

#include "simulation/json.h"
#include "simulation/resource.h"

namespace podcron::simulation {

struct Refusal {
  std::string field;
  std::string message;
};

/// `before` is null for a create. nullopt: allowed.
std::optional<Refusal> judge_transition(Resource resource, const Json* before, const Json& after);

}  // namespace podcron::simulation
