// Goal: a pod that becomes another while a run is in it is told, once, and the run goes on.
// Method: an engine whose API server and node are answered by hand.
#include <gmock/gmock.h>

#include "observe/metrics.h"
#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using ::testing::HasSubstr;
using testing::OneJob;

/// The run is in the pod.
ExecTask run_in_pod(OneJob& world) {
  world.driver.pass(Seconds{60});
  world.grant_status();
  auto tasks = world.permit();
  EXPECT_EQ(tasks.size(), 1u);
  world.driver.step(TaskStarted{tasks.at(0).id});
  return tasks.at(0);
}

api::Pod newer(OneJob& world) {
  api::Pod pod = test::serving_pod();
  pod.meta.resource_version = world.driver.next_version();
  return pod;
}

double counted(const OneJob& world) {
  return world.driver.counted(observe::metric::kUnexpectedPods);
}

TEST(UnexpectedPods, ADebugContainerIsToldOnceAndStandsInTheRecord) {
  OneJob world;
  const ExecTask task = run_in_pod(world);
  api::Pod debugged = newer(world);
  debugged.ephemeral_running = true;
  world.driver.put(kube::ObjectKind::kPod, debugged);
  const auto event = world.driver.take_request("/events");
  ASSERT_TRUE(event);
  EXPECT_THAT(event->body, HasSubstr("\"reason\":\"RanInUnexpectedPod\""));
  EXPECT_THAT(event->body, HasSubstr("EphemeralContainerRunning"));
  EXPECT_EQ(counted(world), 1);
  EXPECT_THAT(world.grant_record(),
              HasSubstr("\"unexpectedReason\":\"EphemeralContainerRunning\""));
  debugged.excluded = true;
  debugged.meta.resource_version = world.driver.next_version();
  world.driver.put(kube::ObjectKind::kPod, debugged);
  EXPECT_EQ(counted(world), 1);
  EXPECT_FALSE(world.driver.cancelled(task.id));
}

TEST(UnexpectedPods, APodThatIsNotReadyOrOnItsWayOutIsNothingUnexpected) {
  OneJob world;
  run_in_pod(world);
  api::Pod pod = newer(world);
  pod.ready = false;
  pod.meta.deletion_timestamp = test::kNow;
  world.driver.put(kube::ObjectKind::kPod, pod);
  EXPECT_EQ(counted(world), 0);
}

TEST(UnexpectedPods, APodThatLosesTheServingLabelLeavesTheWatchButNotTheCluster) {
  OneJob world;
  const ExecTask task = run_in_pod(world);
  world.driver.remove(kube::ObjectKind::kPod, newer(world));
  const auto look = world.driver.take_request("/pods/");
  ASSERT_TRUE(look);
  std::string unlabelled = testing::pod_text(world.driver.next_version());
  const std::string label = ",\"podcron.dev/serving\":\"true\"";
  unlabelled.erase(unlabelled.find(label), label.size());
  world.driver.answer(*look, 200, unlabelled);
  EXPECT_EQ(counted(world), 1);
  EXPECT_THAT(world.grant_record(), HasSubstr("\"unexpectedReason\":\"NotLabelledServing\""));
  world.driver.pass(Seconds{5});
  EXPECT_FALSE(world.driver.cancelled(task.id)) << "the command still runs";
}

TEST(UnexpectedPods, APodThatIsGoneIsGivenUp) {
  OneJob world;
  const ExecTask task = run_in_pod(world);
  world.driver.remove(kube::ObjectKind::kPod, newer(world));
  const auto look = world.driver.take_request("/pods/");
  ASSERT_TRUE(look);
  world.driver.answer(*look, 404, "");
  world.driver.pass(Seconds{3});
  EXPECT_TRUE(world.driver.cancelled(task.id));
  EXPECT_EQ(counted(world), 0);
}

}  // namespace
}  // namespace podcron::engine
