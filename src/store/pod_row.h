// The two parts of a pod in the store: the row that is its own, and the shape that it shares with
// the other pods of its template. Views into them hold until the next apply, erase or sweep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod.h"
#include "base/time.h"
#include "base/uid.h"
#include "store/cold_part.h"
#include "store/pod_store.h"

namespace podcron::store {

/// What changes from pod to pod, and all that rules ask of most pods: judging a pod touches one
/// cache line of its own.
struct PodStore::Row {
  Uid uid;
  std::uint64_t resource_version = 0;
  ColdPart cold;
  WallTime ready_since;  // meaningful with has_ready_since
  ShapeId shape = 0;
  std::uint32_t node = 0;              // of the node names
  std::uint32_t container_states = 0;  // the first kRowContainers of them, four bits each
  std::uint32_t epoch = 0;             // of the last list or event that named the pod
  api::PodPhase phase = api::PodPhase::kPending;
  bool name_is_generated : 1 = false;  // store/name_origin.h
  bool name_is_numbered : 1 = false;
  bool has_ready_since : 1 = false;
  bool ready : 1 = false;
  bool terminating : 1 = false;  // has a deletionTimestamp
  bool disrupted : 1 = false;
  bool excluded : 1 = false;
  bool ephemeral_running : 1 = false;
  bool dev_tool : 1 = false;

  static constexpr std::size_t kRowContainers = 8;

  [[nodiscard]] std::string_view name() const { return cold.name(); }
  /// `index` counts the entries of status.containerStatuses.
  [[nodiscard]] ContainerState container(std::size_t index) const {
    if (index >= kRowContainers) return cold.container(index);
    return ContainerState::from_bits(container_states >> (index * ContainerState::kBits));
  }
};
static_assert(sizeof(PodStore::Row) <= 64, "a row is one cache line");

/// Rows in chunks: growing moves none of them and leaves no half-empty doubled vector.
inline constexpr std::size_t kChunkRows = 1024;

/// row() for who walks through many: no call per pod. Holds as long as a view into a row.
class PodStore::Rows {
 public:
  explicit Rows(const std::unique_ptr<Row[]>* chunks) : chunks_(chunks) {}
  const Row& operator[](PodHandle pod) const { return chunks_[pod / kChunkRows][pod % kChunkRows]; }

 private:
  const std::unique_ptr<Row[]>* chunks_;
};

/// Equal for all pods of one template in one namespace, so that it exists once, packed.
struct PodStore::Shape {
  std::string namespace_;
  api::StringMap labels;     // without kOwnLabelKeys
  OwnLabels own_labels = 0;  // which of kOwnLabelKeys the pods have
  std::string generate_name;
  std::optional<api::OwnerReference> controller;
  std::string default_container;
  std::vector<api::ContainerSpec> containers;
  std::vector<std::string> status_names;  // of status.containerStatuses, in its order
};

}  // namespace podcron::store
