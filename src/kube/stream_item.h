// What a LIST page or a WATCH stream says, one item at a time, after decoding.
//
// Source: Kubernetes API concepts ("Efficient detection of changes"); facts: ERROR events arrive
// inside a 200 stream, bookmarks carry only a resourceVersion.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "api/cluster_node.h"
#include "api/endpoint_slice.h"
#include "api/kube_status.h"
#include "api/lease.h"
#include "api/namespace.h"
#include "api/pod.h"
#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "api/workload.h"

namespace podcron::kube {

enum class ObjectKind : std::uint8_t {
  kPodCronJob,
  kPodJob,
  kPod,
  kReplicaSet,
  kStatefulSet,
  kDaemonSet,
  kDeployment,
  kControllerRevision,
  kLease,
  kNamespace,
  kEndpointSlice,
  kNode,
};

using Object = std::variant<api::Pod, api::Workload, api::PodCronJob, api::PodJob, api::Lease,
                            api::Namespace, api::EndpointSlice, api::ClusterNode>;

/// ADDED, MODIFIED, or an item of a page.
struct Apply {
  Object object;
};
struct Delete {
  Object object;
};
struct Bookmark {
  std::uint64_t resource_version = 0;
};
/// The end of one LIST page. An empty token: it was the last.
struct PageEnd {
  std::string continue_token;
  std::uint64_t resource_version = 0;
};
/// An ERROR event, or the Status body of a refused LIST or WATCH.
struct StreamError {
  api::KubeStatus status;
};
/// One object that could not be decoded; the others go on. `name` is "namespace/name" or "".
struct Undecodable {
  std::string name;
  std::string error;
};

using StreamItem = std::variant<Apply, Delete, Bookmark, PageEnd, StreamError, Undecodable>;

}  // namespace podcron::kube
