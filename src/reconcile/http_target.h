// Where an HTTP request to a pod goes: the pod's own address and a port that it declares.
//
// The address is hostile input: whoever may write a pod's status may put any address there. So
// what is not an ordinary pod's address is refused, and nothing but the selected pod is reached.
// Source: the contract's section 6; docs/http.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/pod_address.h"
#include "api/pod_job_spec.h"
#include "base/result.h"

namespace podcron::reconcile {

struct HttpRules {
  bool loopback_allowed = false;               // for tests, whose pods have no other addresses
  std::vector<std::string> refused_addresses;  // of the API server
};

struct HttpTarget {
  std::string address;  // IPv4, or IPv6 without brackets
  std::uint16_t port = 0;
};

/// The primary address, and the port: by number or name, of the target container before others.
/// Errors: kInvalidArgument, saying what is wrong with this pod, for its record. Refused are pods
/// with the node's network, and addresses that are loopback, link-local, multicast, unspecified,
/// a node's or the API server's, also behind an IPv4-mapped or -translated IPv6 address.
Result<HttpTarget> http_target(const api::PodAddress& pod, std::string_view container,
                               const api::PortRef& port, const HttpRules& rules);

}  // namespace podcron::reconcile
