#include "api/watched_kinds.h"

namespace podcron::api {

bool is_watched_kind(std::string_view api_group, std::string_view kind) {
  return api_group == "apps" && (kind == "ReplicaSet" || kind == "StatefulSet" ||
                                 kind == "DaemonSet" || kind == "Deployment");
}

}  // namespace podcron::api
