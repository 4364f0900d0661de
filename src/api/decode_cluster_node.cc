#include "api/decode.h"

namespace podcron::api {

void read_cluster_node(const Node& node, ClusterNode& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key != "metadata") return;
    value.fields([&](std::string_view name, const Node& field) {
      if (read_meta_field(name, field, out.meta)) return;
      if (name == "labels") field.read(out.labels);
    });
  });
  require_cluster_meta(node, out.meta);
}

}  // namespace podcron::api
