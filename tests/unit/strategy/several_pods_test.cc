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

constexpr const char* kZone = "topology.kubernetes.io/zone";

/// Nodes 0 to 8, of which every third is in one zone, and of the last three only node 8.
Replicas in_zones() {
  Replicas replicas;
  for (int i = 0; i < 36; ++i) {
    replicas.put_on(fmt::format("node-{}", i % 9), fmt::format("p{:02}", i));
  }
  for (const int node : {0, 1, 2, 3, 4, 5, 8}) {
    replicas.put_node(fmt::format("node-{}", node), kZone, fmt::format("zone-{}", node % 3));
  }
  return replicas;
}

std::vector<std::string> choose_by_zone(const Replicas& replicas, int minute) {
  api::StrategySpec spec = strategy_of("PerTopology");
  spec.topology_key = kZone;
  Occasion now = occasion(minute);
  const Occasion with_nodes{now.pod_cron_job, now.scheduled_time, 0, now.state, &replicas.nodes()};
  return replicas.choose(spec, with_nodes);
}

std::string zone_of(const std::string& pod) {
  const int node = std::stoi(pod.substr(1)) % 9;
  return node < 6 || node == 8 ? fmt::format("zone-{}", node % 3) : "";
}

TEST(PerTopology, ChoosesOnePodForEachValueOfALabelOfNodes) {
  const Replicas replicas = in_zones();
  std::map<std::string, int> drawn;
  for (int minute = 0; minute < 12'000; ++minute) {
    std::set<std::string> zones;
    const auto chosen = choose_by_zone(replicas, minute);
    for (const std::string& pod : chosen) {
      zones.insert(zone_of(pod));
      ++drawn[pod];
    }
    ASSERT_EQ(chosen.size(), 3U);
    ASSERT_EQ(zones, (std::set<std::string>{"zone-0", "zone-1", "zone-2"}));
  }
  std::vector<int> in_last;  // three nodes with four pods each
  for (const auto& [pod, times] : drawn) {
    if (zone_of(pod) == "zone-2") in_last.push_back(times);
  }
  EXPECT_EQ(in_last.size(), 12U);
  EXPECT_LT(test::chi_square(in_last), test::chi_square_limit(in_last.size()));
}

TEST(PerTopology, PodsOnNodesWithoutTheLabelAreInNoPlace) {
  Replicas replicas;
  replicas.put_on("node-a", "a");
  replicas.put_on("node-b", "b");
  replicas.put_on("node-c", "c");
  replicas.put_node("node-a", kZone, "zone-1");
  replicas.put_node("node-b", "other", "zone-2");
  EXPECT_EQ(choose_by_zone(replicas, 0), std::vector<std::string>{"a"});
  replicas.put_node("node-a", "other", "zone-1");
  EXPECT_TRUE(choose_by_zone(replicas, 0).empty());
}

TEST(PerTopology, AnotherPodMayOnlyComeFromTheSamePlace) {
  const Replicas replicas = in_zones();
  const Occasion now = occasion();
  const Occasion with_nodes{now.pod_cron_job, now.scheduled_time, 0, now.state, &replicas.nodes()};
  api::StrategySpec spec = strategy_of("PerTopology");
  const auto may_replace = find("PerTopology")->may_replace;
  EXPECT_FALSE(may_replace(spec, with_nodes, "node-0", "node-3"));
  EXPECT_TRUE(may_replace(spec, with_nodes, "node-3", "node-3"));
  spec.topology_key = kZone;
  EXPECT_TRUE(may_replace(spec, with_nodes, "node-0", "node-3"));
  EXPECT_FALSE(may_replace(spec, with_nodes, "node-0", "node-1"));
  EXPECT_FALSE(may_replace(spec, with_nodes, "node-6", "node-7")) << "both are in none";
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
