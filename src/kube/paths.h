// URL paths of the API server, percent-encoded.
//
// Source: Kubernetes API conventions; RFC 3986 section 2.1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace podcron::kube {

/// Encodes everything but unreserved characters.
std::string percent_encode(std::string_view text);

std::string pod_cron_jobs_path(std::string_view namespace_);
std::string pod_cron_job_path(std::string_view namespace_, std::string_view name);
std::string pod_jobs_path(std::string_view namespace_);
std::string pod_job_path(std::string_view namespace_, std::string_view name);
std::string pod_path(std::string_view namespace_, std::string_view name);
/// Of all namespaces when `namespace_` is empty.
std::string endpoint_slices_path(std::string_view namespace_);
inline constexpr std::string_view kNodesPath = "/api/v1/nodes";
std::string leases_path(std::string_view namespace_);
std::string lease_path(std::string_view namespace_, std::string_view name);
std::string events_path(std::string_view namespace_);
std::string event_path(std::string_view namespace_, std::string_view name);

/// Of a request to a pod's port through the API server; `path` is the request's own, with its
/// query.
std::string pod_proxy_path(std::string_view namespace_, std::string_view pod, bool https,
                           std::uint16_t port, std::string_view path);

/// GET for the WebSocket upgrade: stdout and stderr, neither stdin nor tty.
std::string exec_path(std::string_view namespace_, std::string_view pod, std::string_view container,
                      std::span<const std::string> argv);

}  // namespace podcron::kube
