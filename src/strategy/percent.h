// Percent: that share of the eligible pods, rounded down but at least one, and no more than a run
// can have (kTargetsMax); uniformly, without replacement.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_percent(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
