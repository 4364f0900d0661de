// Goal: strategies that take turns are fair over restarts, take-overs and pods that come and go.
// Method: claims in a row, of which only strategyState is carried on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/prng.h"
#include "strategy/strategy.h"
#include "unit/strategy/replicas.h"

namespace podcron::strategy {
namespace {

using test::Replicas;
using test::strategy_of;

/// A PodCronJob that claims time after time. All that a restart leaves is `state`.
struct Claims {
  explicit Claims(std::string_view type) : spec(strategy_of(type)) {}

  [[nodiscard]] WallTime time(std::int64_t minute) const {
    return test::kNow + Seconds(60 * minute);
  }
  std::string claim(const Replicas& replicas) {
    const Occasion now{Uid{3, 4}, time(minute++), 0, state};
    const std::string pod = replicas.choose(spec, now).at(0);
    active.push_back({pod, now.scheduled_time, "a", 1, api::ActiveState::kActive});
    state = remember(spec, now, pod, active);
    return pod;
  }
  /// What a successor draws that takes over the claim of that minute and was never told more.
  [[nodiscard]] std::string take_over(const Replicas& replicas, std::int64_t of) const {
    return replicas.choose(spec, {Uid{3, 4}, time(of), 0, state}).at(0);
  }
  void end_runs() { active.clear(); }

  api::StrategySpec spec;
  api::StringMap state;
  std::vector<api::ActiveRun> active;
  std::int64_t minute = 0;
};

constexpr const char* kTakeTurns[] = {"RoundRobin", "LeastRecent"};

TEST(TakingTurns, EachPodIsUsedOnceInEachRoundOverAnyRestarts) {
  for (const char* type : kTakeTurns) {
    for (const std::size_t pods : {1U, 2U, 5U, 63U, 64U, 65U, 66U, 200U}) {
      const Replicas replicas(pods);
      Claims claims(type);
      for (int round = 0; round < 4; ++round) {
        std::map<std::string, int> used;
        for (std::size_t i = 0; i < pods; ++i) {
          ++used[claims.claim(replicas)];
          claims.end_runs();
          ASSERT_LE(claims.state.size(), api::kStrategyStateMax);
        }
        EXPECT_EQ(used.size(), pods) << type << " round " << round;
      }
    }
  }
}

TEST(TakingTurns, AClaimThatIsTakenOverIsDrawnAgainAsItWas) {
  for (const char* type : kTakeTurns) {
    for (const std::size_t pods : {2U, 5U, 90U}) {
      const Replicas replicas(pods);
      Claims claims(type);
      for (int i = 0; i < 200; ++i) {
        const std::string pod = claims.claim(replicas);
        EXPECT_EQ(claims.take_over(replicas, claims.minute - 1), pod) << type << i;
        claims.end_runs();
      }
    }
  }
}

TEST(TakingTurns, WithSeveralRunsAtOnceEachTakenOverClaimIsDrawnAsItWas) {
  for (const char* type : kTakeTurns) {
    const Replicas replicas(9);
    Claims claims(type);
    std::vector<std::string> drawn;
    for (int i = 0; i < 5; ++i) drawn.push_back(claims.claim(replicas));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(claims.take_over(replicas, i), drawn.at(i)) << type;
  }
}

TEST(TakingTurns, ATakenOverClaimWhosePodIsGoneGetsTheNextOne) {
  for (const char* type : kTakeTurns) {
    Replicas replicas(3);
    Claims claims(type);
    claims.claim(replicas);
    const std::string second = claims.claim(replicas);
    replicas.remove(second);
    EXPECT_EQ(claims.take_over(replicas, 1), "shop-7c9d-00002") << type;
  }
}

TEST(TakingTurns, APodThatDidNotStartHasHadItsTurn) {
  for (const char* type : kTakeTurns) {
    Replicas replicas(3);
    Claims claims(type);
    const std::string refused = claims.claim(replicas);
    Replicas untried(3);
    untried.remove(refused);
    std::vector<std::uint32_t> again;
    const Occasion redraw{Uid{3, 4}, claims.time(0), 1, claims.state};
    find(type)->choose_again({claims.spec, untried.candidates(), redraw}, again);
    EXPECT_EQ(untried.name(again.at(0)), "shop-7c9d-00001");
    EXPECT_NE(claims.claim(replicas), refused) << type;
  }
}

TEST(TakingTurns, WhatOthersWroteIsNoUse) {
  for (const char* type : kTakeTurns) {
    const Replicas replicas(3);
    Claims claims(type);
    claims.state = {{"last", "shop-7c9d-00001"}, {"shop-7c9d-00000", ""}, {"x", "2026"}};
    EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00000") << type;
    EXPECT_EQ(claims.state.size(), 1U);
  }
}

TEST(TakingTurns, AStateThatIsTooLargeIsCut) {
  for (const char* type : kTakeTurns) {
    const Replicas replicas(300);
    Claims claims(type);
    for (int i = 0; i < 200; ++i) {
      claims.state.emplace_back(replicas.name(static_cast<std::size_t>(i)),
                                to_rfc3339(test::kNow - Seconds(i)));
    }
    claims.claim(replicas);
    EXPECT_LE(claims.state.size(), api::kStrategyStateMax) << type;
  }
}

TEST(Remember, AStrategyThatRemembersNothingLeavesNothing) {
  const api::StringMap state{{"shop-7c9d-00000", to_rfc3339(test::kNow)}};
  for (const Row& row : table()) {
    const auto left =
        remember(strategy_of(row.type), {Uid{3, 4}, test::kNow + Seconds(60), 0, state},
                 "shop-7c9d-00001", {});
    EXPECT_EQ(left.empty(), row.remember == nullptr) << row.type;
  }
}

TEST(RoundRobin, GoesOnByNameAfterTheLastOneUsed) {
  Replicas replicas(4);
  Claims claims("RoundRobin");
  claims.claim(replicas);
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00001");
  replicas.put("shop-7c9d-000015");
  replicas.remove("shop-7c9d-00001");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-000015");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00002");
  replicas.remove("shop-7c9d-00003");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00000") << "after the last one comes the first";
}

TEST(RoundRobin, RemembersTheLastOneAndWhatUnfinishedRunsDrew) {
  const Replicas replicas(9);
  Claims claims("RoundRobin");
  claims.claim(replicas);
  claims.end_runs();
  claims.claim(replicas);
  EXPECT_EQ(claims.state, (api::StringMap{{"shop-7c9d-00001", to_rfc3339(claims.time(1))}}));
  claims.claim(replicas);
  EXPECT_EQ(claims.state, (api::StringMap{{"shop-7c9d-00001", to_rfc3339(claims.time(1))},
                                          {"shop-7c9d-00002", to_rfc3339(claims.time(2))}}));
}

TEST(LeastRecent, WhoWasNeverUsedIsNextAndThenWhoWasNotForLongest) {
  Replicas replicas(3);
  Claims claims("LeastRecent");
  for (int i = 0; i < 2; ++i) claims.claim(replicas);
  replicas.put("shop-7c9d-0000");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00002") << "after the last one used";
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-0000");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00000");
}

