#include "api/decode.h"

namespace podcron::api {

void read_lease(const Node& node, Lease& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        read_meta_field(name, field, out.meta);
      });
    } else if (key == "spec") {
      if (const auto holder = value.find("holderIdentity")) holder->read(out.holder_identity);
    }
  });
  require_meta(node, out.meta);
}

}  // namespace podcron::api
