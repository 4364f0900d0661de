#include "controller/loop/engine_config.h"

#include <sys/random.h>

#include <cstdlib>

namespace podcron::loop {
namespace {

std::uint64_t random_process_id() {
  std::uint64_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id)) std::abort();
  return id;
}

}  // namespace

engine::EngineConfig engine_config(const config::Config& config) {
  engine::EngineConfig result;
  result.pod_name = config.pod_name;
  result.lease_namespace = config.lease_namespace;
  result.process_id = random_process_id();
  result.serving_selector = config.serving_selector;
  result.owner_kinds = config.owner_kinds;
  result.namespaces = config.namespaces;
  result.runs_per_pod_max = config.runs_per_pod_max;
  result.runs_per_namespace_max = config.runs_per_namespace_max;
  result.concurrent_runs_max = config.concurrent_runs_max;
  result.globally_suspended = config.globally_suspended;
  result.session_webhook = config.webhook_listen.has_value();
  result.session_namespaces = config.webhook_namespaces;
  result.strategy_services = config::longest_waits(config.strategy_services);
  result.election = config.election;
  result.http.loopback_allowed = config.allow_loopback_targets;
  result.http.refused_addresses = {config.access.host};
  return result;
}

}  // namespace podcron::loop
