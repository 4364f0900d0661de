// All: every eligible pod.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_all(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