TEST(LeastRecent, APodThatWasAwayKeepsItsPlace) {
  Replicas replicas(3);
  Claims claims("LeastRecent");
  for (int i = 0; i < 3; ++i) claims.claim(replicas);
  replicas.remove("shop-7c9d-00000");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00001");
  replicas.put("shop-7c9d-00000");
  EXPECT_EQ(claims.claim(replicas), "shop-7c9d-00000");
}

// Method: pods come and go at random; nobody waits for longer than the others together.
TEST(LeastRecent, NoPodThatStaysIsLeftBehind) {
  Prng prng(5);
  Replicas replicas(20);
  Claims claims("LeastRecent");
  std::map<std::string, int> used;
  int made = 20;
  for (int i = 0; i < 2'000; ++i) {
    // Half of them stay for ever.
    if (prng.chance(100)) {
      const std::size_t leaves = 10 + prng.below(10);
      replicas.remove(replicas.name(leaves));
      replicas.put(fmt::format("shop-7c9d-{:05}", made++));
    }
    ++used[claims.claim(replicas)];
    claims.end_runs();
  }
  std::vector<int> stayed;
  for (std::size_t i = 0; i < 10; ++i) stayed.push_back(used[replicas.name(i)]);
  const auto [least, most] = std::minmax_element(stayed.begin(), stayed.end());
  EXPECT_LE(*most - *least, 1);
  EXPECT_GT(*least, 70);
}

}  // namespace
}  // namespace podcron::strategy
