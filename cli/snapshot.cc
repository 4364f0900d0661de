#include "cli/snapshot.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "api/codec.h"
#include "kube/paths.h"
#include "strategy/per_topology.h"

namespace podcron::cli {
namespace {

using kube::ObjectKind;

struct WorkloadList {
  ObjectKind kind;
  const char* resource;
};
constexpr std::array kWorkloadLists{
    WorkloadList{ObjectKind::kReplicaSet, "replicasets"},
    WorkloadList{ObjectKind::kStatefulSet, "statefulsets"},
    WorkloadList{ObjectKind::kDaemonSet, "daemonsets"},
    WorkloadList{ObjectKind::kDeployment, "deployments"},
    WorkloadList{ObjectKind::kControllerRevision, "controllerrevisions"},
};
constexpr std::uint32_t kEpoch = 1;

/// A run holds its pods until its final phase; one whose end is unknown until its finalizer goes,
/// which it does once the run no longer keeps its place (the contract's section 7.5 and 7.8).
bool holds_its_pods(const api::PodJob& run) {
  if (!api::is_final(run.status.phase)) return true;
  return run.status.phase == api::PodJobPhase::kUnknown && run.has_record_finalizer;
}

/// Those of a run made by hand stand in its status alone.
std::vector<api::TargetRef> targets_of(const api::PodJob& run) {
  if (run.scheduled_time) return run.targets;
  std::vector<api::TargetRef> targets;
  for (const api::TargetStatus& status : run.status.targets) {
    targets.push_back({status.pod_name, status.pod_uid, "", status.container, ""});
  }
  return targets;
}

}  // namespace

Result<api::PodCronJob> get_pod_cron_job(ApiServer& server, const std::string& namespace_,
                                         const std::string& name) {
  const auto body = server.get(kube::pod_cron_job_path(namespace_, name));
  if (!body) {
    Error error = body.error();
    if (error.code == ErrorCode::kNotFound) {
      error.message = fmt::format("namespace {}: {}", namespace_, error.message);
    }
    return tl::unexpected(std::move(error));
  }
  auto job = api::Decoder().pod_cron_job(*body);
  if (!job) {
    return fail(job.error().code,
                fmt::format("PodCronJob {}/{}: {}", namespace_, name, job.error().message));
  }
  return job;
}

Result<Snapshot> take_snapshot(ApiServer& server, api::PodCronJob job,
                               const std::string& podcron_namespace) {
  Snapshot snapshot;
  snapshot.job = std::move(job);
  const std::string& namespace_ = snapshot.job.meta.namespace_;
  auto listed = server.list(
      ObjectKind::kPod, fmt::format("/api/v1/namespaces/{}/pods", kube::percent_encode(namespace_)),
      [&](kube::Object&& object) { snapshot.pods.apply(std::get<api::Pod>(object), kEpoch); },
      snapshot.unreadable);
  for (const WorkloadList& each : kWorkloadLists) {
    if (!listed) break;
    listed = server.list(
        each.kind,
        fmt::format("/apis/apps/v1/namespaces/{}/{}", kube::percent_encode(namespace_),
                    each.resource),
        [&](kube::Object&& object) {
          snapshot.workloads.apply(std::get<api::Workload>(object), kEpoch);
        },
        snapshot.unreadable);
  }
  if (listed) {
    listed = server.list(
        ObjectKind::kPodJob, kube::pod_jobs_path(namespace_),
        [&](kube::Object&& object) {
          const auto& run = std::get<api::PodJob>(object);
          const std::vector<api::TargetRef> targets = targets_of(run);
          if (targets.empty() || !holds_its_pods(run)) return;
          snapshot.load.hold(run.meta.name, run.controller ? run.controller->uid : run.meta.uid,
                             targets);
        },
        snapshot.unreadable);
  }
  if (listed && !snapshot.job.spec.job.target.service_name.empty()) {
    listed = server.list(
        ObjectKind::kEndpointSlice, kube::endpoint_slices_path(namespace_),
        [&](kube::Object&& object) {
          snapshot.endpoints.apply(std::get<api::EndpointSlice>(object), kEpoch);
        },
        snapshot.unreadable);
  }
  if (!listed) return tl::unexpected(listed.error());
  if (strategy::asks_for_nodes(snapshot.job.spec.job.strategy)) {
    const auto read = server.list(
        ObjectKind::kNode, std::string(kube::kNodesPath),
        [&](kube::Object&& object) {
          snapshot.nodes.apply(std::get<api::ClusterNode>(object), kEpoch);
        },
        snapshot.unreadable);
    if (!read) snapshot.nodes_unread = read.error().message;
  }
  if (snapshot.job.spec.job.target.interactive_sessions.exclude != api::SessionExclusion::kNone) {
    const auto read = server.list(
        ObjectKind::kLease, kube::leases_path(podcron_namespace),
        [&](kube::Object&& object) {
          snapshot.sessions.apply(std::get<api::Lease>(object), kEpoch);
        },
        snapshot.unreadable);
    if (!read) snapshot.sessions_unread = read.error().message;
  }
  return snapshot;
}

}  // namespace podcron::cli
