// Goal: Sticky, Oldest, Newest and Ordinal name the one pod that they promise.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "strategy/strategy.h"
#include "unit/even_spread.h"
#include "unit/strategy/replicas.h"

namespace podcron::strategy {
namespace {

using test::occasion;
using test::Replicas;
using test::strategy_of;

/// What each of many PodCronJobs sticks to.
std::vector<std::string> stuck_to(const Replicas& replicas, std::int64_t minute = 0) {
  std::vector<std::string> pods;
  for (const std::string& identity : test::identities()) {
    pods.push_back(
        replicas.choose(strategy_of("Sticky"), occasion(minute, test::uid_of(identity))).at(0));
  }
  return pods;
}

TEST(Sticky, StaysWithItsPodAtAllTimes) {
  const Replicas replicas(7);
  EXPECT_EQ(stuck_to(replicas), stuck_to(replicas, 99));
}

TEST(Sticky, WhoGoesMovesOnlyWhatItHad) {
  Replicas replicas(20);
  const auto before = stuck_to(replicas);
  const std::string gone = "shop-7c9d-00011";
  replicas.remove(gone);
  const auto after = stuck_to(replicas);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == gone) {
      EXPECT_NE(after[i], gone);
    } else {
      EXPECT_EQ(after[i], before[i]);
    }
  }
  replicas.put(gone);
  EXPECT_EQ(stuck_to(replicas), before) << "what comes back gets back what it had";
}

TEST(Sticky, WhoComesTakesItsShareAndNothingElseMoves) {
  Replicas replicas(19);
  const auto before = stuck_to(replicas);
  const std::string made = "shop-7c9d-00019";
  replicas.put(made);
  const auto after = stuck_to(replicas);
  int moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (after[i] == before[i]) continue;
    EXPECT_EQ(after[i], made);
    ++moved;
  }
  EXPECT_NEAR(moved, test::kIdentities / 20, 75);  // 3.5 standard deviations
}

TEST(Sticky, PodCronJobsSpreadOverThePodsEvenly) {
  const Replicas replicas(20);
  std::map<std::string, int> load;
  for (const std::string& pod : stuck_to(replicas)) ++load[pod];
  std::vector<int> counts;
  for (std::size_t i = 0; i < replicas.size(); ++i) counts.push_back(load[replicas.name(i)]);
  EXPECT_LT(test::chi_square(counts), test::chi_square_limit(counts.size()));
}

TEST(Sticky, APodThatWasMadeAgainIsAnotherOne) {
  Replicas replicas(5);
  const auto before = stuck_to(replicas);
  api::Pod again = replicas.pod("shop-7c9d-00002");
  again.meta.uid = Uid{77, 78};
  replicas.put(again);
  const auto after = stuck_to(replicas);
  EXPECT_NE(after, before);
}

TEST(ReadyTime, OldestAndNewestGoByTheReadyTimeAndThenByName) {
  Replicas replicas;
  replicas.put_ready_since(test::kNow - Seconds(50), "a");
  replicas.put_ready_since(test::kNow - Seconds(99), "b");
  replicas.put_ready_since(test::kNow - Seconds(10), "c");
  replicas.put_ready_since(test::kNow - Seconds(99), "d");
  replicas.put_ready_since(test::kNow - Seconds(10), "e");
  EXPECT_EQ(replicas.choose(strategy_of("Oldest"), occasion()), std::vector<std::string>{"b"});
  EXPECT_EQ(replicas.choose(strategy_of("Newest"), occasion()), std::vector<std::string>{"c"});
}

TEST(ReadyTime, WhoDoesNotSayComesLastInBothOrders) {
  Replicas replicas;
  replicas.put_ready_since(std::nullopt, "a");
  replicas.put_ready_since(std::nullopt, "b");
  for (const char* type : {"Oldest", "Newest"}) {
    EXPECT_EQ(replicas.choose(strategy_of(type), occasion()), std::vector<std::string>{"a"});
  }
  replicas.put_ready_since(test::kNow, "c");
  for (const char* type : {"Oldest", "Newest"}) {
    EXPECT_EQ(replicas.choose(strategy_of(type), occasion()), std::vector<std::string>{"c"});
  }
}

std::vector<std::string> with_ordinal(const Replicas& replicas, std::int32_t ordinal,
                                      api::OrdinalFallback fallback = api::OrdinalFallback::kNone) {
  api::StrategySpec spec = strategy_of("Ordinal");
  spec.ordinal = ordinal;
  spec.fallback = fallback;
  return replicas.choose(spec, occasion());
}

TEST(Ordinal, IsTheNumberInTheNameAndNotThePlaceInTheList) {
  Replicas replicas;
  for (const int ordinal : {0, 2, 10, 21, 100}) replicas.put(replicas.stateful(ordinal));
  for (const int ordinal : {0, 2, 10, 21, 100}) {
    EXPECT_EQ(with_ordinal(replicas, ordinal),
              std::vector<std::string>{fmt::format("db-{}", ordinal)});
  }
  for (const int ordinal : {1, 3, 4, 20, 1000, -2}) {
    EXPECT_TRUE(with_ordinal(replicas, ordinal).empty()) << ordinal;
  }
}

TEST(Ordinal, WithTheFallbackAnyOtherPodTakesItsPlace) {
  Replicas replicas;
  for (const int ordinal : {0, 1, 3}) replicas.put(replicas.stateful(ordinal));
  EXPECT_EQ(with_ordinal(replicas, 3, api::OrdinalFallback::kRandom),
            std::vector<std::string>{"db-3"});
  EXPECT_EQ(with_ordinal(replicas, 2, api::OrdinalFallback::kRandom).size(), 1U);
}

TEST(Ordinal, OnlyAStatefulSetGivesOne) {
  Replicas replicas;
  replicas.put("shop-7c9d-24567");  // as the generator of a ReplicaSet may draw it
  EXPECT_TRUE(with_ordinal(replicas, 24567).empty());
  api::Pod bare = replicas.stateful(7);
  bare.controller.reset();
  replicas.put(bare);
  EXPECT_TRUE(with_ordinal(replicas, 7).empty());
}

}  // namespace
}  // namespace podcron::strategy
