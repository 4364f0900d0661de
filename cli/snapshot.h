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
#include "store/node_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::cli {

struct Snapshot {
  api::PodCronJob job;
  store::PodStore pods;  // all of the namespace, labelled as serving or not
  store::WorkloadStore workloads;
  store::EndpointStore endpoints;       // filled when target.serviceName is set
  store::NodeStore nodes;               // filled when the strategy asks for their labels
  std::string nodes_unread;             // why there are none; empty: they were read
  engine::PodLoad load;                 // rule 26
  engine::Sessions sessions{""};        // rule 25
  std::string sessions_unread;          // why there are none; empty: they were read
  std::vector<std::string> unreadable;  // objects that could not be decoded, a line each
};

/// Errors: those of ApiServer::get; kMalformed when it is no PodCronJob that podcron understands.
Result<api::PodCronJob> get_pod_cron_job(ApiServer& server, const std::string& namespace_,
                                         const std::string& name);

/// What `job` meets: seven lists, more with target.serviceName and PerTopology. Errors: those of
/// ApiServer::list; not that what belongs to no namespace of the user may not be read, Nodes and
/// the sessions in podcron's own.
Result<Snapshot> take_snapshot(ApiServer& server, api::PodCronJob job,
                               const std::string& podcron_namespace);

}  // namespace podcron::cli
