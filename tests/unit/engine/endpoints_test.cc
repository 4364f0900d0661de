// Goal: EndpointSlices are watched for the Services that somebody names, and nobody is judged by
// slices that were not listed. Method: an engine whose streams are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using kube::ObjectKind;
using testing::Driver;
using ::testing::HasSubstr;

constexpr auto kSlices = ObjectKind::kEndpointSlice;

std::string naming(const std::string& service) {
  return testing::template_text(",\"serviceName\":\"" + service + "\"");
}

api::PodCronJob job_of(const std::string& name, std::uint64_t uid, const std::string& service) {
  return testing::job_named(name, uid, naming(service));
}

api::EndpointSlice slice(Driver& driver, std::vector<api::Endpoint> endpoints,
                         const std::string& service = "shop-web") {
  api::EndpointSlice made = test::slice_of(std::move(endpoints), service + "-abc12", service);
  made.meta.resource_version = driver.next_version();
  return made;
}

/// Everything is listed but EndpointSlices.
void start(Driver& driver, std::vector<kube::Object> jobs) {
  driver.list(ObjectKind::kPodCronJob, std::move(jobs));
  driver.list(ObjectKind::kPod, {test::serving_pod()});
  driver.list_the_rest();
}

/// The body of the status that is written for a due time.
std::string claim(Driver& driver, const std::string& job) {
  const auto request = driver.take_request("podcronjobs/" + job + "/status");
  return request ? request->body : "";
}

/// Answers the first write of its status, of conditions alone.
void settle(Driver& driver, const std::string& job, std::uint64_t uid, const std::string& service) {
  const auto write = driver.take_request("podcronjobs/" + job + "/status");
  ASSERT_TRUE(write);
  testing::grant(driver, *write, job, uid, naming(service));
}

TEST(Endpoints, NothingIsWatchedWhileNobodyNamesAService) {
  Driver driver;
  start(driver, {job_of("a", 1, "")});
  EXPECT_EQ(driver.stream(kSlices), nullptr);
  EXPECT_TRUE(driver.engine().health().synced);
}

TEST(Endpoints, OneStreamAsksForTheNamedServicesOnly) {
  Driver driver;
  start(driver, {job_of("a", 1, "shop-web"), job_of("b", 2, "api"), job_of("c", 3, "api")});
  ASSERT_NE(driver.stream(kSlices), nullptr);
  EXPECT_THAT(driver.stream(kSlices)->path,
              HasSubstr("/apis/discovery.k8s.io/v1/endpointslices?limit=500&labelSelector="
                        "kubernetes.io%2Fservice-name%20in%20%28api%2Cshop-web%29"));
}

TEST(Endpoints, WithNamespacesOnlyThoseThatNeedItAreWatched) {
  EngineConfig config = Driver::config_of();
  config.namespaces = {"cart", "shop"};
  Driver driver(std::move(config));
  driver.list(ObjectKind::kPodCronJob, {job_of("a", 1, "shop-web")});
  // Pods are watched in both, owners only where there is a PodCronJob.
  for (const auto kind : {ObjectKind::kPod, ObjectKind::kPod, ObjectKind::kReplicaSet,
                          ObjectKind::kStatefulSet, ObjectKind::kDaemonSet, ObjectKind::kDeployment,
                          ObjectKind::kPodJob, ObjectKind::kNamespace, ObjectKind::kLease}) {
    driver.list(kind);
  }
  ASSERT_NE(driver.stream(kSlices), nullptr);
  EXPECT_THAT(driver.stream(kSlices)->path, HasSubstr("/namespaces/shop/endpointslices?"));
  driver.list(kSlices);
  EXPECT_TRUE(driver.stream(kSlices)->watch) << "the other namespace needs none";
}

TEST(Endpoints, NoTimeIsDecidedBeforeTheSlicesAreListedAndOthersGoOn) {
  Driver driver;
  start(driver, {job_of("named", 1, "shop-web"), job_of("other", 2, "")});
  settle(driver, "other", 2, "");
  driver.pass(Seconds{61});
  EXPECT_THAT(claim(driver, "other"), HasSubstr("\"active\":[{"));
  EXPECT_EQ(claim(driver, "named"), "");
  driver.list(kSlices, {slice(driver, {{test::serving_pod().meta.uid}})});
  EXPECT_THAT(claim(driver, "named"), HasSubstr("\"active\":[{"));
}

