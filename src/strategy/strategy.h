// Eligible pods -> targets. Filter first, then choose.
//
// A strategy is a pure function of (eligible pods in name order, parameters, seed): a repeated
// decision is the same decision. One file and one row of the table in strategy.cc add a strategy.
// Source: docs/adr/0006-deterministic-strategies.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "api/pod_job_spec.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uid.h"

namespace podcron::strategy {

/// seed = hash(UID of the PodCronJob, scheduled time, redraw number).
std::uint64_t seed_of(const Uid& pod_cron_job, WallTime scheduled_time, std::uint32_t redraw);

/// Appends the indices (into the eligible pods in name order) of the chosen ones, none twice.
/// `eligible_count` may be 0. No allocation beyond `out`.
using Choose = void (*)(const api::StrategySpec& spec, std::size_t eligible_count,
                        std::uint64_t seed, std::vector<std::uint32_t>& out);

struct Row {
  std::string_view type;
  Choose choose;
};

/// All strategies of this build, by name.
std::span<const Row> table();

/// nullptr: not implemented in this build (the contract's section 5 has more).
const Row* find(std::string_view type);

/// How many targets may run at once: maxParallel for All (percent rounded down, at least one), all
/// of them otherwise.
std::size_t parallel_of(const api::StrategySpec& spec, std::size_t targets);

}  // namespace podcron::strategy
