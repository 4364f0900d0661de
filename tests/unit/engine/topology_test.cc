// Goal: Nodes are watched for those PodCronJobs alone whose strategy asks for their labels, and
// nobody else waits for them. Method: an engine whose streams are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using kube::ObjectKind;
using testing::Driver;
using ::testing::HasSubstr;
using ::testing::Not;

std::string by_label(const std::string& key) {
  return R"({"target":{"selector":{"matchLabels":{"app":"shop"}}},"exec":{"command":["true"]},)"
         R"("strategy":{"type":"PerTopology","topologyKey":")" +
         key + R"("}})";
}

api::PodCronJob job_of(const std::string& name, std::uint64_t uid, const std::string& key) {
  return testing::job_named(name, uid, by_label(key));
}

/// The node of test::serving_pod.
api::ClusterNode node(Driver& driver, const std::string& zone) {
  api::ClusterNode made;
  made.meta.name = test::serving_pod().node_name;
  made.meta.resource_version = driver.next_version();
  if (!zone.empty()) made.labels = {{"zone", zone}};
  return made;
}

/// Everything is listed but Nodes.
void start(Driver& driver, std::vector<kube::Object> jobs) {
  driver.list(ObjectKind::kPodCronJob, std::move(jobs));
  driver.list(ObjectKind::kPod, {test::serving_pod()});
  driver.list_the_rest();
}

std::string claim(Driver& driver, const std::string& job) {
  const auto request = driver.take_request("podcronjobs/" + job + "/status");
  return request ? request->body : "";
}

TEST(Topology, NodesAreNotWatchedForTheNamesOfNodes) {
  Driver driver;
  start(driver, {job_of("a", 1, "kubernetes.io/hostname"), testing::job_named("b", 2)});
  EXPECT_EQ(driver.stream(ObjectKind::kNode), nullptr);
  EXPECT_TRUE(driver.engine().health().synced);
}

TEST(Topology, NoTimeIsDecidedBeforeNodesAreListedAndOthersGoOn) {
  Driver driver;
  start(driver, {job_of("zones", 1, "zone"), testing::job_named("other", 2)});
  EXPECT_TRUE(driver.engine().health().synced);
  const auto write = driver.take_request("podcronjobs/other/status");
  ASSERT_TRUE(write);
  testing::grant(driver, *write, "other", 2);
  driver.pass(Seconds{61});
  EXPECT_THAT(claim(driver, "other"), HasSubstr("\"active\":[{"));
  EXPECT_EQ(claim(driver, "zones"), "");
  driver.list(ObjectKind::kNode, {node(driver, "east")});
  EXPECT_THAT(claim(driver, "zones"), HasSubstr("\"active\":[{"));
}

TEST(Topology, ARefusedListIsSaidInTheConditionAndDecidesNothing) {
  Driver driver;
  start(driver, {job_of("zones", 1, "zone")});
  driver.refuse(ObjectKind::kNode, 403, "nodes is forbidden");
  const std::string said = claim(driver, "zones");
  EXPECT_THAT(said, HasSubstr("NodesNotListed"));
  EXPECT_THAT(said, HasSubstr("label zone: HTTP 403: nodes is forbidden"));
  EXPECT_THAT(said, HasSubstr("\"active\":[]"));
  EXPECT_TRUE(driver.engine().health().reachable) << "one object's lack is not the controller's";
}

TEST(Topology, ALabelThatComesWakesWhoWaitsForAPlace) {
  Driver driver;
  start(driver, {job_of("zones", 1, "zone")});
  driver.list(ObjectKind::kNode, {node(driver, "")});
  const auto write = driver.take_request("podcronjobs/zones/status");
  ASSERT_TRUE(write);
  EXPECT_THAT(write->body, HasSubstr("no node of theirs has the label zone"));
  testing::grant(driver, *write, "zones", 1, by_label("zone"));
  driver.pass(Seconds{61});
  EXPECT_THAT(claim(driver, "zones"), Not(HasSubstr("\"active\":[{")));
  driver.put(ObjectKind::kNode, node(driver, "east"));
  EXPECT_THAT(claim(driver, "zones"), HasSubstr("\"active\":[{"));
}

}  // namespace
}  // namespace podcron::engine
