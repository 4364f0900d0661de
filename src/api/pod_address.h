// Where a pod can be reached over the network. Read from the live pod right before an HTTP request
// and kept nowhere else: the rows of the store do without it.
//
// Source: k8s.io/api core/v1 Pod.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace podcron::api {

/// One entry of a container's `ports` with protocol TCP.
struct DeclaredPort {
  std::string container;
  std::string name;  // may be empty
  std::int32_t number = 0;
  friend bool operator==(const DeclaredPort&, const DeclaredPort&) = default;
};

struct PodAddress {
  std::vector<std::string> ips;       // status.podIPs, the primary one first
  std::vector<std::string> node_ips;  // status.hostIPs
  bool host_network = false;
  std::vector<DeclaredPort> ports;
  friend bool operator==(const PodAddress&, const PodAddress&) = default;
};

}  // namespace podcron::api
