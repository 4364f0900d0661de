#include "kube/paths.h"

#include <fmt/format.h>

namespace podcron::kube {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr std::string_view kPodcronGroup = "/apis/podcron.dev/v1alpha1";
constexpr std::string_view kCoreGroup = "/api/v1";
constexpr std::string_view kLeaseGroup = "/apis/coordination.k8s.io/v1";
constexpr std::string_view kDiscoveryGroup = "/apis/discovery.k8s.io/v1";
constexpr std::string_view kEventGroup = "/apis/events.k8s.io/v1";

std::string list_path(std::string_view group, std::string_view namespace_,
                      std::string_view resource) {
  return fmt::format("{}/namespaces/{}/{}", group, percent_encode(namespace_), resource);
}

std::string object_path(std::string_view group, std::string_view namespace_,
                        std::string_view resource, std::string_view name) {
  return fmt::format("{}/{}", list_path(group, namespace_, resource), percent_encode(name));
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string pod_cron_jobs_path(std::string_view namespace_) {
  return list_path(kPodcronGroup, namespace_, "podcronjobs");
}

std::string pod_cron_job_path(std::string_view namespace_, std::string_view name) {
  return object_path(kPodcronGroup, namespace_, "podcronjobs", name);
}

std::string pod_jobs_path(std::string_view namespace_) {
  return list_path(kPodcronGroup, namespace_, "podjobs");
}

std::string pod_job_path(std::string_view namespace_, std::string_view name) {
  return object_path(kPodcronGroup, namespace_, "podjobs", name);
}

std::string pod_path(std::string_view namespace_, std::string_view name) {
  return object_path(kCoreGroup, namespace_, "pods", name);
}

std::string endpoint_slices_path(std::string_view namespace_) {
  if (namespace_.empty()) return fmt::format("{}/endpointslices", kDiscoveryGroup);
  return list_path(kDiscoveryGroup, namespace_, "endpointslices");
}

std::string leases_path(std::string_view namespace_) {
  return list_path(kLeaseGroup, namespace_, "leases");
}

std::string lease_path(std::string_view namespace_, std::string_view name) {
  return object_path(kLeaseGroup, namespace_, "leases", name);
}

std::string events_path(std::string_view namespace_) {
  return list_path(kEventGroup, namespace_, "events");
}

std::string event_path(std::string_view namespace_, std::string_view name) {
  return object_path(kEventGroup, namespace_, "events", name);
}

std::string pod_proxy_path(std::string_view namespace_, std::string_view pod, bool https,
                           std::uint16_t port, std::string_view path) {
  return fmt::format("{}/{}{}:{}/proxy{}", list_path(kCoreGroup, namespace_, "pods"),
                     https ? "https:" : "", percent_encode(pod), port, path);
}

std::string exec_path(std::string_view namespace_, std::string_view pod, std::string_view container,
                      std::span<const std::string> argv) {
  // All four booleans are stated, because their defaults have changed over the versions.
  std::string path =
      fmt::format("{}/exec?container={}&stdin=false&stdout=true&stderr=true&tty=false",
                  pod_path(namespace_, pod), percent_encode(container));
  for (const auto& argument : argv) {
    path += "&command=";
    path += percent_encode(argument);
  }
  return path;
}

}  // namespace podcron::kube
