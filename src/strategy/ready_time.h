// Oldest and Newest: by the time the pod became Ready. Times are whole seconds: of equal ones, and
// of pods whose time is not known, the first by name. A pod without a time comes after those with
// one in both orders.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_oldest(const Question& question, std::vector<std::uint32_t>& out);
void choose_newest(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
