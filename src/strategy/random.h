// Random: `count` pods, uniformly, without replacement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_random(const Question& question, std::vector<std::uint32_t>& out);

/// Random with a count of 1, whatever the parameters say.
void choose_one_at_random(const Question& question, std::vector<std::uint32_t>& out);

/// Appends `wanted` indices below `eligible`, or all if there are fewer, in ascending order.
/// Cost: O(wanted) up to 64, else O(eligible).
void sample(std::size_t wanted, std::size_t eligible, std::uint64_t seed,
            std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
