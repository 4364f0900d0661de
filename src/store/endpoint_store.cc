#include "store/endpoint_store.h"

#include <algorithm>
#include <utility>

namespace podcron::store {
namespace {

std::string service_of(const api::EndpointSlice& slice) {
  return service_key(slice.meta.namespace_, slice.service);
}

}  // namespace

std::string service_key(std::string_view namespace_, std::string_view service) {
  std::string key(namespace_);
  key += '/';
  key += service;
  return key;
}

ServiceEndpoints::Membership ServiceEndpoints::of(const Uid& pod) const {
  const auto at = pods_.find(pod);
  if (at == pods_.end()) return Membership::kNone;
  return at->second.serving > 0 ? Membership::kServing : Membership::kNotServing;
}

std::vector<std::string> EndpointStore::apply(const api::EndpointSlice& slice,
                                              std::uint32_t epoch) {
  std::vector<std::string> changed;
  Row& row = rows_[service_key(slice.meta.namespace_, slice.meta.name)];
  row.epoch = epoch;
  if (row.slice.meta.resource_version > slice.meta.resource_version) return changed;
  const std::string service = service_of(slice);
  if (service_of(row.slice) == service) {
    exchange(service, row.slice.endpoints, slice.endpoints, changed);
  } else {
    exchange(service_of(row.slice), row.slice.endpoints, {}, changed);
    exchange(service, {}, slice.endpoints, changed);
  }
  row.slice = slice;
  return changed;
}

std::vector<std::string> EndpointStore::erase(const api::EndpointSlice& slice) {
  std::vector<std::string> changed;
  const auto row = rows_.find(service_key(slice.meta.namespace_, slice.meta.name));
  if (row == rows_.end() || row->second.slice.meta.resource_version > slice.meta.resource_version) {
    return changed;
  }
  exchange(service_of(row->second.slice), row->second.slice.endpoints, {}, changed);
  rows_.erase(row);
  return changed;
}

std::vector<std::string> EndpointStore::sweep(std::uint32_t epoch, std::string_view namespace_) {
  std::vector<std::string> changed;
  for (auto row = rows_.begin(); row != rows_.end();) {
    const api::EndpointSlice& slice = row->second.slice;
    const bool listed = namespace_.empty() || slice.meta.namespace_ == namespace_;
    if (!listed || row->second.epoch == epoch) {
      ++row;
      continue;
    }
    exchange(service_of(slice), slice.endpoints, {}, changed);
    row = rows_.erase(row);
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

const ServiceEndpoints* EndpointStore::find(std::string_view namespace_,
                                            std::string_view service) const {
  const auto at = services_.find(service_key(namespace_, service));
  return at == services_.end() ? nullptr : &at->second;
}

void EndpointStore::exchange(const std::string& service, const std::vector<api::Endpoint>& leave,
                             const std::vector<api::Endpoint>& come,
                             std::vector<std::string>& changed) {
  if (leave.empty() && come.empty()) return;
  ServiceEndpoints& endpoints = services_[service];
  std::vector<std::pair<Uid, ServiceEndpoints::Membership>> before;
  before.reserve(leave.size() + come.size());
  for (const auto* side : {&leave, &come}) {
    for (const api::Endpoint& each : *side) before.emplace_back(each.pod, endpoints.of(each.pod));
  }
  for (const api::Endpoint& each : come) {
    ServiceEndpoints::Entries& entries = endpoints.pods_[each.pod];
    ++entries.all;
    entries.serving += each.serving && !each.terminating ? 1 : 0;
  }
  for (const api::Endpoint& each : leave) {
    const auto at = endpoints.pods_.find(each.pod);
    --at->second.all;
    at->second.serving -= each.serving && !each.terminating ? 1 : 0;
    if (at->second.all == 0) endpoints.pods_.erase(at);
  }
  const bool differs = std::any_of(before.begin(), before.end(), [&](const auto& was) {
    return endpoints.of(was.first) != was.second;
  });
  if (differs) changed.push_back(service);
  if (endpoints.pods_.empty()) services_.erase(service);
}

}  // namespace podcron::store
