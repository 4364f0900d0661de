// All: every eligible pod.
#pragma once

#include <cstdint>
#include <vector>

#include "api/pod_job_spec.h"

namespace podcron::strategy {

void choose_all(const api::StrategySpec& spec, std::size_t eligible_count, std::uint64_t seed,
                std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
