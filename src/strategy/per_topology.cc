#include "strategy/per_topology.h"

#include <algorithm>

#include "base/prng.h"

namespace podcron::strategy {

// The end of `out` is working memory, laid out as
//   node_of   the node of each pod
//   left      of each node, how many pods it has; once it has drawn, how many come before the drawn
// and then come the results. A node draws when its first pod is met, in name order: its number
// depends on which pod came first and may decide nothing.
void choose_per_topology(const Question& question, std::vector<std::uint32_t>& out) {
  constexpr std::uint32_t kDrawn = 1U << 31;
  const Candidates& candidates = question.candidates;
  const std::size_t first = out.size();
  const std::size_t pods = candidates.size();
  const std::size_t nodes = candidates.node_limit();
  out.resize(first + pods + nodes + std::min(pods, nodes) + 1);
  std::uint32_t* const node_of = out.data() + first;
  std::uint32_t* const left = node_of + pods;
  std::uint32_t* const results = left + nodes;
  for (std::size_t i = 0; i < pods; ++i) {
    candidates.look_ahead(i);
    node_of[i] = candidates.node(i);
    ++left[node_of[i]];
  }
  Prng prng(question.seed());
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < pods; ++i) {
    std::uint32_t& before = left[node_of[i]];
    if ((before & kDrawn) == 0) before = kDrawn | static_cast<std::uint32_t>(prng.below(before));
    // Written at any rate and kept if it is the drawn one: cheaper than a branch that nobody can
    // foretell. After the drawn one the rest wraps around to numbers that are never reached.
    results[chosen] = static_cast<std::uint32_t>(i);
    if (before == kDrawn) ++chosen;
    --before;
    before |= kDrawn;
  }
  out.resize(first + pods + nodes + chosen);
  const auto begin = out.begin() + static_cast<std::ptrdiff_t>(first);
  out.erase(begin, begin + static_cast<std::ptrdiff_t>(pods + nodes));
}

}  // namespace podcron::strategy
