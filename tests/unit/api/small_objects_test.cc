// Goal: owners, leases, Events and patches of metadata have the shape of their API.
// Method: bodies as the API server returns them; what we write is compared whole.
#include <gtest/gtest.h>

#include <array>

#include "api/codec.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

using testing::with;

constexpr std::string_view kReplicaSet = R"({
  "metadata": {"name": "shop-7c9d", "namespace": "shop", "resourceVersion": "12",
    "uid": "1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222",
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop",
      "uid": "5c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d666", "controller": true}]},
  "spec": {"replicas": 3,
    "selector": {"matchLabels": {"pod-template-hash": "7c9d", "app": "shop"}},
    "template": {"metadata": {"labels": {"app": "shop"}},
      "spec": {"containers": [{"name": "app", "stdin": true},
                              {"name": "proxy", "readinessProbe": {}}]}}},
  "status": {"replicas": 3}})";

WallMillis at(std::string_view text) { return parse_rfc3339_millis(text).value(); }

TEST(DecodeWorkload, ReadsWhatOwnsPods) {
  const auto workload = Decoder().workload(kReplicaSet, "ReplicaSet");
  ASSERT_TRUE(workload) << workload.error().message;
  EXPECT_EQ(workload->api_group, "apps");
  EXPECT_EQ(workload->kind, "ReplicaSet");
  EXPECT_EQ(workload->meta.name, "shop-7c9d");
  ASSERT_TRUE(workload->controller);
  EXPECT_EQ(workload->controller->kind, "Deployment");
  EXPECT_EQ(workload->selector.to_query(), "app=shop,pod-template-hash=7c9d");
  EXPECT_EQ(workload->containers, (std::vector<ContainerSpec>{{"app", true, false, false},
                                                              {"proxy", false, false, true}}));
}

TEST(DecodeWorkload, WhatIsWrongIsNamedWithItsPath) {
  const auto workload =
      Decoder().workload(with(kReplicaSet, R"("name": "proxy", )", ""), "ReplicaSet");
  ASSERT_FALSE(workload);
  EXPECT_EQ(workload.error().message, "spec.template.spec.containers[1].name: missing");
}

TEST(Lease, ReadsBackItsHolder) {
  const std::string body =
      encode_lease("podcron", "holder-abc", "podcron-0/abc", Seconds{15},
                   at("2026-03-08T07:00:00.250Z"), at("2026-03-08T07:00:05Z"), 0);
  EXPECT_EQ(
      body,
      R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{)"
      R"("name":"holder-abc","namespace":"podcron"},"spec":{"holderIdentity":"podcron-0/abc",)"
      R"("leaseDurationSeconds":15,"acquireTime":"2026-03-08T07:00:00.250000Z",)"
      R"("renewTime":"2026-03-08T07:00:05.000000Z"}})");
  const auto lease = Decoder().lease(
      with(body, R"("metadata":{)",
           R"("metadata":{"resourceVersion":"9","uid":"1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222",)"));
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->holder_identity, "podcron-0/abc");
  EXPECT_EQ(lease->meta.resource_version, 9u);
}

TEST(Lease, AnUpdateCarriesItsVersion) {
  const std::string body = encode_lease("n", "l", "h", Seconds{15}, at("2026-03-08T07:00:00Z"),
                                        at("2026-03-08T07:00:00Z"), 41);
  EXPECT_NE(body.find(R"("resourceVersion":"41")"), std::string::npos);
}

TEST(Lease, WithoutAHolderItIsFree) {
  const auto lease = Decoder().lease(
      R"({"metadata":{"name":"l","namespace":"n","resourceVersion":"9",
          "uid":"1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222"},"spec":{"holderIdentity":null}})");
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->holder_identity, "");
}

TEST(Patches, OfMetadataCarryTheVersionTheyWereDecidedOn) {
  EXPECT_EQ(encode_holder_patch("podcron-0/\"abc\"/2", 7),
            R"({"metadata":{"resourceVersion":"7","annotations":{)"
            R"("podcron.dev/holder":"podcron-0/\"abc\"/2"}}})");
  const std::array<std::string, 2> kept{"a", "b"};
  EXPECT_EQ(encode_finalizers_patch(kept, 7),
            R"({"metadata":{"resourceVersion":"7","finalizers":["a","b"]}})");
  EXPECT_EQ(encode_finalizers_patch({}, 7),
            R"({"metadata":{"resourceVersion":"7","finalizers":[]}})");
}

TEST(DeleteOptions, NameTheObjectByUid) {
  const Uid uid = Uid::parse(testing::kPodUid).value();
  EXPECT_EQ(encode_delete_options(uid, 0),
            R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{)"
            R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111"},"propagationPolicy":"Background"})");
  EXPECT_NE(encode_delete_options(uid, 7).find(R"("resourceVersion":"7")"), std::string::npos);
}

NewEvent missed() {
  NewEvent event;
  event.namespace_ = "shop";
  event.name = "digest.17abc";
  event.regarding_kind = "PodCronJob";
  event.regarding_name = "digest";
  event.regarding_uid = Uid::parse(testing::kPodUid).value();
  event.reason = "RunMissed";
  event.action = "Schedule";
  event.note = "scheduled 2026-03-08T07:00:00Z";
  event.reporting_instance = "podcron-0";
  event.first = at("2026-03-08T07:03:10Z");
  event.last = at("2026-03-08T07:04:10Z");
  return event;
}

TEST(Event, HasTheShapeOfEventsV1) {
  EXPECT_EQ(encode_event(missed()),
            R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"digest.17abc",)"
            R"("namespace":"shop"},"eventTime":"2026-03-08T07:03:10.000000Z","type":"Warning",)"
            R"("reason":"RunMissed","action":"Schedule","note":"scheduled 2026-03-08T07:00:00Z",)"
            R"("regarding":{"apiVersion":"podcron.dev/v1alpha1","kind":"PodCronJob",)"
            R"("namespace":"shop","name":"digest","uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111"},)"
            R"("reportingController":"podcron.dev/controller","reportingInstance":"podcron-0"})");
}

TEST(Event, ASeriesBeginsWithItsSecondMember) {
  NewEvent event = missed();
  event.series_count = 2;
  EXPECT_NE(encode_event(event).find(
                R"("series":{"count":2,"lastObservedTime":"2026-03-08T07:04:10.000000Z"})"),
            std::string::npos);
  EXPECT_EQ(encode_event_series(event.last, 3),
            R"({"series":{"count":3,"lastObservedTime":"2026-03-08T07:04:10.000000Z"}})");
}

TEST(Event, ANoteIsNoLongerThanTheApiAllows) {
  NewEvent event = missed();
  event.note = std::string(5000, 'x');
  const std::string body = encode_event(event);
  EXPECT_EQ(body.find(std::string(1025, 'x')), std::string::npos);
  EXPECT_NE(body.find(std::string(1024, 'x')), std::string::npos);
}

}  // namespace
}  // namespace podcron::api
