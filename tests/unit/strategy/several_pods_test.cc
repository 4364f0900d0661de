// Goal: PerTopology and Percent choose as many as they promise, and fairly.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/pod_job.h"
#include "strategy/strategy.h"
#include "unit/even_spread.h"
#include "unit/strategy/replicas.h"

namespace podcron::strategy {
namespace {

using test::occasion;
using test::Replicas;
using test::strategy_of;

TEST(PerTopology, ChoosesOnePodOfEachNode) {
  Replicas replicas;
  for (int i = 0; i < 40; ++i)
    replicas.put_on(fmt::format("node-{}", i % 7), fmt::format("p{}", i));
  for (int minute = 0; minute < 50; ++minute) {
    std::set<std::string> nodes;
    const auto chosen = replicas.indices(strategy_of("PerTopology"), occasion(minute));
    for (const std::uint32_t index : chosen) nodes.insert(replicas.node(index));
    EXPECT_EQ(chosen.size(), 7U);
    EXPECT_EQ(nodes.size(), 7U);
  }
}

TEST(PerTopology, EachPodOfANodeIsEquallyLikely) {
  Replicas replicas;
  for (int i = 0; i < 8; ++i) replicas.put_on("node-a", fmt::format("a{}", i));
  for (int i = 0; i < 3; ++i) replicas.put_on("node-b", fmt::format("b{}", i));
  std::map<std::string, int> drawn;
  for (int minute = 0; minute < 40'000; ++minute) {
    for (const auto& name : replicas.choose(strategy_of("PerTopology"), occasion(minute))) {
      ++drawn[name];
    }
  }
  std::vector<int> on_a;
  for (int i = 0; i < 8; ++i) on_a.push_back(drawn[fmt::format("a{}", i)]);
  EXPECT_LT(test::chi_square(on_a), test::chi_square_limit(on_a.size()));
  EXPECT_EQ(drawn["b0"] + drawn["b1"] + drawn["b2"], 40'000);
}

TEST(PerTopology, DoesNotDependOnTheOrderInWhichPodsCame) {
  Replicas one;
  Replicas other;
  for (int i = 0; i < 30; ++i) one.put_on(fmt::format("node-{}", i % 4), fmt::format("p{}", i));
  for (int i = 29; i >= 0; --i) other.put_on(fmt::format("node-{}", i % 4), fmt::format("p{}", i));
  EXPECT_EQ(one.choose(strategy_of("PerTopology"), occasion()),
            other.choose(strategy_of("PerTopology"), occasion()));
}

std::size_t share(std::int32_t percent, std::size_t eligible) {
  api::StrategySpec spec = strategy_of("Percent");
  spec.percent = percent;
  return Replicas(eligible).choose(spec, occasion()).size();
}

TEST(Percent, IsRoundedDownButAtLeastOne) {
  EXPECT_EQ(share(1, 1), 1U);
  EXPECT_EQ(share(1, 99), 1U);
  EXPECT_EQ(share(50, 1), 1U);
  EXPECT_EQ(share(50, 3), 1U);
  EXPECT_EQ(share(67, 3), 2U);
  EXPECT_EQ(share(99, 10), 9U);
  EXPECT_EQ(share(100, 10), 10U);
  EXPECT_EQ(share(10, 0), 0U);
}

TEST(Percent, IsNoMoreThanARunCanHaveAndDrawnFromAll) {
  api::StrategySpec spec = strategy_of("Percent");
  spec.percent = 90;
  const Replicas replicas(3'000);
  const auto chosen = replicas.indices(spec, occasion());
  EXPECT_EQ(chosen.size(), api::kTargetsMax);
  EXPECT_GT(chosen.back(), 2'900U);
}

TEST(Percent, EachPodIsEquallyLikely) {
  const Replicas replicas(12);
  api::StrategySpec spec = strategy_of("Percent");
  spec.percent = 25;
  std::vector<int> drawn(replicas.size());
  for (int minute = 0; minute < 40'000; ++minute) {
    for (const std::uint32_t index : replicas.indices(spec, occasion(minute))) ++drawn[index];
  }
  EXPECT_LT(test::chi_square(drawn), test::chi_square_limit(drawn.size()));
}

}  // namespace
}  // namespace podcron::strategy
