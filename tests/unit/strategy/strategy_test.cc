// Goal: a choice is fair, repeatable and inside its bounds. Method: laws over all sizes, and
// chi-square tests over a million draws with fixed seeds.
#include "strategy/strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/prng.h"

namespace podcron::strategy {
namespace {

std::vector<std::uint32_t> choose(std::string_view type, std::int32_t count, std::size_t eligible,
                                  std::uint64_t seed) {
  api::StrategySpec spec;
  spec.type = type;
  spec.count = count;
  std::vector<std::uint32_t> out;
  find(type)->choose(spec, eligible, seed, out);
  return out;
}

api::StrategySpec all_with(std::int32_t value, bool percent) {
  api::StrategySpec spec;
  spec.type = "All";
  spec.max_parallel = {value, percent};
  return spec;
}

/// Sum of (observed - expected)^2 / expected over equally likely cells.
double chi_square(const std::vector<std::uint64_t>& cells) {
  const auto total = std::accumulate(cells.begin(), cells.end(), std::uint64_t{0});
  const double expected = static_cast<double>(total) / static_cast<double>(cells.size());
  double sum = 0;
  for (const std::uint64_t cell : cells) {
    const double difference = static_cast<double>(cell) - expected;
    sum += difference * difference / expected;
  }
  return sum;
}

TEST(Strategy, TheTableIsSortedAndFindsItsRows) {
  EXPECT_TRUE(std::is_sorted(table().begin(), table().end(),
                             [](const Row& a, const Row& b) { return a.type < b.type; }));
  for (const Row& row : table()) EXPECT_EQ(find(row.type), &row);
  for (const char* type : {"", "random", "Sticky", "Webhook"}) EXPECT_EQ(find(type), nullptr);
}

TEST(Strategy, EveryChoiceIsInRangeInNameOrderAndWithoutRepetition) {
  Prng prng(1);
  for (const Row& row : table()) {
    for (int i = 0; i < 3'000; ++i) {
      const auto eligible = static_cast<std::size_t>(prng.below(200));
      const auto count = static_cast<std::int32_t>(prng.below(250));
      const auto chosen = choose(row.type, count, eligible, prng.next());
      const std::size_t wanted =
          row.type == "All" ? eligible : std::min(eligible, static_cast<std::size_t>(count));
      ASSERT_EQ(chosen.size(), wanted);
      ASSERT_TRUE(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) ==
                  chosen.end());
      ASSERT_TRUE(chosen.empty() || chosen.back() < eligible);
    }
  }
}

TEST(Strategy, NoPodsAndNoCountChooseNothing) {
  for (const Row& row : table()) EXPECT_TRUE(choose(row.type, 1, 0, 7).empty());
  EXPECT_TRUE(choose("Random", 0, 5, 7).empty());
  EXPECT_TRUE(choose("Random", -3, 5, 7).empty());
}

TEST(Strategy, AChoiceIsAppendedToWhatIsThere) {
  for (const Row& row : table()) {
    api::StrategySpec spec;
    spec.type = row.type;
    spec.count = 3;
    std::vector<std::uint32_t> out{1, 2};
    row.choose(spec, 3, 7, out);
    EXPECT_EQ(out, (std::vector<std::uint32_t>{1, 2, 0, 1, 2}));
  }
}

TEST(Strategy, EqualSeedsChooseEquallyAndRedrawsDiffer) {
  const Uid uid{3, 4};
  const WallTime time(Seconds(1'772'971'200));
  std::vector<std::uint64_t> seeds;
  for (std::uint32_t redraw = 0; redraw < 100; ++redraw) {
    seeds.push_back(seed_of(uid, time, redraw));
    EXPECT_EQ(seeds.back(), seed_of(uid, time, redraw));
    EXPECT_EQ(choose("Random", 3, 50, seeds.back()), choose("Random", 3, 50, seeds.back()));
  }
  seeds.push_back(seed_of(Uid{4, 3}, time, 0));
  seeds.push_back(seed_of(uid, time + Seconds(1), 0));
  std::sort(seeds.begin(), seeds.end());
  EXPECT_EQ(std::adjacent_find(seeds.begin(), seeds.end()), seeds.end());
}

// A claim that another controller finishes must choose the same pods: these values are for ever.
TEST(Strategy, SeedsAndChoicesAreTheSameOnEveryBuild) {
  const std::uint64_t seed = seed_of(Uid{3, 4}, WallTime(Seconds(1'772'971'200)), 0);
  EXPECT_EQ(seed, 1760989352404002874ULL);
  EXPECT_EQ(choose("Random", 3, 50, seed), (std::vector<std::uint32_t>{9, 12, 14}));
  const auto many = choose("Random", 65, 1'000, seed);
  EXPECT_EQ((std::vector<std::uint32_t>{many.begin(), many.begin() + 3}),
            (std::vector<std::uint32_t>{7, 58, 72}));
}

// Method: a million runs of one PodCronJob over ten pods, seeds as production makes them.
TEST(Strategy, RandomDrawsEveryPodEquallyOften) {
  std::vector<std::uint64_t> cells(10);
  for (std::int64_t i = 0; i < 1'000'000; ++i) {
    const std::uint64_t seed = seed_of(Uid{5, 6}, WallTime(Seconds(60 * i)), 0);
    ++cells[choose("Random", 1, cells.size(), seed)[0]];
  }
  EXPECT_LT(chi_square(cells), 27.9);  // 9 degrees of freedom, p = 0.001
}

TEST(Strategy, RandomDrawsEverySubsetEquallyOften) {
  std::map<std::vector<std::uint32_t>, std::uint64_t> subsets;
  for (std::uint64_t seed = 0; seed < 340'000; ++seed) ++subsets[choose("Random", 3, 8, seed)];
  ASSERT_EQ(subsets.size(), 56U);
  std::vector<std::uint64_t> cells;
  for (const auto& [subset, count] : subsets) cells.push_back(count);
  EXPECT_LT(chi_square(cells), 93.2);  // 55 degrees of freedom, p = 0.001
}

// 65 of 67 takes the other way through random.cc; the two left out name the subset.
TEST(Strategy, RandomDrawsEverySubsetEquallyOftenWhenItDrawsMany) {
  constexpr std::size_t kPods = 67;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> left_out;
  for (std::uint64_t seed = 0; seed < 200'000; ++seed) {
    const auto chosen = choose("Random", 65, kPods, seed);
    std::vector<std::uint32_t> rest;
    for (std::uint32_t i = 0; i < kPods; ++i) {
      if (!std::binary_search(chosen.begin(), chosen.end(), i)) rest.push_back(i);
    }
    ++left_out[{rest[0], rest[1]}];
  }
  ASSERT_EQ(left_out.size(), kPods * (kPods - 1) / 2);
  std::vector<std::uint64_t> cells;
  for (const auto& [subset, count] : left_out) cells.push_back(count);
  EXPECT_LT(chi_square(cells), 2419.0);  // 2210 degrees of freedom, p = 0.001
}

TEST(ParallelOf, RandomRunsAllItsTargetsAtOnce) {
  EXPECT_EQ(parallel_of(api::StrategySpec{}, 7), 7U);
}

TEST(ParallelOf, APercentageIsRoundedDownButAtLeastOne) {
  EXPECT_EQ(parallel_of(all_with(25, true), 0), 1U);
  EXPECT_EQ(parallel_of(all_with(25, true), 3), 1U);
  EXPECT_EQ(parallel_of(all_with(25, true), 7), 1U);
  EXPECT_EQ(parallel_of(all_with(25, true), 8), 2U);
  EXPECT_EQ(parallel_of(all_with(100, true), 9), 9U);
  EXPECT_EQ(parallel_of(all_with(0, true), 9), 1U);
}

TEST(ParallelOf, ANumberIsCappedByTheTargetsAndAtLeastOne) {
  EXPECT_EQ(parallel_of(all_with(3, false), 9), 3U);
  EXPECT_EQ(parallel_of(all_with(30, false), 9), 9U);
  EXPECT_EQ(parallel_of(all_with(0, false), 9), 1U);
  EXPECT_EQ(parallel_of(all_with(-1, false), 9), 1U);
  EXPECT_EQ(parallel_of(all_with(2'000'000'000, true), 9), 9U);
}

}  // namespace
}  // namespace podcron::strategy
