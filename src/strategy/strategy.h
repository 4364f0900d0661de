// Eligible pods -> targets. Filter first, then choose.
//
// A strategy is a pure function of (eligible pods in name order, parameters, strategyState, seed):
// a repeated decision is the same decision. One file and one row of the table in strategy.cc add a
// strategy. Source: docs/adr/0006-deterministic-strategies.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job_spec.h"
#include "base/time.h"
#include "base/uid.h"
#include "store/node_store.h"
#include "strategy/candidates.h"

namespace podcron::strategy {

/// seed = hash(UID of the PodCronJob, scheduled time, redraw number).
std::uint64_t seed_of(const Uid& pod_cron_job, WallTime scheduled_time, std::uint32_t redraw);
/// Of a run made by hand: hash(UID of the PodJob, redraw number).
std::uint64_t seed_of(const Uid& pod_job, std::uint32_t redraw);

struct Advice;  // strategy/webhook.h

/// Which draw it is: of whom, for when, and what the draws before it left behind.
struct Occasion {
  Uid pod_cron_job;
  WallTime scheduled_time;
  std::uint32_t redraw = 0;
  const api::StringMap& state;  // status.strategyState, as it is now
  /// Asked by PerTopology with another key than the hostname. Null: no node is known.
  const store::NodeStore* nodes = nullptr;
  /// Webhook: what the service said about this time; null: it was not asked, so nobody is chosen.
  const Advice* advice = nullptr;
  /// Of a run made by hand, whose draw it is; empty: a scheduled one.
  Uid pod_job{};
};

struct Question {
  const api::StrategySpec& spec;
  const Candidates& candidates;
  const Occasion& occasion;

  [[nodiscard]] std::uint64_t seed() const {
    return occasion.pod_job.empty()
               ? seed_of(occasion.pod_cron_job, occasion.scheduled_time, occasion.redraw)
               : seed_of(occasion.pod_job, occasion.redraw);
  }
};

/// Appends the indices (into the candidates) of the chosen ones, in name order and none twice.
/// There may be no candidates. No allocation beyond `out`, which may grow for a while by more than
/// is chosen.
using Choose = void (*)(const Question& question, std::vector<std::uint32_t>& out);

/// What strategyState is after `chosen` was drawn; `active` are the unfinished runs, perhaps with
/// this one. At most kStrategyStateMax entries, sorted.
using Remember = api::StringMap (*)(const Occasion& occasion, std::string_view chosen,
                                    std::span<const api::ActiveRun> active);

struct Row {
  std::string_view type;
  Choose choose;
  /// One pod in place of a chosen one that certainly did not start.
  Choose choose_again;
  /// Null: each draw stands for itself.
  Remember remember = nullptr;
  /// Null: any other pod may take the place of one on the node `other`.
  bool (*may_replace)(const api::StrategySpec& spec, const Occasion& occasion,
                      std::string_view node, std::string_view other) = nullptr;
};

/// All strategies of this build, by name.
std::span<const Row> table();

/// nullptr: not implemented in this build (the contract's section 5 has more).
const Row* find(std::string_view type);

/// What strategyState is once a claim chose `chosen` first. A strategy that remembers nothing
/// leaves nothing, also not what another one wrote.
api::StringMap remember(const api::StrategySpec& spec, const Occasion& occasion,
                        std::string_view chosen, std::span<const api::ActiveRun> active);

/// Why there are eligible pods and yet none was chosen, to go after "3 of 3 pods eligible; ".
std::string why_none(const api::StrategySpec& spec, const Advice* advice = nullptr);

/// The part of `whole` that a number (which may be more) or a percentage is; rounded down, since a
/// share is never more than was allowed.
std::size_t share_of(const api::IntOrPercent& share, std::size_t whole);

/// How many targets may run at once: maxParallel (percent rounded down, at least one).
std::size_t parallel_of(const api::StrategySpec& spec, std::size_t targets);

/// How many targets may fail before the run has: maxFailed (percent rounded down).
std::int64_t failed_max_of(const api::StrategySpec& spec, std::size_t targets);

}  // namespace podcron::strategy
