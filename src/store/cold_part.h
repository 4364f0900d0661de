// What is a pod's own and seldom read, in one allocation of its exact size: name, container
// states and ids, the labels that differ per pod, generation and times.
//
// A container ID of a known runtime is its 32 bytes instead of 64 hexadecimal digits; any other
// text is kept as it is, so that expand() gives back every byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/pod.h"

namespace podcron::store {

/// Labels whose value differs between pods of one template. They stay out of the shared label
/// sets, which would otherwise be as many as the pods. Sorted.
inline constexpr std::array<std::string_view, 3> kOwnLabelKeys{
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
    "statefulset.kubernetes.io/pod-name",
};

/// Bit i stands for kOwnLabelKeys[i].
using OwnLabels = std::uint8_t;

bool is_own_label(std::string_view key);
OwnLabels own_labels_of(const api::StringMap& labels);

/// One entry of status.containerStatuses as far as rules ask.
struct ContainerState {
  bool running = false;
  bool ready = false;
  bool started = false;
  bool has_id = false;

  static constexpr unsigned kBits = 4;

  [[nodiscard]] unsigned to_bits() const {
    return (running ? 1U : 0U) | (ready ? 2U : 0U) | (started ? 4U : 0U) | (has_id ? 8U : 0U);
  }
  /// Looks at the lowest kBits only.
  [[nodiscard]] static ContainerState from_bits(unsigned bits) {
    return {(bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0, (bits & 8U) != 0};
  }
};

inline ContainerState state_of(const api::ContainerStatus& status) {
  return {status.running, status.ready, status.started, !status.container_id.empty()};
}

class ColdPart {
 public:
  /// Writes the encoding into `scratch`, which is reused so that it allocates nothing.
  static void encode(const api::Pod& pod, OwnLabels own_labels, std::string& scratch);

  /// Takes over an encoding. Allocates only when the size changed.
  void assign(std::string_view encoded);

  [[nodiscard]] std::string_view name() const {
    return {bytes_.get() + kHeaderBytes, number(kNameSizeAt)};
  }
  /// `index` counts the entries of status.containerStatuses. Cost: O(1).
  [[nodiscard]] ContainerState container(std::size_t index) const;

  /// The pod's values of `own_labels`, in the order of kOwnLabelKeys. `status_count` and
  /// `own_labels` must be those of the pod that was encoded; here and below.
  void own_label_values(std::size_t status_count, OwnLabels own_labels,
                        std::array<std::string_view, kOwnLabelKeys.size()>& values) const;

  /// Fills what encode() took: meta's name, generation and times; the own labels; state and id of
  /// each of `pod.statuses`, whose names and number must be there already.
  void expand(OwnLabels own_labels, api::Pod& pod) const;

 private:
  static constexpr std::size_t kSizeAt = 0;
  static constexpr std::size_t kNameSizeAt = sizeof(std::uint32_t);
  static constexpr std::size_t kHeaderBytes = 2 * sizeof(std::uint32_t);

  [[nodiscard]] std::uint32_t number(std::size_t at) const;

  std::unique_ptr<char[]> bytes_;
};

}  // namespace podcron::store
