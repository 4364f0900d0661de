// What a simulation is about: workloads, PodCronJobs and the size of the storm, drawn from the
// seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/cluster.h"
#include "simulation/environment.h"
#include "simulation/json.h"

namespace podcron::simulation {

/// The namespace of everything that users own.
inline constexpr std::string_view kNamespace = "shop";

struct Scenario {
  std::vector<WorkloadPlan> workloads;
  std::vector<Json> pod_cron_jobs;  // bodies to POST
};

/// `pod_cron_jobs` and `pods` 0: drawn (1-3 PodCronJobs, 2-8 pods).
Scenario draw_scenario(Environment& environment, std::size_t pod_cron_jobs, std::size_t pods);

/// A schedule that beat_of understands, of 5 to 60 seconds.
std::string draw_schedule(Prng& prng);

}  // namespace podcron::simulation
