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
/// A shape's number. Valid while a pod has that shape; reused afterwards. Small and dense.
using ShapeId = std::uint32_t;

class PodStore {
 public:
  PodStore();
  ~PodStore();
  PodStore(PodStore&&) noexcept;
  PodStore& operator=(PodStore&&) noexcept;

  /// Puts a pod, marked with `epoch`. False: the row is newer (resourceVersion) and stays, but is
  /// marked. A pod of the same name with another UID replaces the row. The same UID at the same
  /// resourceVersion (other than 0) is the same object: true, and nothing is written.
  bool apply(const api::Pod& pod, std::uint32_t epoch);
  /// A live read: only updates a row that exists with the same UID, and keeps its mark. False when
  /// there is no such row; true also when the row was already as new.
  bool refresh(const api::Pod& pod);
  /// False when there is no such row, or it is newer than `resource_version`, or has another UID.
  bool erase(std::string_view namespace_, std::string_view name, const Uid& uid,
             std::uint64_t resource_version);
  /// Removes every row not marked with `epoch` and calls `removed` (namespace, name) for each, in
  /// order. `removed` may be null; it must not call the store.
  /// With a namespace, only its rows: each watched namespace is a list of its own.
  std::size_t sweep(std::uint32_t epoch,
                    const std::function<void(std::string_view, std::string_view)>& removed,
                    std::string_view namespace_ = {});

  [[nodiscard]] std::optional<PodHandle> find(std::string_view namespace_,
                                              std::string_view name) const;
  /// Handles of the namespace's pods in name order. Invalidated by apply, erase and sweep.
  [[nodiscard]] const std::vector<PodHandle>& in_namespace(std::string_view namespace_) const;
  [[nodiscard]] std::size_t size() const;

  // What eligibility and dispatch read. Views into the store, invalidated by apply, refresh, erase
  // and sweep. O(1) unless said otherwise.
  struct Row;    // hot part, about 64 bytes; defined in store/pod_row.h
  struct Shape;  // shared cold part: containers, labels, owner, generate name; same file
  class Rows;    // all rows by handle; same file
  [[nodiscard]] const Row& row(PodHandle pod) const;
  [[nodiscard]] Rows rows() const;
  /// Unpacked into a place of the store's own: the next call for another shape overwrites it.
  /// Cost: about 0.3 us, O(1) for the shape that was asked for last.
  [[nodiscard]] const Shape& shape(PodHandle pod) const;
  /// Every ShapeId is below this.
  [[nodiscard]] std::size_t shape_limit() const;
  /// Every Row::node is below this.
  [[nodiscard]] std::size_t node_limit() const;
  [[nodiscard]] std::string_view namespace_of(PodHandle pod) const;
  [[nodiscard]] std::string_view name(PodHandle pod) const;
  [[nodiscard]] const Uid& uid(PodHandle pod) const;
  /// `index` counts the entries of spec.containers and must be one of them.
  [[nodiscard]] std::string_view container_name(PodHandle pod, std::size_t index) const;
  [[nodiscard]] std::string_view node_name(PodHandle pod) const;
  /// "containerd://<64 hex>" of the container's status; empty when it has none.
  [[nodiscard]] std::string container_id(PodHandle pod, std::string_view container) const;
  /// All labels, also those that differ per pod. `out` is reused.
  void labels(PodHandle pod, api::StringMap& out) const;

  /// The whole pod again, as it was applied (round-trips; for tests, explain and dispatch).
  [[nodiscard]] api::Pod expand(PodHandle pod) const;

  /// What memory follows; the limits are the highest count so far.
  struct Footprint {
    std::size_t rows = 0;
    std::size_t row_limit = 0;
    std::size_t shapes = 0;
    std::size_t shape_limit = 0;
    std::size_t nodes = 0;
    std::size_t namespaces = 0;
  };
  [[nodiscard]] Footprint footprint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::store
