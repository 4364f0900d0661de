// RoundRobin: the next by name after the last one used; without one, the first.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_round_robin(const Question& question, std::vector<std::uint32_t>& out);

/// The last one used, and what unfinished runs drew: whoever takes one of them over draws the same.
api::StringMap remember_round_robin(const Occasion& occasion, std::string_view chosen,
                                    std::span<const api::ActiveRun> active);

}  // namespace podcron::strategy
