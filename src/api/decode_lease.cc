#include "api/decode.h"

namespace podcron::api {
namespace {

void read_time(const Node& node, std::optional<WallMillis>& out) {
  if (!node.is_string()) return;
  std::string_view text;
  node.read(text);
  if (const auto instant = parse_rfc3339_millis(text)) out = *instant;
}

}  // namespace

void read_lease(const Node& node, Lease& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        if (read_meta_field(name, field, out.meta) || name != "annotations") return;
        if (const auto pod = field.find(kSessionPodAnnotation)) pod->read(out.session_pod);
      });
    } else if (key == "spec") {
      if (const auto holder = value.find("holderIdentity")) holder->read(out.holder_identity);
      if (const auto acquire = value.find("acquireTime")) read_time(*acquire, out.acquire_time);
      if (const auto renew = value.find("renewTime")) read_time(*renew, out.renew_time);
      if (const auto taken = value.find("leaseTransitions")) taken->read(out.transitions);
    }
  });
  require_meta(node, out.meta);
}

}  // namespace podcron::api
