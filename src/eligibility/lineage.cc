#include "eligibility/lineage.h"

#include <string_view>

#include "api/label_selector.h"
#include "api/watched_kinds.h"

namespace podcron::eligibility {
namespace {

constexpr std::string_view kRevisionLabel = "controller-revision-hash";

/// Empty when there is none.
std::string_view revision_label(const store::PodStore::Shape& shape) {
  const std::string* value = api::find_value(shape.labels, kRevisionLabel);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

/// A Deployment's newest ReplicaSet is the one with the Deployment's own template: the annotation
/// deployment.kubernetes.io/revision says so only once the controller has seen the change.
void add_deployment(const store::WorkloadStore& owners, Lineage& lineage) {
  const auto& above = lineage.owner->controller;
  if (!above || above->kind != "Deployment" || above->api_group != "apps") return;
  lineage.workload = owners.find(above->uid);
  lineage.newest = lineage.workload != nullptr &&
                   lineage.workload->template_hash == lineage.owner->template_hash;
}

/// StatefulSets and DaemonSets change their template in place; an older pod's is in the
/// ControllerRevision that its label names.
void add_revision(const store::WorkloadStore& owners, std::string_view label, Lineage& lineage) {
  const api::Workload& owner = *lineage.owner;
  lineage.workload = &owner;
  const api::Workload* revision = label.empty() ? nullptr : owners.revision(owner, label);
  if (revision != nullptr) lineage.template_holder = revision;
  if (owner.kind == "StatefulSet") {
    lineage.newest = !label.empty() && owner.update_revision == label;
  } else {
    lineage.newest = revision != nullptr && owners.newest_revision(owner) == revision;
  }
}

}  // namespace

Lineage lineage_of(const store::WorkloadStore& owners, const store::PodStore::Shape& shape) {
  Lineage lineage;
  if (!shape.controller) return lineage;
  lineage.has_template = api::is_watched_kind(shape.controller->api_group, shape.controller->kind);
  lineage.owner = owners.find(shape.controller->uid);
  lineage.template_holder = lineage.owner;
  if (lineage.owner == nullptr) return lineage;
  if (lineage.owner->kind == "ReplicaSet") {
    add_deployment(owners, lineage);
  } else if (lineage.owner->kind == "StatefulSet" || lineage.owner->kind == "DaemonSet") {
    add_revision(owners, revision_label(shape), lineage);
  }
  return lineage;
}

}  // namespace podcron::eligibility
