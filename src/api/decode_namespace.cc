#include "api/decode.h"

namespace podcron::api {
namespace {

constexpr std::string_view kSuspendAnnotation = "podcron.dev/suspend";

}  // namespace

void read_namespace(const Node& node, Namespace& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key != "metadata") return;
    value.fields([&](std::string_view name, const Node& field) {
      if (read_meta_field(name, field, out.meta)) return;
      if (name == "labels") field.read(out.labels);
      if (name != "annotations") return;
      if (const auto suspend = field.find(kSuspendAnnotation)) {
        std::string_view text;
        suspend->read(text);
        out.suspended = text == "true";
      }
    });
  });
  require_cluster_meta(node, out.meta);
}

}  // namespace podcron::api
