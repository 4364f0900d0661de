// Goal: the small parts of the simulator mean what they say. Method: one law per test.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "simulation/fault.h"
#include "simulation/ledger.h"
#include "simulation/resource.h"
#include "simulation/status_view.h"
#include "simulation/timeline.h"

namespace podcron::simulation {
namespace {

WallTime at(std::int64_t seconds) { return WallTime{Seconds{seconds}}; }

TEST(Timeline, ActionsRunByTimeThenInTheOrderTheyWereAdded) {
  Timeline timeline;
  std::string order;
  timeline.at(Millis{20}, [&] { order += 'c'; });
  timeline.at(Millis{10}, [&] {
    order += 'a';
    timeline.at(Millis{5}, [&] { order += 'A'; });  // the past means now
  });
  timeline.at(Millis{10}, [&] { order += 'b'; });
  while (timeline.run_next(Millis{15})) {
  }
  EXPECT_EQ(order, "abA");
  EXPECT_EQ(timeline.now(), Millis{15});
  EXPECT_TRUE(timeline.run_next(Millis{30}));
  EXPECT_EQ(order, "abAc");
}

TEST(RequestPath, TakesGroupNamespaceNameAndDecodedQuery) {
  const auto path = parse_request_path(
      "/api/v1/namespaces/shop/pods/web-0/exec?container=app&command=a%20b&command=c%2Fd&stdout=1");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->resource, Resource::kPods);
  EXPECT_EQ(path->namespace_, "shop");
  EXPECT_EQ(path->name, "web-0");
  EXPECT_EQ(path->subresource, "exec");
  EXPECT_EQ(path->query_value("container"), "app");
  EXPECT_TRUE(path->query_is_true("stdout"));
  ASSERT_EQ(path->query.size(), 4U);
  EXPECT_EQ(path->query[1].second, "a b");
  EXPECT_EQ(path->query[2].second, "c/d");

  const auto all = parse_request_path("/apis/podcron.dev/v1alpha1/podjobs?watch=true");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->resource, Resource::kPodJobs);
  EXPECT_TRUE(all->namespace_.empty() && all->name.empty());

  EXPECT_FALSE(parse_request_path("/api/v1/secrets"));
  EXPECT_FALSE(parse_request_path("/apis/podcron.dev/v1/podjobs"));
  EXPECT_FALSE(parse_request_path("pods"));
}

TEST(Beat, CountsWhatTheScheduleNames) {
  EXPECT_EQ(beat_of("*/10 * * * * *"), Seconds{10});
  EXPECT_EQ(beat_of("*/5 * * * *"), Seconds{300});
  EXPECT_EQ(beat_of("* * * * *"), Seconds{60});
  EXPECT_EQ(beat_of("*/7 * * * * *"), std::nullopt);  // not a multiple: it starts anew each minute
  EXPECT_EQ(beat_of("0 3 * * *"), std::nullopt);
  EXPECT_EQ(count_due(Seconds{10}, at(100), at(130)), 3);
  EXPECT_EQ(count_due(Seconds{10}, at(101), at(109)), 0);
  EXPECT_EQ(count_due(Seconds{10}, at(130), at(100)), 0);
}

TEST(Ledger, ATaskIsKnownByItsArgumentsWhereverTheyStand) {
  const std::vector<std::string> argv{
      "env", "PODCRON_RUN_ID=r", "sim-task", "job", "r", "time", "1", "web-0", "0"};
  const auto task = task_of(argv);
  ASSERT_TRUE(task);
  EXPECT_EQ(*task, (TaskIdentity{"job", "r", "time", "1", "web-0", "0"}));
  EXPECT_FALSE(task_of(std::vector<std::string>{"sim-task", "job"}));
  EXPECT_FALSE(task_of(std::vector<std::string>{"sh", "-c", "true"}));
}

TEST(FaultPlan, SeedsDifferInMoodAndStoppedPlansAreQuiet) {
  std::array<int, 4> moods{};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Prng prng(seed);
    FaultPlan plan(prng);
    ++moods[static_cast<std::size_t>(plan.mood())];
    plan.stop();
    for (std::size_t kind = 0; kind < kFaultKindCount; ++kind) {
      EXPECT_FALSE(plan.strikes(static_cast<FaultKind>(kind), prng));
    }
  }
  for (const int count : moods) EXPECT_GT(count, 5);
}

TEST(FaultPlan, AFaultOfCertainProbabilityStrikesAndIsCounted) {
  Prng prng(1);
  FaultPlan plan(prng);
  plan.clear();
  plan.set(FaultKind::kReplyLost, 1'000'000);
  EXPECT_TRUE(plan.strikes(FaultKind::kReplyLost, prng));
  EXPECT_FALSE(plan.strikes(FaultKind::kCrash, prng));
  EXPECT_EQ(plan.counts()[static_cast<std::size_t>(FaultKind::kReplyLost)], 1U);
}

}  // namespace
}  // namespace podcron::simulation
