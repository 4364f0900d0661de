// ReplicaSet, StatefulSet, DaemonSet and Deployment as owners of pods, and the ControllerRevisions
// in which StatefulSets and DaemonSets keep the templates of their older pods.
//
// Source: k8s.io/api apps/v1.
#pragma once

#include <cstdint>
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
  std::optional<OwnerReference> controller;  // a ReplicaSet's Deployment, a revision's DaemonSet
  LabelSelector selector;                    // spec.selector
  std::vector<ContainerSpec> containers;     // of spec.template; of the one that a revision keeps
  /// Of all of spec.template but the label pod-template-hash: a ReplicaSet whose template is its
  /// Deployment's is of the newest revision.
  std::uint64_t template_hash = 0;
  std::string update_revision;  // a StatefulSet's status.updateRevision
  std::int64_t revision = 0;    // a ControllerRevision's number; the highest is the newest
  friend bool operator==(const Workload&, const Workload&) = default;
};

}  // namespace podcron::api
