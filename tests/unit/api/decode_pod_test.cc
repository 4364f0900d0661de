// Goal: a pod is read as eligibility needs it, whatever the cluster sends.
// Method: a pod as the API server returns it, and the same pod with one thing changed.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "base/prng.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

using testing::kPod;
using testing::with;

Pod decoded(std::string_view json) {
  auto pod = Decoder().pod(json);
  EXPECT_TRUE(pod.has_value()) << (pod ? "" : pod.error().message);
  return pod.value_or(Pod{});
}

std::string refused(std::string_view json) {
  const auto pod = Decoder().pod(json);
  EXPECT_FALSE(pod.has_value());
  return pod ? "" : pod.error().message;
}

TEST(DecodePod, ReadsWhatEligibilityNeeds) {
  const Pod pod = decoded(kPod);
  EXPECT_EQ(pod.meta.name, "shop-7c9d-4xk2p");
  EXPECT_EQ(pod.meta.namespace_, "shop");
  EXPECT_EQ(pod.meta.uid.to_string(), testing::kPodUid);
  EXPECT_EQ(pod.meta.resource_version, 4711u);
  EXPECT_EQ(pod.meta.creation_timestamp, parse_rfc3339("2026-03-08T07:00:00Z").value());
  EXPECT_FALSE(pod.meta.deletion_timestamp);
  EXPECT_EQ(pod.generate_name, "shop-7c9d-");
  EXPECT_EQ(
      pod.labels,
      (StringMap{{"app", "shop"}, {"pod-template-hash", "7c9d"}, {"podcron.dev/serving", "true"}}));
  EXPECT_EQ(pod.default_container, "app");
  EXPECT_EQ(pod.node_name, "node-1");
  EXPECT_EQ(pod.phase, PodPhase::kRunning);
  EXPECT_TRUE(pod.ready);
  EXPECT_EQ(pod.ready_since, parse_rfc3339("2026-03-08T07:00:05Z").value());
  EXPECT_FALSE(pod.excluded || pod.disrupted || pod.ephemeral_running);
  ASSERT_EQ(pod.containers.size(), 2u);
  const ContainerSpec& app = pod.containers[0];
  const ContainerSpec& proxy = pod.containers[1];
  EXPECT_EQ(app.name, "app");
  EXPECT_FALSE(app.stdin_open || app.tty || proxy.has_readiness_probe);
  EXPECT_TRUE(app.has_readiness_probe && proxy.stdin_open && proxy.tty);
  EXPECT_EQ(proxy.name, "proxy");
  EXPECT_EQ(pod.statuses,
            (std::vector<ContainerStatus>{{"app", "containerd://abc", true, true, true},
                                          {"proxy", "containerd://def", false, false, true}}));
}

TEST(DecodePod, TheControllerIsTheOwnerThatSaysSo) {
  const Pod pod = decoded(kPod);
  ASSERT_TRUE(pod.controller);
  EXPECT_EQ(pod.controller->api_group, "apps");
  EXPECT_EQ(pod.controller->kind, "ReplicaSet");
  EXPECT_EQ(pod.controller->name, "shop-7c9d");
  EXPECT_EQ(pod.controller->uid.to_string(), testing::kReplicaSetUid);
  EXPECT_FALSE(decoded(with(kPod, R"("controller": true)", R"("controller": false)")).controller);
}

TEST(DecodePod, AnOwnerUidThatIsNoUuidMatchesNoObject) {
  // Users can write any text there; the pod must stay visible with its reason.
  const Pod pod = decoded(with(kPod, testing::kReplicaSetUid, "anything"));
  ASSERT_TRUE(pod.controller);
  EXPECT_TRUE(pod.controller->uid.empty());
}

TEST(DecodePod, OrderOfFieldsDoesNotMatter) {
  const std::string reversed =
      R"({"status":{"conditions":[{"status":"True","type":"Ready"}],"phase":"Running"},)"
      R"("metadata":{"uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111","resourceVersion":"7",)"
      R"("namespace":"n","name":"p"}})";
  const Pod pod = decoded(reversed);
  EXPECT_EQ(pod.meta.name, "p");
  EXPECT_TRUE(pod.ready);
}

