// The packed form of what the pods of one template share: about 300 bytes where the struct with its
// strings takes 1,600. Equal shapes have equal bytes, so that bytes are what is interned.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod.h"
#include "store/pod_row.h"

namespace podcron::store {

/// Writes the pod's shape into `out`, which is reused.
void pack_shape(const api::Pod& pod, std::string& out);

/// A shape and the strings that it does not need just now: one place that shapes of any size are
/// unpacked into stops allocating once its strings are as long as the longest.
struct UnpackedShape {
  PodStore::Shape shape;
  std::vector<api::ContainerSpec> spare_containers;
  std::vector<std::string> spare_names;
  api::StringMap spare_labels;
  std::optional<api::OwnerReference> spare_controller;
};
void unpack_shape(std::string_view packed, UnpackedShape& out);

/// Views into `packed`. Cost: O(1), and O(index).
std::string_view packed_namespace(std::string_view packed);
std::string_view packed_container_name(std::string_view packed, std::size_t index);

}  // namespace podcron::store
