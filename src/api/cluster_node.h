// v1 Node: its labels, which say where it is (zone, region, rack).
#pragma once

#include "api/object_meta.h"

namespace podcron::api {

/// PerTopology by this key needs no Node: a pod says itself on which one it is.
inline constexpr std::string_view kHostnameLabel = "kubernetes.io/hostname";

struct ClusterNode {
  ObjectMeta meta;  // of a cluster-wide object: namespace_ is empty
  StringMap labels;
  friend bool operator==(const ClusterNode&, const ClusterNode&) = default;
};

}  // namespace podcron::api
