// PerTopology: one pod per node (`topologyKey: kubernetes.io/hostname`), each of a node's pods
// being equally likely. A node is known by its name.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_per_topology(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
