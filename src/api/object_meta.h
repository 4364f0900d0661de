// The parts of Kubernetes metadata that podcron decides on.
//
// Source: k8s.io/apimachinery metav1.ObjectMeta and OwnerReference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/uid.h"

namespace podcron::api {

/// Sorted by key, no key twice.
using StringMap = std::vector<std::pair<std::string, std::string>>;

/// The one owner reference with `controller: true`.
struct OwnerReference {
  std::string api_group;  // "apps"; empty for the core group
  std::string kind;
  std::string name;
  Uid uid;
  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

struct ObjectMeta {
  std::string namespace_;
  std::string name;
  Uid uid;
  /// Comparable integers since Kubernetes 1.35 (KEP-5504), and in practice before.
  std::uint64_t resource_version = 0;
  std::int64_t generation = 0;
  std::optional<WallTime> creation_timestamp;
  std::optional<WallTime> deletion_timestamp;
  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

}  // namespace podcron::api