TEST(DecodePod, ExcludeIsAnyValueButFalse) {
  for (const auto& [value, excluded] :
       {std::pair{"true", true}, {"", true}, {"yes", true}, {"false", false}}) {
    const auto annotation = std::string(R"("podcron.dev/exclude": ")") + value + "\"";
    EXPECT_EQ(decoded(with(kPod, R"("note": "a \"quoted\" \\ word")", annotation)).excluded,
              excluded)
        << value;
  }
}

TEST(DecodePod, DevelopmentToolsAreKnownByTheirLabelsAndAnnotations) {
  EXPECT_FALSE(decoded(kPod).dev_tool);
  const auto pod_with = [](std::string_view place, std::string_view entry) {
    return decoded(with(kPod, place, std::string(place) + std::string(entry) + ","));
  };
  for (const std::string_view entry : {
           R"("devspace.sh/replaced": "true")",
           R"("interactive.dev.okteto.com": "shop")",
           R"("detached.dev.okteto.com": "shop")",
           R"("telepresence.io/workloadEnabled": "true")",
           R"("skaffold.dev/debug": "")",
           R"("debug.cloud.google.com/config": "{\"app\":{}}")",
           R"("operator.metalbear.co/owner": "7f")",
       }) {
    EXPECT_TRUE(pod_with(R"("labels": {)", entry).dev_tool) << entry;
    EXPECT_TRUE(pod_with(R"("annotations": {)", entry).dev_tool) << entry;
  }
  EXPECT_TRUE(decoded(with(kPod, R"("app": "shop")", R"("app": "mirrord")")).dev_tool);
  for (const std::string_view harmless :
       {R"("skaffold.dev/run-id": "x")", R"("telepresence.io/workloadEnabled": "false")",
        R"("devspace.sh/replacedx": "true")"}) {
    EXPECT_FALSE(pod_with(R"("labels": {)", harmless).dev_tool) << harmless;
  }
}

ContainerSpec first_container(std::string_view json) {
  return decoded(with(kPod, R"({"name": "app", "image": "shop:1")", json)).containers[0];
}

TEST(DecodePod, WhatAContainerRunsIsComparedByHashes) {
  const ContainerSpec plain = first_container(R"({"name": "app", "image": "shop:1")");
  EXPECT_EQ(plain,
            first_container(R"({"name": "app", "image": "shop:1", "command": [], "args": null)"));
  const std::vector<std::string> other_processes{
      R"("command": ["a", "b"])",           R"("command": ["ab"])",
      R"("command": ["b", "a"])",           R"("args": ["a", "b"])",
      R"("command": ["a"], "args": ["b"])", R"("command": [""])"};
  std::set<std::uint64_t> processes{plain.process};
  for (const std::string& each : other_processes) {
    const auto other = first_container(R"({"name": "app", "image": "shop:1", )" + each);
    EXPECT_EQ(other.image, plain.image);
    processes.insert(other.process);
  }
  EXPECT_EQ(processes.size(), other_processes.size() + 1);
}

TEST(DecodePod, TheImagesNameIsWhatIsLeftWithoutRegistryTagAndDigest) {
  const auto image = [](const std::string& reference) {
    return first_container(R"({"name": "app", "image": ")" + reference + "\"");
  };
  const ContainerSpec plain = image("shop:1");
  for (const char* same : {"shop", "shop:2", "mirror.example:5000/team/shop:1",
                           "team/shop@sha256:0a", "mirror.example/shop:1@sha256:0a"}) {
    EXPECT_EQ(image(same).image_name, plain.image_name) << same;
    EXPECT_NE(image(same).image, plain.image) << same;
  }
  for (const char* other : {"busybox", "shop/web:1", "shop2:1", "webshop:1", ""}) {
    EXPECT_NE(image(other).image_name, plain.image_name) << other;
  }
}

