// Random: `count` pods, uniformly, without replacement.
#pragma once

#include <cstdint>
#include <vector>

#include "api/pod_job_spec.h"

namespace podcron::strategy {

void choose_random(const api::StrategySpec& spec, std::size_t eligible_count, std::uint64_t seed,
                   std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
