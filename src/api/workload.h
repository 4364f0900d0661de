// ReplicaSet, StatefulSet, DaemonSet and Deployment as owners of pods.
//
// Source: k8s.io/api apps/v1.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/label_selector.h"
#include "api/object_meta.h"
#include "api/pod.h"

namespace podcron::api {

struct Workload {
  ObjectMeta meta;
  std::string api_group = "apps";
  std::string kind;                          // "ReplicaSet", "StatefulSet", ...
  std::optional<OwnerReference> controller;  // a ReplicaSet's Deployment
  LabelSelector selector;                    // spec.selector
  std::vector<ContainerSpec> containers;     // of spec.template
  friend bool operator==(const Workload&, const Workload&) = default;
};

}  // namespace podcron::api
