#include "strategy/strategy.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "strategy/all.h"
#include "strategy/random.h"

namespace podcron::strategy {
namespace {

constexpr std::array kTable{
    Row{"All", choose_all},
    Row{"Random", choose_random},
};

constexpr std::size_t kHundredPercent = 100;

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

std::size_t parallel_of(const api::StrategySpec& spec, std::size_t targets) {
  if (spec.type != "All") return targets;
  std::size_t parallel = static_cast<std::size_t>(std::max(spec.max_parallel.value, 0));
  if (spec.max_parallel.percent) {
    parallel = targets * std::min(parallel, kHundredPercent) / kHundredPercent;
  }
  return std::clamp(parallel, std::size_t{1}, std::max(targets, std::size_t{1}));
}

}  // namespace podcron::strategy
