// Goal: an HTTP run reaches the pod that was chosen, by the address that the live pod has, and no
// other place.
// Method: an engine whose API server and pods are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::OneJob;
using ::testing::Pair;
using ::testing::StartsWith;

std::string http_spec(const std::string& http, const std::string& target = "") {
  return R"({"target":{"selector":{"matchLabels":{"app":"shop"}})" + target + R"(},"http":)" +
         http + "}";
}

/// The next run is permitted and its pod, with this address, was read.
void to_dial(OneJob& world, const std::string& ip = "10.244.1.7") {
  world.driver.pass(Seconds{60});
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  EXPECT_TRUE(world.permit(ip).empty());  // nothing is exec'd
}

HttpTask dialled(OneJob& world) {
  auto tasks = world.driver.take_http_tasks();
  EXPECT_EQ(tasks.size(), 1u);
  return tasks.at(0);
}

TEST(HttpTask, ARunIsOneRequestToThePodsAddressWithItsIdentity) {
  OneJob world(http_spec(R"x({"port":"http","path":"/$(PODCRON_TARGET_INDEX)","body":"x"})x"));
  to_dial(world);
  const HttpTask task = dialled(world);
  EXPECT_EQ(task.address, "10.244.1.7");
  EXPECT_EQ(task.port, 8080);
  EXPECT_EQ(task.method, api::HttpMethod::kPost);
  EXPECT_EQ(task.path, "/0");
  EXPECT_EQ(task.body, "x");
  EXPECT_THAT(task.purpose, StartsWith("run/digest-"));
  EXPECT_THAT(task.headers, Contains(Pair("Podcron-Job", "shop/digest")));
  world.end(task, 200);
  const std::string record = world.grant_record();
  EXPECT_THAT(record, HasSubstr("\"phase\":\"Succeeded\""));
  EXPECT_THAT(record, HasSubstr("\"httpStatus\":200"));
}

TEST(HttpTask, AnUnexpectedStatusIsAFailureThatNamesIt) {
  OneJob world(http_spec(R"({"port":8080})"));
  to_dial(world);
  world.end(dialled(world), 500);
  const std::string record = world.grant_record();
  EXPECT_THAT(record, HasSubstr("\"phase\":\"Failed\",\"reason\":\"UnexpectedStatus\""));
  EXPECT_THAT(record, HasSubstr("HTTP 500"));
}

TEST(HttpTask, AForgedAddressIsNeverDialled) {
  for (const char* ip : {"127.0.0.1", "169.254.169.254", "::1", "10.96.0.1"}) {
    EngineConfig config = testing::Driver::config_of();
    config.http.refused_addresses = {"10.96.0.1"};
    OneJob world(http_spec(R"({"port":8080})"), std::move(config));
    to_dial(world, ip);
    EXPECT_TRUE(world.driver.take_http_tasks().empty()) << ip;
    const std::string record = world.grant_record();
    EXPECT_THAT(record, HasSubstr("TargetRefused: status.podIP")) << ip;
    EXPECT_THAT(record, HasSubstr("\"reason\":\"NotStarted\"")) << ip;
  }
}

TEST(HttpTask, APortThatThePodDoesNotDeclareIsNeverDialled) {
  OneJob world(http_spec(R"({"port":8443})"));
  to_dial(world);
  EXPECT_TRUE(world.driver.take_http_tasks().empty());
  EXPECT_THAT(world.grant_record(), HasSubstr("declares the TCP port 8443"));
}

TEST(HttpTask, ByWayOfTheApiServerItIsPodsProxy) {
  OneJob world(
      http_spec(R"({"port":8080,"path":"/a?b=c","scheme":"HTTPS","via":"ApiServerProxy"})"));
  to_dial(world);
  const HttpTask task = dialled(world);
  EXPECT_EQ(task.address, "");
  EXPECT_THAT(task.path, StartsWith("/api/v1/namespaces/shop/pods/https:shop-7c9d-"));
  EXPECT_THAT(task.path, HasSubstr(":8080/proxy/a?b=c"));
}

TEST(HttpTask, AGetMayBeTheProbeOfAnExec) {
  OneJob world(testing::template_text(
      R"(,"servingProbe":{"httpGet":{"port":"http","path":"/healthz"},"timeoutSeconds":2})"));
  to_dial(world);
  const HttpTask probe = dialled(world);
  EXPECT_EQ(probe.method, api::HttpMethod::kGet);
  EXPECT_EQ(probe.path, "/healthz");
  EXPECT_THAT(probe.purpose, StartsWith("probe/digest-"));
  EXPECT_TRUE(probe.headers.empty());
  world.end(probe, 302);
  EXPECT_EQ(world.driver.take_tasks().size(), 1u);
}

TEST(HttpTask, AProbeThatSaysNoSendsNothing) {
  OneJob world(http_spec(R"({"port":8080})", R"(,"servingProbe":{"httpGet":{"port":8080}})"));
  to_dial(world);
  world.end(dialled(world), 503);
  EXPECT_TRUE(world.driver.take_http_tasks().empty());
  EXPECT_THAT(world.grant_record(), HasSubstr("ServingProbeFailed: HTTP 503"));
}

}  // namespace
}  // namespace podcron::engine
