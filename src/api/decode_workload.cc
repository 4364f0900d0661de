#include "api/decode.h"

namespace podcron::api {
namespace {

void read_pod_template(const Node& node, Workload& out) {
  const auto spec = node.find("spec");
  if (!spec) return;
  const auto containers = spec->find("containers");
  if (!containers) return;
  out.containers.clear();
  containers->items([&](const Node& item) { read_container(item, out.containers.emplace_back()); });
}

}  // namespace

void read_workload(const Node& node, std::string_view kind, Workload& out) {
  out.kind.assign(kind);
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        if (read_meta_field(name, field, out.meta)) return;
        if (name == "ownerReferences") read_controller(field, out.controller);
      });
    } else if (key == "spec") {
      value.fields([&](std::string_view name, const Node& field) {
        if (name == "selector") {
          read_selector(field, out.selector);
        } else if (name == "template") {
          read_pod_template(field, out);
        }
      });
    }
  });
  require_meta(node, out.meta);
}

}  // namespace podcron::api
