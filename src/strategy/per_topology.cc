#include "strategy/per_topology.h"

#include <algorithm>

#include "api/cluster_node.h"
#include "base/prng.h"

namespace podcron::strategy {
namespace {

using store::NodeStore;

bool is_by_name(const api::StrategySpec& spec) {
  return spec.topology_key.empty() || spec.topology_key == api::kHostnameLabel;
}

/// Writes the place of each pod: the number of its node, or of what its node's label says, which is
/// looked up once for each node.
void locate(const Question& question, const NodeStore* labels, std::uint32_t* place_of_node,
            std::uint32_t* place_of) {
  constexpr NodeStore::Place kUnasked = NodeStore::kNowhere - 1;
  const Candidates& candidates = question.candidates;
  if (labels != nullptr) std::fill_n(place_of_node, candidates.node_limit(), kUnasked);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates.look_ahead(i);
    const std::uint32_t node = candidates.node(i);
    if (labels == nullptr) {
      place_of[i] = node;
      continue;
    }
    NodeStore::Place& place = place_of_node[node];
    if (place == kUnasked) {
      place = labels->place(candidates.node_name(i), question.spec.topology_key);
    }
    place_of[i] = place;
  }
}

}  // namespace

bool asks_for_nodes(const api::StrategySpec& spec) {
  return spec.type == "PerTopology" && !is_by_name(spec);
}

// The end of `out` is working memory, laid out as
//   place_of       the place of each pod
//   left           of each place, how many pods it has; once it has drawn, how many come before the
//                  drawn
//   place_of_node  with a label: the place of each node
// and then come the results. A place draws when its first pod is met, in name order: its number
// depends on which pod came first and may decide nothing.
void choose_per_topology(const Question& question, std::vector<std::uint32_t>& out) {
  constexpr std::uint32_t kDrawn = 1U << 31;
  const Candidates& candidates = question.candidates;
  const NodeStore* const labels = is_by_name(question.spec) ? nullptr : question.occasion.nodes;
  if (labels == nullptr && !is_by_name(question.spec)) return;
  const std::size_t first = out.size();
  const std::size_t pods = candidates.size();
  const std::size_t nodes = labels == nullptr ? 0 : candidates.node_limit();
  const std::size_t places = labels == nullptr ? candidates.node_limit() : labels->place_limit();
  const std::size_t working = pods + places + nodes;
  out.resize(first + working + std::min(pods, places) + 1);
  std::uint32_t* const place_of = out.data() + first;
  std::uint32_t* const left = place_of + pods;
  std::uint32_t* const results = left + places + nodes;
  locate(question, labels, left + places, place_of);
  for (std::size_t i = 0; i < pods; ++i) {
    if (place_of[i] != NodeStore::kNowhere) ++left[place_of[i]];
  }
  Prng prng(question.seed());
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < pods; ++i) {
    if (place_of[i] == NodeStore::kNowhere) continue;
    std::uint32_t& before = left[place_of[i]];
    if ((before & kDrawn) == 0) before = kDrawn | static_cast<std::uint32_t>(prng.below(before));
    // Written at any rate and kept if it is the drawn one: cheaper than a branch that nobody can
    // foretell. After the drawn one the rest wraps around to numbers that are never reached.
    results[chosen] = static_cast<std::uint32_t>(i);
    if (before == kDrawn) ++chosen;
    --before;
    before |= kDrawn;
  }
  out.resize(first + working + chosen);
  const auto begin = out.begin() + static_cast<std::ptrdiff_t>(first);
  out.erase(begin, begin + static_cast<std::ptrdiff_t>(working));
}

bool in_same_place(const api::StrategySpec& spec, const Occasion& occasion, std::string_view node,
                   std::string_view other) {
  if (is_by_name(spec)) return node == other;
  if (occasion.nodes == nullptr) return false;
  const NodeStore::Place place = occasion.nodes->place(node, spec.topology_key);
  return place != NodeStore::kNowhere && place == occasion.nodes->place(other, spec.topology_key);
}

}  // namespace podcron::strategy
