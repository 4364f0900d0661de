// Goal: a chosen pod is asked right before the dial, by an exec that can be told from a run's.
// Method: an engine whose API server and node are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using ::testing::HasSubstr;
using testing::OneJob;
using ::testing::StartsWith;

const std::string kProbed = testing::template_text(
    R"(,"servingProbe":{"exec":{"command":["ask","$(PODCRON_RUN_ID) me"]},"timeoutSeconds":2})");

/// The probe of the first run is under way.
ExecTask ask(OneJob& world) {
  world.driver.pass(Seconds{60});
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  auto tasks = world.permit();
  EXPECT_EQ(tasks.size(), 1u);
  return tasks.at(0);
}

TEST(ServingProbe, TheProbeIsNoRunAndTheRunFollowsItsYes) {
  OneJob world(kProbed);
  const ExecTask probe = ask(world);
  EXPECT_THAT(probe.purpose, StartsWith("probe/digest-"));
  EXPECT_THAT(probe.path, HasSubstr("command=ask&command=%24%28PODCRON_RUN_ID%29%20me"));
  world.end(probe, OneJob::exited(0));
  const auto tasks = world.driver.take_tasks();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_THAT(tasks[0].purpose, StartsWith("run/digest-"));
  EXPECT_THAT(tasks[0].path, HasSubstr("command=true"));
}

TEST(ServingProbe, ANoSendsNothingAndThePodRests) {
  OneJob world(kProbed);
  // Rests of 10, 20, 40 and 80 seconds.
  for (int i = 0; i < 4; ++i) {
    world.end(ask(world), OneJob::exited(1));
    EXPECT_TRUE(world.driver.take_tasks().empty());
    EXPECT_THAT(world.grant_record(), HasSubstr("ServingProbeFailed: exit code 1"));
  }
  world.driver.pass(Seconds{60});
  EXPECT_THAT(world.grant_status(), HasSubstr("1 RecentlyFailed"));
}

TEST(ServingProbe, NoAnswerInTimeIsANo) {
  OneJob world(kProbed);
  const ExecTask probe = ask(world);
  world.driver.pass(Millis{1999});
  EXPECT_FALSE(world.driver.cancelled(probe.id));
  world.driver.pass(Millis{1});
  EXPECT_TRUE(world.driver.cancelled(probe.id));
  api::ExecReport report;
  report.end = api::ExecEnd::kCancelled;
  world.end(probe, std::move(report));
  EXPECT_TRUE(world.driver.take_tasks().empty());
  EXPECT_THAT(world.grant_record(), HasSubstr("ServingProbeFailed"));
}

}  // namespace
}  // namespace podcron::engine