TEST(DecodePod, AnEphemeralContainerRunsUntilItsStatusSaysTerminated) {
  const auto pod_with = [](std::string_view spec, std::string_view status) {
    return with(with(kPod, R"("nodeName")",
                     R"("ephemeralContainers": [)" + std::string(spec) + R"(], "nodeName")"),
                R"("qosClass")",
                R"("ephemeralContainerStatuses": [)" + std::string(status) + R"(], "qosClass")");
  };
  EXPECT_FALSE(decoded(pod_with("", "")).ephemeral_running);
  EXPECT_TRUE(decoded(pod_with(R"({"name":"d"})", "")).ephemeral_running);
  EXPECT_TRUE(decoded(pod_with(R"({"name":"d"})", R"({"name":"d","state":{"running":{}}})"))
                  .ephemeral_running);
  EXPECT_TRUE(decoded(pod_with(R"({"name":"d"})", R"({"name":"d","state":{"waiting":{}}})"))
                  .ephemeral_running);
  EXPECT_TRUE(decoded(pod_with("", R"({"name":"d","state":{"running":{}}})")).ephemeral_running);
  EXPECT_FALSE(decoded(pod_with(R"({"name":"d"})", R"({"name":"d","state":{"terminated":{}}})"))
                   .ephemeral_running);
  EXPECT_TRUE(
      decoded(pod_with(R"({"name":"d"},{"name":"e"})", R"({"name":"d","state":{"terminated":{}}})"))
          .ephemeral_running);
}

TEST(DecodePod, NotReadyHasNoReadySince) {
  const auto at = R"({"type": "Ready", "status": "True")";
  const Pod pod = decoded(with(kPod, at, R"({"type": "Ready", "status": "False")"));
  EXPECT_FALSE(pod.ready);
  EXPECT_FALSE(pod.ready_since);
  EXPECT_FALSE(decoded(with(kPod, at, R"({"type": "Ready", "status": "Unknown")")).ready);
}

TEST(DecodePod, DisruptionTargetIsSeen) {
  EXPECT_TRUE(decoded(with(kPod, "Initialized", "DisruptionTarget")).disrupted);
}

TEST(DecodePod, APhaseThatIsNewToUsIsUnknown) {
  EXPECT_EQ(decoded(with(kPod, R"("phase": "Running")", R"("phase": "Resting")")).phase,
            PodPhase::kUnknown);
}

TEST(DecodePod, StartedFalseIsNotStarted) {
  EXPECT_FALSE(
      decoded(with(kPod, R"("started": true)", R"("started": false)")).statuses[0].started);
}

TEST(DecodePod, NullIsAbsent) {
  const Pod pod = decoded(R"({"metadata":{"name":"p","namespace":"n","resourceVersion":"7",
    "uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111","labels":null,"ownerReferences":null,
    "deletionTimestamp":null},"spec":null,"status":{"phase":null,"conditions":null}})");
  EXPECT_TRUE(pod.labels.empty());
  EXPECT_EQ(pod.phase, PodPhase::kPending);
}

TEST(DecodePod, OfARepeatedKeyTheLastWins) {
  const Pod pod = decoded(with(kPod, R"("labels": {)", R"("labels": {"app": "old",)"));
  EXPECT_EQ(*find_value(pod.labels, "app"), "shop");
  EXPECT_EQ(pod.labels.size(), 3u);
}

TEST(DecodePod, WhatIsMissingIsNamed) {
  EXPECT_EQ(refused(with(kPod, R"("name": "shop-7c9d-4xk2p",)", "")), "metadata.name: missing");
  EXPECT_EQ(refused(with(kPod, R"("resourceVersion": "4711",)", "")),
            "metadata.resourceVersion: missing");
  EXPECT_EQ(refused(with(kPod, R"("uid": "0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",)", "")),
            "metadata.uid: missing");
  EXPECT_EQ(refused("{}"), "metadata.name: missing");
}

