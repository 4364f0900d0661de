// The eligible pods as strategies see them: a view into the store, in name order. Nothing is
// copied, and what a strategy does not ask for is not looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"
#include "base/uid.h"
#include "store/pod_row.h"
#include "store/pod_store.h"

namespace podcron::strategy {

class Candidates {
 public:
  /// `eligible` in name order. Both must outlive the view, and the store must not change meanwhile.
  Candidates(const store::PodStore& pods, std::span<const store::PodHandle> eligible)
      : pods_(&pods), rows_(pods.rows()), eligible_(eligible) {}

  [[nodiscard]] std::size_t size() const { return eligible_.size(); }

  /// For loops over all of them: says that the pod some places after `index` is looked at soon, so
  /// that its cache line is there by then.
  void look_ahead(std::size_t index) const {
    constexpr std::size_t kAhead = 12;
    if (index + kAhead < size()) __builtin_prefetch(&row(index + kAhead));
  }

  // Of the pod at `index`, which must be below size(). O(1).
  [[nodiscard]] std::string_view name(std::size_t index) const { return row(index).name(); }
  [[nodiscard]] const Uid& uid(std::size_t index) const { return row(index).uid; }
  /// Since when it is Ready; `unknown` when the node did not say.
  [[nodiscard]] WallTime ready_since(std::size_t index, WallTime unknown) const {
    const store::PodStore::Row& pod = row(index);
    return pod.has_ready_since ? pod.ready_since : unknown;
  }
  /// A number for its node: equal for pods of one node, and below node_limit(). Which number it is
  /// follows from the order in which pods came, so nothing may be ordered by it.
  [[nodiscard]] std::uint32_t node(std::size_t index) const { return row(index).node; }
  [[nodiscard]] std::size_t node_limit() const { return pods_->node_limit(); }
  [[nodiscard]] std::string_view node_name(std::size_t index) const {
    return pods_->node_name(eligible_[index]);
  }
  /// Whether it is a StatefulSet's pod with this index, which is the number that its name ends
  /// with; `digits` without leading zeros.
  [[nodiscard]] bool has_ordinal(std::size_t index, std::string_view digits) const {
    // One bit, or else one character, tells of almost every pod.
    const store::PodStore::Row& pod = row(index);
    return pod.name_is_numbered && pod.name().back() == digits.back() && is_numbered(index, digits);
  }

  /// The first at or after a place in name order, size() when there is none. O(log n).
  [[nodiscard]] std::size_t not_before(std::string_view name) const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;

 private:
  [[nodiscard]] bool is_numbered(std::size_t index, std::string_view digits) const;
  [[nodiscard]] const store::PodStore::Row& row(std::size_t index) const {
    return rows_[eligible_[index]];
  }

  const store::PodStore* pods_;
  store::PodStore::Rows rows_;
  std::span<const store::PodHandle> eligible_;
};

}  // namespace podcron::strategy
