#include "strategy/per_topology.h"

#include <limits>

#include "base/hash.h"

namespace podcron::strategy {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// The end of `out` as a table by node: the drawn pod, and the lot that it drew. Pods draw lots
/// instead of being counted, so that one pass is enough.
class Lots {
 public:
  Lots(std::size_t nodes, std::vector<std::uint32_t>& out) : first_(out.size()), out_(out) {
    out_.resize(first_ + 2 * nodes, kNone);
  }
  void draw(std::uint32_t node, std::uint32_t pod, std::uint32_t lot) {
    std::uint32_t& drawn = out_[first_ + 2 * std::size_t{node}];
    std::uint32_t& lowest = out_[first_ + 2 * std::size_t{node} + 1];
    if (drawn != kNone && lot >= lowest) return;
    drawn = pod;
    lowest = lot;
  }
  [[nodiscard]] bool drew(std::uint32_t node, std::uint32_t pod) const {
    return out_[first_ + 2 * std::size_t{node}] == pod;
  }
  /// Leaves what was appended after the table.
  void erase(std::size_t nodes) {
    const auto begin = out_.begin() + static_cast<std::ptrdiff_t>(first_);
    out_.erase(begin, begin + static_cast<std::ptrdiff_t>(2 * nodes));
  }

 private:
  std::size_t first_;
  std::vector<std::uint32_t>& out_;
};

}  // namespace

void choose_per_topology(const Question& question, std::vector<std::uint32_t>& out) {
  const Candidates& candidates = question.candidates;
  const std::uint64_t seed = question.seed();
  const std::size_t nodes = candidates.node_limit();
  const auto count = static_cast<std::uint32_t>(candidates.size());
  Lots lots(nodes, out);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Uid& pod = candidates.uid(i);
    const std::uint64_t lot = hash_combine(hash_combine(seed, pod.high), pod.low);
    lots.draw(candidates.node(i), i, static_cast<std::uint32_t>(lot >> 32));
  }
  // In name order, because the nodes' numbers mean nothing.
  for (std::uint32_t i = 0; i < count; ++i) {
    if (lots.drew(candidates.node(i), i) && !candidates.node_name(i).empty()) out.push_back(i);
  }
  lots.erase(nodes);
}

}  // namespace podcron::strategy
