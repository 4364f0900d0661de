// A small world in which one pod is a serving replica, so that a test spoils one thing and the
// untouched pod is its good twin.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/workload.h"
#include "eligibility/eligibility.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::test {

inline constexpr WallTime kNow{Seconds(1'772'971'200)};
inline const Uid kDeploymentUid{10, 1};
inline const Uid kReplicaSetUid{10, 2};
inline const Uid kStatefulSetUid{10, 3};

inline std::string running_id() { return "containerd://" + std::string(64, 'a'); }

/// As the API server shows a replica of Deployment shop that serves for an hour.
inline api::Pod serving_pod() {
  api::Pod pod;
  pod.meta.namespace_ = "shop";
  pod.meta.name = "shop-7c9d-4xk2p";
  pod.meta.uid = Uid{1, 1};
  pod.meta.resource_version = 7;
  pod.labels = {{"app", "shop"}, {"pod-template-hash", "7c9d"}, {"podcron.dev/serving", "true"}};
  pod.generate_name = "shop-7c9d-";
  pod.controller = api::OwnerReference{"apps", "ReplicaSet", "shop-7c9d", kReplicaSetUid};
  pod.node_name = "node-1";
  pod.phase = api::PodPhase::kRunning;
  pod.ready = true;
  pod.ready_since = kNow - Seconds(3600);
  pod.containers.resize(1);
  pod.containers[0].name = "app";
  pod.statuses.resize(1);
  pod.statuses[0] = {"app", running_id(), true, true, true};
  return pod;
}

/// Replica 3 of StatefulSet db.
inline api::Pod stateful_pod() {
  api::Pod pod = serving_pod();
  pod.meta.name = "db-3";
  pod.generate_name = "db-";
  pod.controller = api::OwnerReference{"apps", "StatefulSet", "db", kStatefulSetUid};
  pod.labels = {{"app", "shop"},
                {"apps.kubernetes.io/pod-index", "3"},
                {"controller-revision-hash", "db-6c9b"},
                {"podcron.dev/serving", "true"},
                {"statefulset.kubernetes.io/pod-name", "db-3"}};
  return pod;
}

inline api::ContainerSpec container_named(std::string name) {
  api::ContainerSpec container;
  container.name = std::move(name);
  return container;
}

inline api::Workload deployment() {
  api::Workload workload;
  workload.kind = "Deployment";
  workload.meta.namespace_ = "shop";
  workload.meta.name = "shop";
  workload.meta.uid = kDeploymentUid;
  workload.selector.requirements = {{"app", api::SelectorOperator::kIn, {"shop"}}};
  workload.containers = {container_named("app")};
  return workload;
}

inline api::Workload replica_set() {
  api::Workload workload = deployment();
  workload.kind = "ReplicaSet";
  workload.meta.name = "shop-7c9d";
  workload.meta.uid = kReplicaSetUid;
  workload.controller = api::OwnerReference{"apps", "Deployment", "shop", kDeploymentUid};
  return workload;
}

inline api::Workload stateful_set() {
  api::Workload workload = deployment();
  workload.kind = "StatefulSet";
  workload.meta.name = "db";
  workload.meta.uid = kStatefulSetUid;
  workload.update_revision = "db-6c9b";
  return workload;
}

/// Everything a judgement depends on, as values: copy it, change one thing, judge again.
struct Scene {
  Scene() {
    serving.requirements = {{"podcron.dev/serving", api::SelectorOperator::kIn, {"true"}}};
    target.selector.requirements = {{"app", api::SelectorOperator::kIn, {"shop"}}};
  }

  api::Pod pod = serving_pod();
  std::vector<api::Workload> workloads{deployment(), replica_set(), stateful_set()};
  api::Target target;
  api::LabelSelector serving;
  std::vector<std::string> owner_kinds{"ReplicaSet", "StatefulSet", "DaemonSet"};
  std::set<Uid> busy;
  std::set<Uid> failed;
  std::optional<WallTime> last_tty;   // of the pod
  std::optional<WallTime> last_exec;  // without stdin or terminal
  WallTime now = kNow;
  store::EndpointStore endpoints;

  [[nodiscard]] eligibility::Criteria criteria() const {
    eligibility::Criteria made;
    made.namespace_ = "shop";
    made.target = &target;
    made.serving = &serving;
    made.owner_kinds = &owner_kinds;
    if (!busy.empty()) made.busy = [this](const Uid& uid) { return busy.count(uid) != 0; };
    if (!failed.empty()) {
      made.recently_failed = [this](const Uid& uid) { return failed.count(uid) != 0; };
    }
    made.now = now;
    made.endpoints = &endpoints;
    if (last_tty || last_exec) {
      made.last_session = [this](const Uid& /*pod*/, api::SessionExclusion exclude) {
        return exclude == api::SessionExclusion::kAnyExec ? std::max(last_tty, last_exec)
                                                          : last_tty;
      };
    }
    return made;
  }

  [[nodiscard]] store::WorkloadStore owners() const {
    store::WorkloadStore made;
    for (const api::Workload& workload : workloads) made.apply(workload, 1);
    return made;
  }

  [[nodiscard]] eligibility::Reason judge() const {
    store::PodStore pods;
    pods.apply(pod, 1);
    return eligibility::evaluate(pods, owners(), criteria(), 0);
  }

  [[nodiscard]] std::vector<eligibility::Reason> judge_all() const {
    store::PodStore pods;
    pods.apply(pod, 1);
    const store::WorkloadStore known = owners();
    eligibility::Assessment assessment;
    eligibility::assess(pods, known, criteria(), assessment);
    return eligibility::evaluate_all(pods, known, criteria(), assessment, 0);
  }

  [[nodiscard]] std::string container() const {
    store::PodStore pods;
    pods.apply(pod, 1);
    return std::string(eligibility::target_container(pods, target, 0));
  }
};

using Change = std::function<void(Scene&)>;

inline Scene changed(Scene scene, const Change& change) {
  change(scene);
  return scene;
}

/// One way to break each rule of the table, alone: the pod of Scene{} with it fails that rule and
/// no other. In the table's order.
struct Spoiler {
  eligibility::Reason reason;
  Change change;
};

inline void add_sidecar(Scene& scene) { scene.pod.containers.push_back(container_named("proxy")); }

/// A slice of Service shop-web in namespace shop; another of the same name is replaced.
inline api::EndpointSlice slice_of(std::vector<api::Endpoint> endpoints,
                                   std::string name = "shop-web-abc12",
                                   std::string service = "shop-web") {
  api::EndpointSlice slice;
  slice.meta.namespace_ = "shop";
  slice.meta.name = std::move(name);
  slice.service = std::move(service);
  slice.endpoints = std::move(endpoints);
  return slice;
}

inline std::vector<Spoiler> spoilers() {
  using eligibility::Reason;
  return {
      {Reason::kNotLabelledServing, [](Scene& s) { s.pod.labels.pop_back(); }},
      {Reason::kSelectorMismatch, [](Scene& s) { s.pod.labels[0].second = "cart"; }},
      {Reason::kOptedOut, [](Scene& s) { s.pod.excluded = true; }},
      {Reason::kNotOwnedByWorkload, [](Scene& s) { s.pod.controller.reset(); }},
      {Reason::kOwnerKindNotAllowed, [](Scene& s) { s.owner_kinds = {"StatefulSet"}; }},
      {Reason::kOwnerMismatch,
       [](Scene& s) {
         s.target.workload_ref = {"apps", "Deployment", "x"};
       }},
      {Reason::kAdoptedPod, [](Scene& s) { s.pod.generate_name.clear(); }},
      {Reason::kTemplateMismatch, [](Scene& s) { s.pod.containers[0].process = 1; }},
      {Reason::kInteractiveContainer, [](Scene& s) { s.pod.containers[0].stdin_open = true; }},
      {Reason::kDevToolActive, [](Scene& s) { s.pod.dev_tool = true; }},
      {Reason::kRevisionExcluded,
       [](Scene& s) {
         s.target.revision = api::Revision::kLatest;
         s.workloads[0].template_hash = 2;
       }},
      {Reason::kPodTerminating, [](Scene& s) { s.pod.meta.deletion_timestamp = kNow; }},
      {Reason::kPodDisrupted, [](Scene& s) { s.pod.disrupted = true; }},
      {Reason::kPodCompleted, [](Scene& s) { s.pod.phase = api::PodPhase::kFailed; }},
      {Reason::kPodPending, [](Scene& s) { s.pod.phase = api::PodPhase::kPending; }},
      {Reason::kContainerNotFound, [](Scene& s) { s.target.container = "no-such"; }},
      {Reason::kContainerAmbiguous, add_sidecar},
      {Reason::kContainerNotRunning, [](Scene& s) { s.pod.statuses[0].running = false; }},
      {Reason::kContainerNotReady, [](Scene& s) { s.pod.statuses[0].ready = false; }},
      {Reason::kPodNotReady, [](Scene& s) { s.pod.ready = false; }},
      {Reason::kNotAvailableYet, [](Scene& s) { s.target.min_ready_seconds = 7200; }},
      {Reason::kNotInService, [](Scene& s) { s.target.service_name = "shop-web"; }},
      {Reason::kEndpointNotServing,
       [](Scene& s) {
         s.target.service_name = "shop-web";
         s.endpoints.apply(slice_of({{s.pod.meta.uid, false, false}}), 1);
       }},
      {Reason::kEphemeralContainerRunning, [](Scene& s) { s.pod.ephemeral_running = true; }},
      {Reason::kInteractiveSession, [](Scene& s) { s.last_tty = s.now; }},
      {Reason::kPodBusy, [](Scene& s) { s.busy.insert(s.pod.meta.uid); }},
      {Reason::kRecentlyFailed, [](Scene& s) { s.failed.insert(s.pod.meta.uid); }},
  };
}

}  // namespace podcron::test
