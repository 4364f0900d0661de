// discovery.k8s.io/v1 EndpointSlice: which pods a Service sends traffic to.
//
// Source: k8s.io/api discovery/v1; facts behind each field: docs/eligibility.md. `ready` is left
// out: publishNotReadyAddresses makes it true for pods that do not serve.
#pragma once

#include <string>
#include <vector>

#include "api/object_meta.h"

namespace podcron::api {

/// One entry whose targetRef is a pod. Entries without one (a selectorless Service, a mesh) name
/// addresses only, and an address is no identity.
struct Endpoint {
  Uid pod;
  bool serving = true;       // absent counts as true
  bool terminating = false;  // absent counts as false
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct EndpointSlice {
  ObjectMeta meta;
  std::string service;  // label kubernetes.io/service-name; empty: of no Service
  std::vector<Endpoint> endpoints;
  friend bool operator==(const EndpointSlice&, const EndpointSlice&) = default;
};

/// What ties a slice to its Service, whoever writes it.
inline constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

}  // namespace podcron::api
