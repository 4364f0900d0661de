// The resources that the virtual API server knows, and how their URLs read.
//
// Source: Kubernetes API conventions; RFC 3986 for the encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podcron::simulation {

enum class Resource : std::uint8_t {
  kPods,
  kReplicaSets,
  kStatefulSets,
  kDaemonSets,
  kDeployments,
  kControllerRevisions,
  kLeases,
  kEvents,
  kPodCronJobs,
  kPodJobs,
  kNamespaces,
  kEndpointSlices,
  kNodes,
};
inline constexpr std::size_t kResourceCount = 13;

struct ResourceType {
  Resource resource;
  std::string_view group;  // "" for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool status_subresource;
  /// Items of a LIST carry kind and apiVersion, as those of custom resources do.
  bool custom;

  /// "apps/v1", or "v1" for the core group.
  [[nodiscard]] std::string api_version() const;
  /// "podjobs.podcron.dev", as messages of the API server name a resource.
  [[nodiscard]] std::string qualified_name() const;
};

const ResourceType& type_of(Resource resource);

struct RequestPath {
  Resource resource = Resource::kPods;
  std::string namespace_;  // empty: all namespaces
  std::string name;        // empty: the collection
  std::string subresource;
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order

  /// The first value of `key`, "" when there is none.
  [[nodiscard]] std::string_view query_value(std::string_view key) const;
  [[nodiscard]] bool query_is_true(std::string_view key) const;
};

/// nullopt: no such resource, which the API server answers with 404.
std::optional<RequestPath> parse_request_path(std::string_view path);

}  // namespace podcron::simulation
