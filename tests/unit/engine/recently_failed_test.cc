// Goal: a pod that did not start a run rests (rule 27), and who waits for it is woken in time.
// Method: an engine whose API server and node are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using ::testing::HasSubstr;
using testing::OneJob;

/// The first run finds no command in the only pod: nothing ran, and nobody else is left.
void fail_once(OneJob& world) {
  world.driver.pass(Seconds{60});
  ASSERT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  auto tasks = world.permit();
  ASSERT_EQ(tasks.size(), 1u);
  world.end(tasks[0], OneJob::not_found());
  // `env` was found: the text is about the command.
  ASSERT_THAT(world.grant_record(), HasSubstr("\"reason\":\"NotStarted\""));
}

/// Fails until the rest is longer than the minute between two runs.
void fail_four_times(OneJob& world) {
  for (int i = 0; i < 4; ++i) fail_once(world);
}

TEST(RecentlyFailed, APodThatFailedRestsAndItsEndWakesWhoWaits) {
  OneJob world;
  fail_four_times(world);  // 10, 20, 40, 80 s
  world.driver.pass(Seconds{60});
  const std::string waits = world.grant_status();
  EXPECT_THAT(waits, HasSubstr("1 RecentlyFailed"));
  EXPECT_THAT(waits, HasSubstr("\"active\":[]"));
  EXPECT_LE(world.driver.wake().mono, world.driver.now().mono + Seconds{20});
  world.driver.pass(Seconds{19});
  EXPECT_EQ(world.grant_status(), "");
  world.driver.pass(Seconds{1});
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
}

TEST(RecentlyFailed, ARestartedContainerIsTriedAtOnce) {
  OneJob world;
  fail_four_times(world);
  world.driver.pass(Seconds{60});
  EXPECT_THAT(world.grant_status(), HasSubstr("1 RecentlyFailed"));
  api::Pod restarted = test::serving_pod();
  restarted.statuses[0].container_id = "containerd://" + std::string(64, 'b');
  restarted.meta.resource_version = world.driver.next_version();
  world.driver.put(kube::ObjectKind::kPod, restarted);
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
}

TEST(RecentlyFailed, ARefusalOfTheApiServerIsNotThePodsFault) {
  OneJob world;
  for (int i = 0; i < 5; ++i) {
    world.driver.pass(Seconds{60});
    ASSERT_THAT(world.grant_status(), HasSubstr("\"active\":[{")) << i;
    auto tasks = world.permit();
    ASSERT_EQ(tasks.size(), 1u);
    api::ExecReport report;
    report.end = api::ExecEnd::kRefused;
    report.http_status = 403;
    world.end(tasks[0], std::move(report));
    world.grant_record();
  }
}

}  // namespace
}  // namespace podcron::engine
