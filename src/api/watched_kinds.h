// Which workloads podcron reads: their templates, selectors and revisions are known, and one that
// is not known does not exist. Of others it knows what owner references say.
#pragma once

#include <string_view>

namespace podcron::api {

/// ReplicaSet, StatefulSet, DaemonSet and Deployment of `apps`.
bool is_watched_kind(std::string_view api_group, std::string_view kind);

}  // namespace podcron::api
