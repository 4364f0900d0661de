// Goal: whoever asks for what this build cannot do is told so by name; defaults are never named.
// Method: one field at a time in a template that has none.
#include "api/not_implemented.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

std::string in_template(std::string_view json) {
  JsonParser parser;
  Fault fault;
  const auto element = parser.parse(json);
  EXPECT_TRUE(element) << json;
  return element ? not_implemented_in_template(Node(*element, fault)) : "";
}

TEST(NotImplemented, EachFieldOfTheTemplateIsNamed) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"job":{}})", "job"},
      {R"({"exec":{"stdin":"x"}})", "exec.stdin"},
      {R"({"strategy":{"type":"Lottery"}})", "strategy.type: Lottery"},
      {R"({"deliveryPolicy":"AtLeastOnce"})", "deliveryPolicy: AtLeastOnce"},
      {R"({"backoffLimit":1})", "backoffLimit: 1"},
      {R"({"serviceAccountName":"x"})", "serviceAccountName"},
  };
  for (const auto& [json, name] : kCases) EXPECT_EQ(in_template(json), name);
}

TEST(NotImplemented, DefaultsAndWhatIsImplementedAreNotNamed) {
  EXPECT_EQ(in_template(R"({
    "target":{"selector":{},"workloadRef":{"name":"x"},"podNames":["a"],"serviceName":"web",
      "container":"app","minReadySeconds":9,"revision":"Latest","ownership":"Optional",
      "minEligible":3,"interactiveSessions":{"exclude":"StdinOrTTY","cooldownSeconds":3600},
      "servingProbe":{"exec":{"command":["x"]},"timeoutSeconds":2,"httpGet":{"port":1}}},
    "strategy":{"type":"All","maxParallel":2,"maxFailed":"10%"},"noTargetPolicy":"Skip",
    "exec":{"command":["x"],"env":[],"stdin":""},"http":{"port":1},"job":null,"serviceAccountName":"",
    "activeDeadlineSeconds":5,"deliveryPolicy":"AtMostOnce","backoffLimit":0,
    "outputPolicy":"Never","ttlSecondsAfterFinished":60})"),
            "");
  EXPECT_EQ(in_template(R"({"target":{"revision":"PreferLatest",
      "interactiveSessions":{"exclude":"AnyExec","cooldownSeconds":60}},"strategy":{"type":"Random","count":3}})"),
            "");
  for (const char* strategy :
       {R"("type":"RoundRobin")", R"("type":"LeastRecent")", R"("type":"Sticky")",
        R"("type":"Oldest")", R"("type":"Newest")", R"("type":"Webhook","webhook":{"name":"x"})",
        R"("type":"Percent","percent":10)", R"("type":"Ordinal","ordinal":0,"fallback":"Random")",
        R"("type":"PerTopology","topologyKey":"topology.kubernetes.io/zone")"}) {
    EXPECT_EQ(in_template(fmt::format(R"({{"strategy":{{{}}}}})", strategy)), "");
  }
}

TEST(NotImplemented, AWorkloadThatIsNotReadGivesNoSelector) {
  EXPECT_EQ(in_template(R"({"target":{"workloadRef":
      {"apiGroup":"argoproj.io","kind":"Rollout","name":"x"}}})"),
            "target.workloadRef.kind: Rollout without target.selector");
  EXPECT_EQ(in_template(R"({"target":{"selector":{"matchLabels":{"app":"x"}},"workloadRef":
      {"apiGroup":"argoproj.io","kind":"Rollout","name":"x"}}})"),
            "");
  for (const char* kind : {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}) {
    EXPECT_EQ(in_template(std::string(R"({"target":{"workloadRef":{"kind":")") + kind +
                          R"(","name":"x"}}})"),
              "");
  }
}

TEST(NotImplemented, AnObjectNamesItsFirstFieldByItsWholePath) {
  using testing::kPodCronJob;
  using testing::with;
  Decoder decoder;
  const auto retries = with(kPodCronJob, R"("backoffLimit": 0)", R"("backoffLimit": 2)");
  EXPECT_EQ(decoder.pod_cron_job(retries)->spec.not_implemented,
            "spec.podJobTemplate.spec.backoffLimit: 2");
  EXPECT_EQ(
      decoder.pod_job(with(testing::kPodJob, R"("exec": {)", R"("backoffLimit": 2, "exec": {)"))
          ->spec.not_implemented,
      "backoffLimit: 2");
}

}  // namespace
}  // namespace podcron::api
