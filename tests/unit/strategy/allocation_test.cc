// Goal: choosing asks nobody for memory. Method: this program counts
// every call of operator new.
#include <gtest/gtest.h>

#include <vector>

#include "strategy/webhook.h"
#include "unit/counted_allocations.h"
#include "unit/strategy/replicas.h"

namespace podcron::strategy {
namespace {

TEST(Strategy, ChoosingAllocatesNothingInTheSteadyState) {
  test::Replicas replicas(300);
  for (int i = 0; i < 100; ++i) {
    replicas.put_on(fmt::format("node-{}", i), fmt::format("shop-7c9d-{:05}", i));
  }
  for (int i = 0; i < 10; ++i) replicas.put(replicas.stateful(i));
  api::StringMap state;
  for (std::size_t i = 0; i < api::kStrategyStateMax; ++i) {
    state.emplace_back(replicas.name(i + 20), to_rfc3339(test::kNow - Seconds(60)));
  }
  const Candidates candidates = replicas.candidates();
  for (const Row& row : table()) {
    api::StrategySpec spec = test::strategy_of(row.type);
    spec.count = 100;
    spec.percent = 50;
    spec.ordinal = 9;
    spec.webhook.failure_policy = api::FailurePolicy::kRandom;
    const Advice advice{{test::uid_of(replicas.name(7))}, ""};
    const Occasion occasion{Uid{3, 4}, test::kNow, 0, state, nullptr, &advice};
    std::vector<std::uint32_t> out;
    for (const Choose choose : {row.choose, row.choose_again}) {
      for (int i = 0; i < 3; ++i) {
        out.clear();
        choose({spec, candidates, occasion}, out);
      }
      out.clear();
      EXPECT_EQ(test::allocations_of([&] {
                  choose({spec, candidates, occasion}, out);
                }),
                0U)
          << row.type;
      EXPECT_FALSE(out.empty()) << row.type;
    }
  }
}

}  // namespace
}  // namespace podcron::strategy
