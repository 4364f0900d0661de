// How each kind is read from its JSON: one function a kind, behind codec.h.
//
// A function fills what it finds and records the first fault of the node; its result counts only
// when there is none. What is absent keeps the default of the struct, which is the CRD's.
#pragma once

#include <string_view>

#include "api/cluster_node.h"
#include "api/container_fate.h"
#include "api/endpoint_slice.h"
#include "api/json_node.h"
#include "api/lease.h"
#include "api/namespace.h"
#include "api/pod.h"
#include "api/pod_address.h"
#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "api/strategy_review.h"
#include "api/workload.h"

namespace podcron::api {

void read_pod(const Node& node, Pod& out);
void read_workload(const Node& node, std::string_view kind, Workload& out);
void read_pod_cron_job(const Node& node, PodCronJob& out);
void read_pod_job(const Node& node, PodJob& out);
void read_lease(const Node& node, Lease& out);
void read_namespace(const Node& node, Namespace& out);
void read_cluster_node(const Node& node, ClusterNode& out);
void read_endpoint_slice(const Node& node, EndpointSlice& out);
void read_strategy_answer(const Node& node, StrategyAnswer& out);
void read_container_fate(const Node& node, std::string_view container, ContainerFate& out);
void read_pod_address(const Node& node, PodAddress& out);

// ---- parts that several kinds share ----

/// One field of metadata that ObjectMeta holds; false when `key` is another one.
bool read_meta_field(std::string_view key, const Node& value, ObjectMeta& out);
/// Records a fault when `metadata` had no name, UID or resourceVersion, or no namespace.
void require_meta(const Node& node, const ObjectMeta& meta);
/// The same for a kind that lives in no namespace.
void require_cluster_meta(const Node& node, const ObjectMeta& meta);
/// metadata.ownerReferences: the one with `controller: true`.
void read_controller(const Node& node, std::optional<OwnerReference>& out);
void read_selector(const Node& node, LabelSelector& out);
/// One entry of a pod's spec.containers.
void read_container(const Node& node, ContainerSpec& out);
/// podJobTemplate.spec.http.
void read_http(const Node& node, HttpSpec& out);
/// servingProbe.httpGet: a GET that no certificate and no redirect concerns.
void read_http_get(const Node& node, HttpSpec& out);
/// PodJob.spec, and podJobTemplate.spec; fields of PodJob alone are skipped.
void read_template_spec(const Node& node, PodJobTemplateSpec& out);

}  // namespace podcron::api
