// PerTopology: one pod of each place, each of a place's pods being equally likely. With
// `topologyKey: kubernetes.io/hostname` a place is a node, known by its name; with any other key it
// is a value of that label of the Nodes. Pods on Nodes without the label are in no place: as in
// topologySpreadConstraints, nothing is chosen there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

/// Whether it must know the labels of Nodes.
bool asks_for_nodes(const api::StrategySpec& spec);

void choose_per_topology(const Question& question, std::vector<std::uint32_t>& out);

/// Whether a pod on `node` may take the place of one on `other`.
bool in_same_place(const api::StrategySpec& spec, const Occasion& occasion, std::string_view node,
                   std::string_view other);

}  // namespace podcron::strategy
