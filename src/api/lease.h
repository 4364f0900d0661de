// coordination.k8s.io/v1 Lease: the sign of life of one controller process, or what is known of the
// interactive sessions in one pod (src/engine/sessions.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/object_meta.h"

namespace podcron::api {

/// Annotation of a session's Lease: "<namespace>/<name>" of the pod, for people and for those who
/// wait for that pod.
inline constexpr std::string_view kSessionPodAnnotation = "podcron.dev/pod";
/// Label of a session's Lease; its value is the kind of session.
inline constexpr std::string_view kSessionLabel = "podcron.dev/session";

struct Lease {
  ObjectMeta meta;
  std::string holder_identity;
  /// Others write Leases too: a time that is none counts as absent.
  std::optional<WallMillis> acquire_time;
  std::optional<WallMillis> renew_time;
  std::int64_t transitions = 0;  // of elections: how often another holder took it
  std::string session_pod;       // of kSessionPodAnnotation; empty: not there
  friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace podcron::api
