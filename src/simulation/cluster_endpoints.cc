// The endpoint controller of the virtual cluster: a little late, and with two slices a Service.
#include <array>

#include <fmt/format.h>

#include "simulation/cluster.h"

namespace podcron::simulation {
namespace {

constexpr std::string_view kEndpointController = "endpointslice-controller";
constexpr std::uint64_t kDelayMost = 900;  // milliseconds

}  // namespace

void Cluster::endpoints_change(std::size_t workload) {
  if (!workloads_[workload].plan.service || workloads_[workload].endpoints_pending) return;
  workloads_[workload].endpoints_pending = true;
  const Millis delay{static_cast<std::int64_t>(1 + endpoint_delays_.below(kDelayMost))};
  environment_.timeline.after(delay, [this, workload] { write_endpoints(workload); });
}

/// As podToEndpoint of the real one: `serving` is the condition Ready, whatever else is true.
void Cluster::write_endpoints(std::size_t workload) {
  workloads_[workload].endpoints_pending = false;
  const WorkloadPlan& plan = workloads_[workload].plan;
  std::array<Json, 2> endpoints{Json::array(), Json::array()};
  for (const auto& [key, pod] : pods_) {
    if (pod.workload != workload || !pod.running) continue;
    endpoints.at(pod.ordinal % 2)
        .push_back({{"addresses", {fmt::format("10.244.{}.{}", workload, pod.ordinal + 2)}},
                    {"conditions",
                     {{"ready", pod.ready && !pod.terminating},
                      {"serving", pod.ready},
                      {"terminating", pod.terminating}}},
                    {"targetRef",
                     {{"kind", "Pod"},
                      {"namespace", key.namespace_},
                      {"name", key.name},
                      {"uid", pod.uid}}}});
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    server_.put(Resource::kEndpointSlices,
                {{"metadata",
                  {{"namespace", plan.namespace_},
                   {"name", fmt::format("{}-slice{}", plan.name, i)},
                   {"labels", {{"kubernetes.io/service-name", plan.name}}}}},
                 {"addressType", "IPv4"},
                 {"endpoints", std::move(endpoints.at(i))}},
                kEndpointController);
  }
}

}  // namespace podcron::simulation
