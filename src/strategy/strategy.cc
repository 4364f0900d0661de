#include "strategy/strategy.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hash.h"
#include "strategy/all.h"
#include "strategy/least_recent.h"
#include "strategy/ordinal.h"
#include "strategy/per_topology.h"
#include "strategy/percent.h"
#include "strategy/random.h"
#include "strategy/ready_time.h"
#include "strategy/round_robin.h"
#include "strategy/sticky.h"
#include "strategy/webhook.h"

namespace podcron::strategy {
namespace {

constexpr std::array kTable{
    Row{"All", choose_all, choose_one_at_random},
    Row{"LeastRecent", choose_least_recent, choose_least_recent, remember_least_recent},
    Row{"Newest", choose_newest, choose_newest},
    Row{"Oldest", choose_oldest, choose_oldest},
    Row{"Ordinal", choose_ordinal, choose_ordinal},
    Row{"PerTopology", choose_per_topology, choose_one_at_random, nullptr, in_same_place},
    Row{"Percent", choose_percent, choose_one_at_random},
    Row{"Random", choose_random, choose_one_at_random},
    Row{"RoundRobin", choose_round_robin, choose_round_robin, remember_round_robin},
    Row{"Sticky", choose_sticky, choose_sticky},
    Row{"Webhook", choose_webhook, choose_webhook_again},
};

constexpr std::size_t kHundredPercent = 100;

}  // namespace

std::uint64_t seed_of(const Uid& pod_cron_job, WallTime scheduled_time, std::uint32_t redraw) {
  std::uint64_t seed = hash_combine(pod_cron_job.high, pod_cron_job.low);
  seed = hash_combine(seed, static_cast<std::uint64_t>(scheduled_time.time_since_epoch().count()));
  return hash_combine(seed, redraw);
}

std::uint64_t seed_of(const Uid& pod_job, std::uint32_t redraw) {
  return hash_combine(hash_combine(pod_job.high, pod_job.low), redraw);
}

std::span<const Row> table() { return kTable; }

const Row* find(std::string_view type) {
  const auto row = std::find_if(kTable.begin(), kTable.end(),
                                [&](const Row& each) { return each.type == type; });
  return row == kTable.end() ? nullptr : &*row;
}

api::StringMap remember(const api::StrategySpec& spec, const Occasion& occasion,
                        std::string_view chosen, std::span<const api::ActiveRun> active) {
  const Row* row = find(spec.type);
  if (row == nullptr || row->remember == nullptr) return {};
  return row->remember(occasion, chosen, active);
}

std::string why_none(const api::StrategySpec& spec, const Advice* advice) {
  if (asks_service(spec)) return why_no_advice(spec, advice);
  if (spec.type == "Ordinal") {
    return fmt::format("none of them is the StatefulSet pod with index {}", spec.ordinal);
  }
  if (spec.type == "PerTopology") {
    return fmt::format("no node of theirs has the label {}", spec.topology_key);
  }
  return fmt::format("strategy {} chooses none of them", spec.type);
}

std::size_t share_of(const api::IntOrPercent& share, std::size_t whole) {
  const auto value = static_cast<std::size_t>(std::max(share.value, 0));
  return share.percent ? whole * std::min(value, kHundredPercent) / kHundredPercent : value;
}

std::size_t parallel_of(const api::StrategySpec& spec, std::size_t targets) {
  return std::clamp(share_of(spec.max_parallel, targets), std::size_t{1},
                    std::max(targets, std::size_t{1}));
}

std::int64_t failed_max_of(const api::StrategySpec& spec, std::size_t targets) {
  return static_cast<std::int64_t>(share_of(spec.max_failed, targets));
}

}  // namespace podcron::strategy
