#include "strategy/strategy.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hash.h"
#include "strategy/all.h"
#include "strategy/random.h"

namespace podcron::strategy {
namespace {

constexpr std::array kTable{
    Row{"All", choose_all, choose_one_at_random},
    Row{"Random", choose_random, choose_one_at_random},
};

constexpr std::size_t kHundredPercent = 100;

/// Rounded down: a share is never more than was allowed.
std::size_t share_of(const api::IntOrPercent& share, std::size_t whole) {
  const auto value = static_cast<std::size_t>(std::max(share.value, 0));
  return share.percent ? whole * std::min(value, kHundredPercent) / kHundredPercent : value;
}

}  // namespace

std::uint64_t seed_of(const Uid& pod_cron_job, WallTime scheduled_time, std::uint32_t redraw) {
  std::uint64_t seed = hash_combine(pod_cron_job.high, pod_cron_job.low);
  seed = hash_combine(seed, static_cast<std::uint64_t>(scheduled_time.time_since_epoch().count()));
  return hash_combine(seed, redraw);
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

std::string why_none(const api::StrategySpec& spec) {
  if (spec.type == "Ordinal") {
    return fmt::format("none of them is the StatefulSet pod with index {}", spec.ordinal);
  }
  return fmt::format("strategy {} chooses none of them", spec.type);
}

std::size_t parallel_of(const api::StrategySpec& spec, std::size_t targets) {
  return std::clamp(share_of(spec.max_parallel, targets), std::size_t{1},
                    std::max(targets, std::size_t{1}));
}

std::int64_t failed_max_of(const api::StrategySpec& spec, std::size_t targets) {
  return static_cast<std::int64_t>(share_of(spec.max_failed, targets));
}

}  // namespace podcron::strategy
