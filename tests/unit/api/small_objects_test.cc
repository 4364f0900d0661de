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
  EXPECT_EQ(workload->containers,
            (std::vector<ContainerSpec>{{"app", true, false, false, 0, 0, 0},
                                        {"proxy", false, false, true, 0, 0, 0}}));
}

TEST(DecodeWorkload, TheTemplateHashLeavesOutOnlyTheLabelThatTheDeploymentAdds) {
  const auto hash = [](const std::string& replica_set) {
    return Decoder().workload(replica_set, "ReplicaSet")->template_hash;
  };
  const std::uint64_t plain = hash(std::string(kReplicaSet));
  const auto labels = [](std::string_view text) {
    return with(kReplicaSet, R"({"labels": {"app": "shop"}})", text);
  };
  EXPECT_EQ(hash(labels(R"({"labels": {"app": "shop", "pod-template-hash": "7c9d"}})")), plain);
  EXPECT_NE(hash(labels(R"({"labels": {"app": "cart"}})")), plain);
  EXPECT_NE(hash(labels(R"({"labels": {"app": "shop", "tier": "web"}})")), plain);
  // kubectl rollout restart.
  EXPECT_NE(hash(labels(R"({"annotations": {"kubectl.kubernetes.io/restartedAt": "x"},
                            "labels": {"app": "shop"}})")),
            plain);
  EXPECT_NE(hash(with(kReplicaSet, R"("readinessProbe": {})", R"("readinessProbe": {"x": 1})")),
            plain);
  EXPECT_EQ(hash(with(kReplicaSet, R"("replicas": 3)", R"("replicas": 4)")), plain);
}

TEST(DecodeWorkload, AStatefulSetSaysItsUpdateRevision) {
  const auto set = Decoder().workload(
      with(kReplicaSet, R"("status": {)", R"("status": {"updateRevision": "db-6c9b", )"),
      "StatefulSet");
  EXPECT_EQ(set->update_revision, "db-6c9b");
}

constexpr std::string_view kRevision = R"({
  "metadata": {"name": "db-6c9b", "namespace": "shop", "resourceVersion": "12",
    "uid": "1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222",
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db",
      "uid": "5c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d666", "controller": true}]},
  "data": {"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"app": "db"}},
    "spec": {"containers": [{"name": "db", "image": "db:1", "tty": true}]}}}},
  "revision": 3})";

TEST(DecodeWorkload, AControllerRevisionKeepsATemplate) {
  const auto revision = Decoder().workload(kRevision, "ControllerRevision");
  ASSERT_TRUE(revision) << revision.error().message;
  EXPECT_EQ(revision->revision, 3);
  ASSERT_EQ(revision->containers.size(), 1U);
  EXPECT_EQ(revision->containers[0].name, "db");
  EXPECT_TRUE(revision->containers[0].tty);
  EXPECT_NE(revision->containers[0].image, 0U);
}

TEST(DecodeWorkload, WhatOtherControllersKeepInARevisionIsNoFault) {
  for (const std::string_view group : {"kubevirt.io/v1", "v1"}) {
    const auto other =
        with(with(kRevision, "apps/v1", group), R"("containers": [)", R"("containers": 7, "x": [)");
    const auto revision = Decoder().workload(other, "ControllerRevision");
    ASSERT_TRUE(revision) << revision.error().message;
    EXPECT_TRUE(revision->containers.empty());
  }
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

TEST(SessionLease, ReadsBackWhoWhenAndWhere) {
  const std::string body =
      encode_session_lease({"podcron", "a-tty", "tty", "shop/web-0", "alice@example.com",
                            at("2026-03-08T07:00:00.250Z"), at("2026-03-08T07:00:05Z")});
  EXPECT_EQ(body,
            R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{)"
            R"("name":"a-tty","namespace":"podcron","labels":{"podcron.dev/session":"tty"},)"
            R"("annotations":{"podcron.dev/pod":"shop/web-0"}},"spec":{)"
            R"("holderIdentity":"alice@example.com","acquireTime":"2026-03-08T07:00:00.250000Z",)"
            R"("renewTime":"2026-03-08T07:00:05.000000Z"}})");
  const auto lease = Decoder().lease(
      with(body, R"("metadata":{)",
           R"("metadata":{"resourceVersion":"5","uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",)"));
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->holder_identity, "alice@example.com");
  EXPECT_EQ(lease->session_pod, "shop/web-0");
  EXPECT_EQ(lease->acquire_time, at("2026-03-08T07:00:00.250Z"));
  EXPECT_EQ(lease->renew_time, at("2026-03-08T07:00:05Z"));
}

TEST(SessionLease, ATimeThatIsNoneCountsAsAbsent) {
  const auto lease = Decoder().lease(
      R"({"metadata":{"name":"a","namespace":"b","resourceVersion":"5",)"
      R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111"},"spec":{"renewTime":"soon","acquireTime":7}})");
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->renew_time, std::nullopt);
  EXPECT_EQ(lease->acquire_time, std::nullopt);
}

TEST(SessionLease, AUserIsCutBetweenCharacters) {
  std::string user;
  while (user.size() <= kSessionUserBytesMax) user += "\xC3\xA9";
  const std::string body = encode_session_renewal(user, at("2026-03-08T07:00:05Z"));
  EXPECT_EQ(body.find("\xEF\xBF\xBD"), std::string::npos);
  EXPECT_LT(body.size(), kSessionUserBytesMax + 100);
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
