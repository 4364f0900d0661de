// One PodCronJob and everything of its namespace that decides about its pods, in the very stores
// that the controller fills.
#pragma once

#include <string>
#include <vector>

#include "api/pod_cron_job.h"
#include "base/result.h"
#include "cli/api_server.h"
#include "engine/sessions.h"
#include "engine/tables.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::cli {

struct Snapshot {
  api::PodCronJob job;
  store::PodStore pods;  // all of the namespace, labelled as serving or not
  store::WorkloadStore workloads;
  store::EndpointStore endpoints;       // filled when target.serviceName is set
  engine::PodLoad load;                 // rule 26
  engine::Sessions sessions{""};        // rule 25
  std::string sessions_unread;          // why there are none; empty: they were read
  std::vector<std::string> unreadable;  // objects that could not be decoded, a line each
};

/// Errors: those of ApiServer::get; kMalformed when it is no PodCronJob that podcron understands.
Result<api::PodCronJob> get_pod_cron_job(ApiServer& server, const std::string& namespace_,
                                         const std::string& name);

/// One GET and seven lists, eight with target.serviceName. Errors: those of get_pod_cron_job and
/// ApiServer::list; not that the sessions in podcron's own namespace may not be read.
Result<Snapshot> take_snapshot(ApiServer& server, const std::string& namespace_,
                               const std::string& name, const std::string& podcron_namespace);

}  // namespace podcron::cli
