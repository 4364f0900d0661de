// LeastRecent: the pod that this PodCronJob has not used for longest. Of those that it never used,
// or has forgotten, the next by name after the last one used: so pods that are more than the state
// has entries still take turns.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_least_recent(const Question& question, std::vector<std::uint32_t>& out);

/// The latest use of each of the kStrategyStateMax pods that were used last.
api::StringMap remember_least_recent(const Occasion& occasion, std::string_view chosen,
                                     std::span<const api::ActiveRun> active);

}  // namespace podcron::strategy
