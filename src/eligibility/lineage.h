// From a pod's owner reference to what is known of where the pod comes from: its controller, the
// template it was made from, the workload above, and whether it is of that one's newest revision.
//
// Source: k8s.io/kubernetes pkg/controller/{deployment,statefulset,daemon}; facts:
// docs/eligibility.md.
#pragma once

#include "api/workload.h"
#include "store/pod_row.h"
#include "store/workload_store.h"

namespace podcron::eligibility {

/// Pointers into the workload store, valid until it changes. Null: not known, or there is none.
struct Lineage {
  const api::Workload* owner = nullptr;  // the pod's controller
  /// What holds the template that the pod was made from: a ReplicaSet, or the ControllerRevision
  /// that the pod names; without that one, its StatefulSet or DaemonSet.
  const api::Workload* template_holder = nullptr;
  /// The owner is of a kind whose templates are watched, so that one should be known.
  bool has_template = false;
  /// Whose revisions are compared: a Deployment, StatefulSet or DaemonSet.
  const api::Workload* workload = nullptr;
  /// Certainly of the newest revision; true for pods whose workload has none that podcron knows
  /// of: bare ones, a ReplicaSet's without Deployment, those of other kinds.
  bool newest = true;
};

Lineage lineage_of(const store::WorkloadStore& owners, const store::PodStore::Shape& shape);

}  // namespace podcron::eligibility
