#include "simulation/resource.h"

#include <array>

#include <fmt/format.h>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

constexpr std::array<ResourceType, kResourceCount> kTypes{{
    {Resource::kPods, "", "v1", "pods", "Pod", true, false},
    {Resource::kReplicaSets, "apps", "v1", "replicasets", "ReplicaSet", true, false},
    {Resource::kStatefulSets, "apps", "v1", "statefulsets", "StatefulSet", true, false},
    {Resource::kDaemonSets, "apps", "v1", "daemonsets", "DaemonSet", true, false},
    {Resource::kDeployments, "apps", "v1", "deployments", "Deployment", true, false},
    {Resource::kControllerRevisions, "apps", "v1", "controllerrevisions", "ControllerRevision",
     false, false},
    {Resource::kLeases, "coordination.k8s.io", "v1", "leases", "Lease", false, false},
    {Resource::kEvents, "events.k8s.io", "v1", "events", "Event", false, false},
    {Resource::kPodCronJobs, "podcron.dev", "v1alpha1", "podcronjobs", "PodCronJob", true, true},
    {Resource::kPodJobs, "podcron.dev", "v1alpha1", "podjobs", "PodJob", true, true},
    {Resource::kNamespaces, "", "v1", "namespaces", "Namespace", false, false},
    {Resource::kEndpointSlices, "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", false,
     false},
    {Resource::kNodes, "", "v1", "nodes", "Node", true, false},
}};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

const ResourceType* find_type(std::string_view group, std::string_view version,
                              std::string_view plural) {
  for (const ResourceType& type : kTypes) {
    if (type.group == group && type.version == version && type.plural == plural) return &type;
  }
  return nullptr;
}

/// Takes "api/v1" or "apis/GROUP/VERSION" off `parts`.
std::optional<std::pair<std::string_view, std::string_view>> take_group(
    std::span<const std::string_view>& parts) {
  if (parts.size() >= 2 && parts[0] == "api") {
    const std::string_view version = parts[1];
    parts = parts.subspan(2);
    return std::pair{std::string_view(), version};
  }
  if (parts.size() >= 3 && parts[0] == "apis") {
    const std::pair group{parts[1], parts[2]};
    parts = parts.subspan(3);
    return group;
  }
  return std::nullopt;
}

}  // namespace

std::string ResourceType::api_version() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string ResourceType::qualified_name() const {
  return group.empty() ? std::string(plural) : fmt::format("{}.{}", plural, group);
}

const ResourceType& type_of(Resource resource) {
  const ResourceType& type = kTypes[static_cast<std::size_t>(resource)];
  PODCRON_ASSERT(type.resource == resource);
  return type;
}

std::string_view RequestPath::query_value(std::string_view key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return {};
}

bool RequestPath::query_is_true(std::string_view key) const {
  const std::string_view value = query_value(key);
  return value == "true" || value == "1";
}

std::optional<RequestPath> parse_request_path(std::string_view path) {
  RequestPath parsed;
  const std::size_t mark = path.find('?');
  if (mark != std::string_view::npos) {
    for (const std::string_view pair : split(path.substr(mark + 1), '&')) {
      const std::size_t equals = pair.find('=');
      const std::string_view value =
          equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
      parsed.query.emplace_back(decode(pair.substr(0, equals), true), decode(value, true));
    }
    path = path.substr(0, mark);
  }
  if (!path.starts_with('/')) return std::nullopt;
  const std::vector<std::string_view> all_parts = split(path.substr(1), '/');
  std::span<const std::string_view> parts(all_parts);
  const auto group = take_group(parts);
  if (!group) return std::nullopt;
  if (parts.size() >= 3 && parts[0] == "namespaces") {
    parsed.namespace_ = decode(parts[1], false);
    parts = parts.subspan(2);
  }
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  const ResourceType* type = find_type(group->first, group->second, parts[0]);
  if (type == nullptr) return std::nullopt;
  parsed.resource = type->resource;
  if (parts.size() > 1) parsed.name = decode(parts[1], false);
  if (parts.size() > 2) parsed.subresource = decode(parts[2], false);
  return parsed;
}

}  // namespace podcron::simulation
