// metav1.Status bodies as the real API server writes them.
//
// Source: k8s.io/apimachinery pkg/api/errors; compared with the real one in tests/conformance.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "simulation/resource.h"

namespace podcron::simulation {

/// The answer to one request, before it goes back over the wire.
struct ApiAnswer {
  int status = 200;
  std::string body;
  std::optional<Seconds> retry_after;  // header Retry-After

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

ApiAnswer not_found(const ResourceType& type, std::string_view name);
ApiAnswer unknown_path();
ApiAnswer already_exists(const ResourceType& type, std::string_view name);
/// 409 of a stale resourceVersion.
ApiAnswer conflict(const ResourceType& type, std::string_view name);
/// 409 of a precondition on the UID or resourceVersion.
ApiAnswer precondition_failed(const ResourceType& type, std::string_view name,
                              std::string_view field, std::string_view wanted,
                              std::string_view found);
ApiAnswer invalid(const ResourceType& type, std::string_view name, std::string_view field,
                  std::string_view message);
ApiAnswer bad_request(std::string_view message);
ApiAnswer forbidden(const ResourceType& type, std::string_view name, std::string_view why);
ApiAnswer expired(std::string_view message);
ApiAnswer too_many_requests(Seconds retry_after);
ApiAnswer internal_error(std::string_view message);
ApiAnswer service_unavailable();
ApiAnswer gateway_timeout(std::string_view message);
ApiAnswer deleted_ok(const ResourceType& type, std::string_view name, std::string_view uid);

}  // namespace podcron::simulation