TEST(DecodePod, WhatHasTheWrongTypeIsNamedWithItsPath) {
  EXPECT_EQ(refused(with(kPod, R"("name": "proxy")", R"("name": 7)")),
            "spec.containers[1].name: got 7, wanted a string");
  EXPECT_EQ(refused(with(kPod, R"("labels": {)", R"("labels": [], "x": {)")),
            "metadata.labels: got a list, wanted an object");
  EXPECT_EQ(refused(with(kPod, R"("app": "shop")", R"("app": {})")),
            "metadata.labels.app: got an object, wanted a string");
  EXPECT_EQ(refused(with(kPod, R"("4711")", R"("47x")")),
            R"(metadata.resourceVersion: got "47x", wanted a number in quotes)");
  EXPECT_EQ(refused(with(kPod, "2026-03-08T07:00:05Z", "yesterday")),
            "status.conditions[1].lastTransitionTime: got \"yesterday\", wanted an RFC 3339 time "
            "such as 2026-03-08T07:30:00Z");
  EXPECT_EQ(refused("[]"), "got a list, wanted an object");
  EXPECT_EQ(refused("7"), "got 7, wanted an object");
}

TEST(DecodePod, BytesThatAreNoJsonAreRefused) {
  EXPECT_FALSE(refused("").empty());
  EXPECT_FALSE(refused("{").empty());
  EXPECT_FALSE(refused("\xff\xfe").empty());
  EXPECT_FALSE(refused(with(kPod, "node-1", "node-\xc3\x28")).empty());
  EXPECT_FALSE(refused(with(kPod, R"("spec")", R"("status" "spec")")).empty());
  EXPECT_FALSE(refused(std::string(1'000'000, '[')).empty());
}

TEST(DecodePod, NestingIsBounded) {
  const auto nested = [](int depth) {
    const auto times = static_cast<std::size_t>(depth);
    return with(kPod, R"("note")",
                R"("deep": )" + std::string(times, '[') + std::string(times, ']') + R"(, "note")");
  };
  // Depth counts from the root: an annotation stands at depth 3.
  EXPECT_FALSE(refused(with(nested(80), R"("annotations")", R"("other")")).empty());
  EXPECT_EQ(decoded(with(nested(40), R"("annotations")", R"("other")")).meta.name,
            "shop-7c9d-4xk2p");
}

TEST(DecodePod, AHugeAnnotationIsReadAndForgotten) {
  Decoder decoder;
  const auto huge = with(kPod, R"("note": ")", R"("note": ")" + std::string(4'000'000, 'x'));
  for (const auto& json : {std::string(kPod), huge, std::string(kPod)}) {
    const auto pod = decoder.pod(json);
    ASSERT_TRUE(pod) << pod.error().message;
    EXPECT_EQ(pod->meta.resource_version, 4711u);
  }
}

TEST(DecodePod, AFailureLeavesTheDecoderUsable) {
  Decoder decoder;
  EXPECT_FALSE(decoder.pod("{\"metadata\":"));
  EXPECT_FALSE(decoder.pod(R"({"metadata":7})"));
  EXPECT_TRUE(decoder.pod(kPod));
}

TEST(DecodePod, NoDamageDoneToBytesEscapes) {
  // Whatever one changed, dropped or doubled byte makes of a pod, it is a pod or an Error.
  Prng prng(1);
  Decoder decoder;
  for (int round = 0; round < 3000; ++round) {
    std::string json(kPod);
    const auto at = prng.below(json.size());
    switch (prng.below(3)) {
      case 0:
        json[at] = static_cast<char>(prng.below(256));
        break;
      case 1:
        json.erase(at, prng.below(64));
        break;
      default:
        json.insert(at, json.substr(prng.below(json.size()), prng.below(64)));
    }
    const auto pod = decoder.pod(json);
    if (pod) {
      EXPECT_FALSE(pod->meta.name.empty() || pod->meta.uid.empty());
    } else {
      EXPECT_FALSE(pod.error().message.empty());
      EXPECT_EQ(pod.error().code, ErrorCode::kMalformed);
    }
  }
}

}  // namespace
}  // namespace podcron::api
