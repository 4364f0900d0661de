// Nodes by name, as PerTopology asks for them: which place a node is in.
//
// Nodes write their status all the time and change their labels hardly ever, so only the labels are
// kept, every word once: some 8 bytes for each label of each node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/cluster_node.h"
#include "store/interner.h"

namespace podcron::store {

class NodeStore {
 public:
  /// A value of a label, as a number: equal for equal values, and below place_limit().
  using Place = std::uint32_t;
  static constexpr Place kNowhere = std::numeric_limits<Place>::max();

  /// Whether its labels are others now. What is older than what is known is only marked.
  bool apply(const api::ClusterNode& node, std::uint32_t epoch);
  bool erase(const api::ClusterNode& node);
  /// Removes what is not marked with `epoch`. Whether there was any.
  bool sweep(std::uint32_t epoch);

  /// What the node's label `key` says; kNowhere: there is no such node or label. Which number it is
  /// follows from the order in which nodes came, so nothing may be ordered by it.
  /// Cost: logarithmic in the nodes; no allocation.
  [[nodiscard]] Place place(std::string_view node, std::string_view key) const;
  [[nodiscard]] std::size_t place_limit() const { return words_.id_limit(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  using Word = Interner<std::string>::Id;
  struct Row {
    std::vector<std::pair<Word, Word>> labels;  // key and value
    std::uint64_t resource_version = 0;
    std::uint32_t epoch = 0;
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  Word acquire(std::string_view word);
  void release(const Row& row);

  Interner<std::string> words_;
  Rows rows_;
};

}  // namespace podcron::store
