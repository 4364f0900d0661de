// Nodes: watched from the first PodCronJob on whose strategy asks for one of their labels; and what
// a PodCronJob must wait for that others need not.
#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "observe/reasons.h"
#include "strategy/per_topology.h"

namespace podcron::engine {

namespace condition = observe::condition;

void Engine::State::note_topology(std::string_view namespace_, const api::StrategySpec& strategy) {
  if (strategy::asks_for_nodes(strategy)) need({kube::ObjectKind::kNode}, namespace_);
}

/// The list is complete, or labels have changed: a pod may be in another place now.
void Engine::State::nodes_changed() {
  for (auto& [id, row] : jobs_.rows()) {
    if (!strategy::asks_for_nodes(row.object.spec.job.strategy)) continue;
    row.assess = true;
    enqueue(id);
  }
  for (const auto& [id, made] : hand_made_.rows()) {
    if (strategy::asks_for_nodes(made.record.spec.strategy)) enqueue(id);
  }
}

const Engine::State::Stream& Engine::State::node_stream() const {
  return *std::find_if(streams_.begin(), streams_.end(), [](const Stream& stream) {
    return stream.machine.target().kind == kube::ObjectKind::kNode;
  });
}

bool Engine::State::nodes_known(const api::StrategySpec& strategy) const {
  return !strategy::asks_for_nodes(strategy) || node_stream().machine.synced();
}

bool Engine::State::all_known(std::string_view namespace_,
                              const api::PodJobTemplateSpec& spec) const {
  return endpoints_known(namespace_, spec.target) && nodes_known(spec.strategy);
}

std::optional<reconcile::Unreadable> Engine::State::why_unknown(
    std::string_view namespace_, const api::PodJobTemplateSpec& spec) const {
  if (!endpoints_known(namespace_, spec.target)) {
    std::string why = why_endpoints_unknown(namespace_, spec.target);
    if (!why.empty()) return reconcile::Unreadable{condition::kEndpointsNotListed, std::move(why)};
  }
  if (!nodes_known(spec.strategy) && !node_stream().refusal.empty()) {
    return reconcile::Unreadable{
        condition::kNodesNotListed,
        fmt::format("Nodes cannot be read, so that nothing is decided by their label {}: {}",
                    spec.strategy.topology_key, node_stream().refusal)};
  }
  std::string no_service = reconcile::unknown_service(spec.strategy, config_.strategy_services);
  if (!no_service.empty()) {
    return reconcile::Unreadable{condition::kUnknownStrategyService, std::move(no_service)};
  }
  return std::nullopt;
}

/// What waits for this stream alone says why it decides nothing.
void Engine::State::note_refusal(Stream& stream, const StreamEnded& ended) {
  const bool first = stream.refusal.empty();
  stream.refusal = ended.http_status == 0
                       ? "the API server does not answer"
                       : fmt::format("HTTP {}: {}", ended.http_status, ended.error);
  if (!first) return;
  if (stream.machine.target().kind == kube::ObjectKind::kNode) {
    nodes_changed();
  } else {
    endpoints_refused();
  }
}

}  // namespace podcron::engine
