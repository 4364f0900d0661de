#include "api/decode.h"

namespace podcron::api {
namespace {

void read_conditions(const Node& node, Endpoint& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "serving") {
      value.read(out.serving);
    } else if (key == "terminating") {
      value.read(out.terminating);
    }
  });
}

void read_endpoint(const Node& node, std::vector<Endpoint>& out) {
  Endpoint endpoint;
  std::string_view kind;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "conditions") {
      read_conditions(value, endpoint);
    } else if (key == "targetRef") {
      if (const auto word = value.find("kind")) word->read(kind);
      // Anybody may write a slice: what is no UUID is the UID of no pod.
      if (const auto uid = value.find("uid")) uid->read_foreign(endpoint.pod);
    }
  });
  if (kind == "Pod" && !endpoint.pod.empty()) out.push_back(endpoint);
}

void read_slice_meta(const Node& node, EndpointSlice& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (read_meta_field(key, value, out.meta) || key != "labels") return;
    if (const auto service = value.find(kServiceNameLabel)) service->read(out.service);
  });
}

}  // namespace

void read_endpoint_slice(const Node& node, EndpointSlice& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      read_slice_meta(value, out);
    } else if (key == "endpoints") {
      out.endpoints.clear();
      value.items([&](const Node& item) { read_endpoint(item, out.endpoints); });
    }
  });
  require_meta(node, out.meta);
}

}  // namespace podcron::api
