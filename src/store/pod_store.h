// Every watched pod as a compact row, with an index by namespace in name order.
//
// Memory: <= 400 B a pod in all (measured in bench/store_bench.cc): names and label sets are
// interned, pod shapes (containers, owners' generate names) are shared, UIDs are binary.
// One thread. Iteration order is (namespace, name), the same on every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod.h"
#include "base/uid.h"

namespace podcron::store {

/// A row's number. Valid until the pod is erased; reused afterwards.
using PodHandle = std::uint32_t;

class PodStore {
 public:
  PodStore();
  ~PodStore();
  PodStore(PodStore&&) noexcept;
  PodStore& operator=(PodStore&&) noexcept;

  /// Puts a pod, marked with `epoch`. False: the row is newer (resourceVersion) and stays, but is
  /// marked. A pod of the same name with another UID replaces the row.
  bool apply(const api::Pod& pod, std::uint32_t epoch);
  /// A live read: only updates a row that exists with the same UID, and keeps its mark. False when
  /// there is no such row; true also when the row was already as new.
  bool refresh(const api::Pod& pod);
  /// False when there is no such row, or it is newer than `resource_version`, or has another UID.
  bool erase(std::string_view namespace_, std::string_view name, const Uid& uid,
             std::uint64_t resource_version);
  /// Removes every row not marked with `epoch` and calls `removed` (namespace, name) for each.
  std::size_t sweep(std::uint32_t epoch,
                    const std::function<void(std::string_view, std::string_view)>& removed);

  [[nodiscard]] std::optional<PodHandle> find(std::string_view namespace_,
                                              std::string_view name) const;
  /// Handles of the namespace's pods in name order. Invalidated by apply, erase and sweep.
  [[nodiscard]] const std::vector<PodHandle>& in_namespace(std::string_view namespace_) const;
  [[nodiscard]] std::size_t size() const;

  // What eligibility reads; all O(1), views into the store.
  struct Row;    // hot part, about 64 bytes; defined in store/pod_row.h
  struct Shape;  // shared cold part: containers, labels, owner kind, generate name
  [[nodiscard]] const Row& row(PodHandle pod) const;

  /// The whole pod again, as it was applied (round-trips; for tests, explain and dispatch).
  [[nodiscard]] api::Pod expand(PodHandle pod) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::store