TEST(Endpoints, NoTimeIsDecidedBeforeTheOwnersAreListedWhoeverIsReady) {
  Driver driver;
  driver.list(ObjectKind::kPodCronJob);
  for (const auto kind :
       {ObjectKind::kPod, ObjectKind::kPodJob, ObjectKind::kNamespace, ObjectKind::kLease}) {
    driver.list(kind);
  }
  driver.put(ObjectKind::kPodCronJob, job_of("first", 1, ""));
  EXPECT_TRUE(driver.engine().health().synced) << "asked for late: no reason to be not ready";
  driver.pass(Seconds{61});
  EXPECT_EQ(claim(driver, "first"), "");
  for (const auto kind :
       {ObjectKind::kStatefulSet, ObjectKind::kDaemonSet, ObjectKind::kDeployment}) {
    driver.list(kind);
  }
  EXPECT_EQ(claim(driver, "first"), "");
  driver.list(ObjectKind::kReplicaSet, {test::replica_set()});
  EXPECT_NE(claim(driver, "first"), "");
}

TEST(Endpoints, ARefusedListIsSaidInTheConditionAndDecidesNothing) {
  Driver driver;
  start(driver, {job_of("named", 1, "shop-web")});
  driver.refuse(kSlices, 403, "endpointslices is forbidden");
  const std::string said = claim(driver, "named");
  EXPECT_THAT(said, HasSubstr("EndpointsNotListed"));
  EXPECT_THAT(said, HasSubstr("HTTP 403: endpointslices is forbidden"));
  EXPECT_THAT(said, HasSubstr("\"active\":[]"));
  EXPECT_TRUE(driver.engine().health().reachable) << "one object's lack is not the controller's";
}

TEST(Endpoints, AChangeOfTheServiceWakesWhoWaits) {
  Driver driver;
  start(driver, {job_of("named", 1, "shop-web")});
  driver.list(kSlices, {slice(driver, {})});
  driver.pass(Seconds{61});
  const auto write = driver.take_request("podcronjobs/named/status");
  ASSERT_TRUE(write);
  EXPECT_THAT(write->body, HasSubstr("1 NotInService"));
  testing::grant(driver, *write, "named", 1, naming("shop-web"));
  EXPECT_EQ(claim(driver, "named"), "") << "it waits for a pod";
  driver.put(kSlices, slice(driver, {{test::serving_pod().meta.uid}}, "api"));
  EXPECT_EQ(claim(driver, "named"), "") << "another Service";
  driver.put(kSlices, slice(driver, {{test::serving_pod().meta.uid}}));
  EXPECT_THAT(claim(driver, "named"), HasSubstr("\"active\":[{"));
}

TEST(Endpoints, ANewNameMeansANewListAndTheOldOneStaysKnown) {
  Driver driver;
  start(driver, {job_of("a", 1, "shop-web")});
  driver.list(kSlices, {slice(driver, {{test::serving_pod().meta.uid}})});
  settle(driver, "a", 1, "shop-web");
  const EffectId watch = driver.stream(kSlices)->id;
  driver.put(ObjectKind::kPodCronJob, job_of("b", 2, "api"));
  driver.put(ObjectKind::kPodCronJob, job_of("c", 3, "cart"));
  EXPECT_FALSE(driver.cancelled(watch)) << "many that come at once share a list";
  driver.pass(Seconds{1});
  EXPECT_TRUE(driver.cancelled(watch));
  driver.pass(Seconds{60});
  EXPECT_THAT(claim(driver, "a"), HasSubstr("\"active\":[{")) << "its slices are still known";
  EXPECT_EQ(claim(driver, "b"), "");
}

TEST(Endpoints, TheStreamEndsWithTheLastWhoNamesAService) {
  Driver driver;
  start(driver, {job_of("a", 1, "shop-web"), job_of("b", 2, "shop-web")});
  driver.list(kSlices, {slice(driver, {{test::serving_pod().meta.uid}})});
  const EffectId watch = driver.stream(kSlices)->id;
  driver.pass(Seconds{2});
  driver.remove(ObjectKind::kPodCronJob, job_of("a", 1, "shop-web"));
  EXPECT_FALSE(driver.cancelled(watch));
  api::PodCronJob edited = testing::job_named("b", 2, testing::template_text(), 11);
  edited.meta.generation = 2;
  driver.put(ObjectKind::kPodCronJob, std::move(edited));
  EXPECT_TRUE(driver.cancelled(watch));
}

TEST(Endpoints, BeyondWhatFitsAUrlEveryServiceIsAskedFor) {
  Driver driver;
  std::vector<kube::Object> jobs;
  for (std::uint64_t i = 1; i <= 65; ++i) {
    jobs.emplace_back(job_of("j" + std::to_string(i), i, "service-" + std::to_string(i)));
  }
  start(driver, std::move(jobs));
  EXPECT_TRUE(driver.stream(kSlices)->path.ends_with("labelSelector=kubernetes.io%2Fservice-name"))
      << driver.stream(kSlices)->path;
  driver.list(kSlices);
  const EffectId watch = driver.stream(kSlices)->id;
  driver.put(ObjectKind::kPodCronJob, job_of("more", 66, "service-66"));
  driver.pass(Seconds{2});
  EXPECT_FALSE(driver.cancelled(watch)) << "it is shown already";
}

}  // namespace
}  // namespace podcron::engine
