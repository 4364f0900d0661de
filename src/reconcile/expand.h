// $(PODCRON_...) in argv, as Kubernetes expands $(VAR) in a container's command.
//
// $$( gives a literal $(. A name that is not ours stays as it is written.
// Source: k8s.io/kubernetes third_party/forked/golang/expansion (the rules, not the code).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/pod_job_spec.h"
#include "base/time.h"

namespace podcron::reconcile {

/// The identity that a run carries into the pod.
struct RunIdentity {
  std::string run_id;  // the PodJob's name for scheduled runs: a function of (UID, time)
  WallTime scheduled_time;
  std::int32_t attempt = 1;
  std::string pod_name;
  std::uint32_t target_index = 0;
};

std::string expand(std::string_view text, const RunIdentity& identity);

/// argv of the exec: `env PODCRON_RUN_ID=... NAME=VALUE... command...`, or the bare command where
/// the container has no `env`. The user's own env cannot replace the identity.
std::vector<std::string> argv_of(const api::ExecSpec& exec, const RunIdentity& identity,
                                 bool through_env);

}  // namespace podcron::reconcile
