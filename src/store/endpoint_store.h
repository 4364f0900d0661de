// Which pods serve for a Service: the union of its EndpointSlices, by pod UID.
//
// A Service has a slice for each address family and port set, of at most some hundred endpoints,
// and while one moves between two slices it stands in both or in none. So a pod belongs to a
// Service when any slice names it, and serves when any of its entries says so: what is newer about
// the pod itself (being deleted, not ready) other rules read from the pod.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint_slice.h"
#include "base/uid.h"

namespace podcron::store {

/// One Service as rules 22 and 23 ask it.
class ServiceEndpoints {
 public:
  enum class Membership : std::uint8_t { kNone, kNotServing, kServing };

  /// Cost: logarithmic in the endpoints.
  [[nodiscard]] Membership of(const Uid& pod) const;

 private:
  friend class EndpointStore;
  struct Entries {
    std::uint32_t all = 0;
    std::uint32_t serving = 0;  // and not terminating
  };
  std::map<Uid, Entries> pods_;
};

/// "namespace/name" of a Service.
std::string service_key(std::string_view namespace_, std::string_view service);

class EndpointStore {
 public:
  /// The Services (by service_key) whose union is another one now: none, one, or two when the slice
  /// changed its label. A slice that is older than what is known is only marked.
  std::vector<std::string> apply(const api::EndpointSlice& slice, std::uint32_t epoch);
  std::vector<std::string> erase(const api::EndpointSlice& slice);
  /// Removes what is not marked with `epoch`, with a namespace only there. The changed Services.
  std::vector<std::string> sweep(std::uint32_t epoch, std::string_view namespace_ = {});

  /// nullptr: no slice of the Service names a pod.
  [[nodiscard]] const ServiceEndpoints* find(std::string_view namespace_,
                                             std::string_view service) const;
  [[nodiscard]] std::size_t slices() const { return rows_.size(); }

 private:
  struct Row {
    api::EndpointSlice slice;
    std::uint32_t epoch = 0;
  };
  using Rows = std::map<std::string, Row, std::less<>>;  // by "namespace/name"

  /// In the union of `service`, the entries `come` take the place of `leave`; tells `changed` if
  /// that makes a difference. Cost: the entries of these slices, not those of the Service.
  void exchange(const std::string& service, const std::vector<api::Endpoint>& leave,
                const std::vector<api::Endpoint>& come, std::vector<std::string>& changed);

  Rows rows_;
  std::map<std::string, ServiceEndpoints, std::less<>> services_;  // by service_key
};

}  // namespace podcron::store
