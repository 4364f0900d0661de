// Sticky: the same pod while it stays eligible, by rendezvous hashing: each pod has a weight for
// this PodCronJob, and the heaviest is chosen. Pods that come and go move only what was on them,
// and PodCronJobs of one app spread over its pods.
//
// Source: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM
// Transactions on Networking 6(1), 1998.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_sticky(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
