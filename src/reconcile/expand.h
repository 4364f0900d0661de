// The identity that a run carries into the pod: $(PODCRON_...) in what the user wrote, expanded as
// Kubernetes expands $(VAR) in a container's command, and the same as environment or headers.
//
// $$( gives a literal $(. A name that is not ours stays as it is written.
// Source: k8s.io/kubernetes third_party/forked/golang/expansion (the rules, not the code).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/pod_job_spec.h"
#include "base/time.h"

namespace podcron::reconcile {

struct RunIdentity {
  std::string run_id;  // the PodJob's name for scheduled runs: a function of (UID, time)
  WallTime scheduled_time;
  std::int32_t attempt = 1;
  std::string pod_name;
  std::uint32_t target_index = 0;
  std::string job;  // "namespace/name" of the PodCronJob; empty: of none
};

std::string expand(std::string_view text, const RunIdentity& identity);

/// argv of the exec: `env PODCRON_RUN_ID=... NAME=VALUE... command...`, or the bare command where
/// the container has no `env`. The user's own env cannot replace the identity.
std::vector<std::string> argv_of(const api::ExecSpec& exec, const RunIdentity& identity,
                                 bool through_env);

/// What is sent of an HttpSpec.
struct HttpText {
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Expanded, with the identity's headers: Idempotency-Key (the same over redraws and attempts),
/// Podcron-Job, Podcron-Scheduled-Time, Podcron-Attempt.
HttpText http_text_of(const api::HttpSpec& http, const RunIdentity& identity);
/// As it is written: a probe is nobody's run.
HttpText http_text_of_probe(const api::HttpSpec& http);

}  // namespace podcron::reconcile
