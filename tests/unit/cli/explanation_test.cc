#include "cli/explanation.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/schedule_source.h"
#include "cli/zone_files.h"
#include "strategy/random.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::cli {
namespace {

using test::kNow;

/// Three replicas of Deployment shop, and PodCronJob shop/digest that wants them.
struct Case {
  Case() {
    snapshot.job.meta.namespace_ = "shop";
    snapshot.job.meta.name = "digest";
    snapshot.job.meta.uid = Uid{9, 9};
    snapshot.job.spec.schedule = "*/10 * * * *";
    snapshot.job.spec.job.target.selector.requirements = {
        {"app", api::SelectorOperator::kIn, {"shop"}}};
    settings.serving_selector = *api::parse_selector("podcron.dev/serving=true");
    settings.owner_kinds = {"ReplicaSet"};
    snapshot.workloads.apply(test::deployment(), 1);
    snapshot.workloads.apply(test::replica_set(), 1);
    for (std::uint64_t i = 0; i < kNames.size(); ++i) put(pod(i));
  }
  static api::Pod pod(std::uint64_t i) {
    api::Pod pod = test::serving_pod();
    pod.meta.name = kNames.at(i);
    pod.meta.uid = Uid{1, 1 + i};
    pod.containers.front().has_readiness_probe = true;  // without one the summary says more
    return pod;
  }
  void put(api::Pod pod) {
    pod.meta.resource_version = ++version;
    snapshot.pods.apply(pod, 1);
  }
  [[nodiscard]] Explanation explain(const Scope& scope = {}) const {
    const auto zones = read_zone("/usr/share/zoneinfo", "UTC");
    return *cli::explain(snapshot, settings, schedule_of(*zones, snapshot.job), scope, kNow);
  }
  static constexpr std::array kNames{"shop-7c9d-4xk2p", "shop-7c9d-bbbbb", "shop-7c9d-ccccc"};
  Snapshot snapshot;
  ControllerSettings settings;
  std::uint64_t version = 100;
};

TEST(Explanation, TurnsGoOnFromChoiceToChoice) {
  Case world;
  for (const char* type : {"RoundRobin", "LeastRecent"}) {
    world.snapshot.job.spec.job.strategy.type = type;
    world.snapshot.job.status.strategy_state = {{Case::kNames.at(1), "2026-03-08T11:50:00Z"}};
    std::vector<std::string> pods;
    for (const Choice& choice : world.explain().choices) pods.push_back(choice.pods.at(0));
    EXPECT_EQ(pods, (std::vector<std::string>{Case::kNames.at(2), Case::kNames.at(0),
                                              Case::kNames.at(1)}))
        << type;
  }
}

TEST(Explanation, SaysWhenTheStrategyFindsNobody) {
  Case world;
  world.snapshot.job.spec.job.strategy.type = "Ordinal";
  world.snapshot.job.spec.job.strategy.ordinal = 4;
  const Choice choice = world.explain().choices.at(0);
  EXPECT_TRUE(choice.pods.empty());
  EXPECT_TRUE(choice.instead.starts_with(
      "3 eligible, none of them is the StatefulSet pod with index 4: would wait for one until"))
      << choice.instead;
}

TEST(Explanation, SaysThatAStrategyServiceIsAskedWhenTheTimeIsDue) {
  Case world;
  world.snapshot.job.spec.job.strategy.type = "Webhook";
  world.snapshot.job.spec.job.strategy.webhook.name = "quiet";
  const Explanation explanation = world.explain();
  EXPECT_EQ(explanation.summary, "3 of 3 pods eligible");
  EXPECT_TRUE(explanation.choices.at(0).pods.empty());
  EXPECT_EQ(explanation.choices.at(0).instead,
            "3 eligible; strategy service \"quiet\" is asked when a time is due");
}

TEST(Explanation, ChoosesAsTheControllerWould) {
  const Case world;
  const Explanation explanation = world.explain();
  ASSERT_EQ(explanation.choices.size(), 3U);
  for (const Choice& choice : explanation.choices) {
    std::vector<std::uint32_t> chosen;
    strategy::sample(1, Case::kNames.size(),
                     strategy::seed_of(world.snapshot.job.meta.uid, choice.scheduled_time, 0),
                     chosen);
    EXPECT_EQ(choice.pods, std::vector<std::string>{Case::kNames.at(chosen.at(0))});
  }
}

TEST(Explanation, JudgesByTheEndpointsOfTheService) {
  Case world;
  world.snapshot.job.spec.job.target.service_name = "shop-web";
  world.snapshot.endpoints.apply(
      test::slice_of({{Case::pod(0).meta.uid}, {Case::pod(1).meta.uid, false}}), 1);
  const Explanation explanation = world.explain();
  EXPECT_EQ(explanation.summary, "1 of 3 pods eligible: 1 NotInService, 1 EndpointNotServing");
  EXPECT_EQ(explanation.choices.at(0).pods, std::vector<std::string>{Case::kNames.at(0)});
}

TEST(Explanation, LeavesOutPodsThatTheSelectorDoesNotMatchUnlessAskedFor) {
  Case world;
  api::Pod other = Case::pod(0);
  other.meta.name = "other";
  other.meta.uid = Uid{2, 2};
  other.labels = {{"app", "other"}};
  world.put(other);
  EXPECT_EQ(world.explain().pods.size(), 3U);
  EXPECT_EQ(world.explain({"", true}).pods.size(), 4U);
  const auto only = world.explain({"other", false}).pods;
  ASSERT_EQ(only.size(), 1U);
  EXPECT_EQ(only[0].failing.front(), eligibility::Reason::kNotLabelledServing);
}

TEST(Explanation, NamesTheMissingLabelAndTheWorkloadToAddItTo) {
  Case world;
  for (std::uint64_t i = 0; i < Case::kNames.size(); ++i) {
    api::Pod pod = Case::pod(i);
    pod.labels = {{"app", "shop"}};
    world.put(pod);
  }
  EXPECT_EQ(world.explain().summary,
            "3 pods match spec.podJobTemplate.spec.target, but none has the serving label "
            "podcron.dev/serving=true; add it to the pod template of Deployment shop");
}

TEST(Explanation, CountsRunsOfOthersOnlyWhenThePodIsFull) {
  Case world;
  world.settings.runs_per_pod_max = 2;
  const auto hold = [&](const char* run, const Uid& job, std::uint64_t pod) {
    api::TargetRef target;
    target.pod_uid = Case::pod(pod).meta.uid;
    world.snapshot.load.hold(run, job, {target});
  };
  hold("own", world.snapshot.job.meta.uid, 0);
  hold("other-1", Uid{5, 5}, 1);
  hold("other-2", Uid{5, 6}, 1);
  hold("other-3", Uid{5, 7}, 2);
  EXPECT_EQ(world.explain().summary, "1 of 3 pods eligible: 2 PodBusy");
}

TEST(Explanation, APodThatIsTooYoungNowMayBeChosenLater) {
  Case world;
  world.snapshot.job.spec.job.target.min_ready_seconds = 3600 + 300;
  const Explanation explanation = world.explain();
  EXPECT_EQ(explanation.eligible, 0);
  EXPECT_EQ(explanation.choices.at(0).pods.size(), 1U);
}

TEST(Explanation, SaysWhyNothingRuns) {
  Case world;
  world.snapshot.job.spec.suspend = true;
  EXPECT_TRUE(world.explain().choices.empty());
  EXPECT_EQ(world.explain().notes.at(0), "spec.suspend is true: nothing runs until it is false");
  world.snapshot.job.spec.suspend = false;
  world.snapshot.job.status.observed_schedule.emplace().suspend_reason = "NamespaceSuspended";
  EXPECT_TRUE(world.explain().notes.at(0).starts_with("namespace shop has the annotation"));
  world.snapshot.job.status.observed_schedule->suspend_reason = "GloballySuspended";
  EXPECT_TRUE(
      world.explain().notes.at(0).ends_with("--global-suspend: nothing runs until it is not"));
  world.snapshot.job.spec.not_implemented = "spec.podJobTemplate.spec.backoffLimit: 2";
  EXPECT_TRUE(world.explain().notes.at(0).starts_with(
      "spec.podJobTemplate.spec.backoffLimit: 2: this version"));
  world.snapshot.job.spec.schedule = "61 * * * *";
  EXPECT_TRUE(world.explain().notes.at(0).starts_with("spec.schedule: minute \"61\""));
}

TEST(Explanation, JsonHasReasonOnlyOfPodsThatAreRefused) {
  Case world;
  api::Pod pod = Case::pod(1);
  pod.ready = false;
  world.put(pod);
  const std::string json = to_json(world.explain());
  EXPECT_TRUE(json.starts_with(
      R"({"podCronJob":"shop/digest","pods":[{"name":"shop-7c9d-4xk2p","eligible":true,"reasons":[]},)"
      R"({"name":"shop-7c9d-bbbbb","eligible":false,"reason":"PodNotReady","reasons":["PodNotReady"]},)"))
      << json;
  EXPECT_NE(
      json.find(R"("matched":3,"eligible":2,"summary":"2 of 3 pods eligible: 1 PodNotReady")"),
      std::string::npos);
}

TEST(Explanation, EveryReasonHasAMeaning) {
  for (std::size_t i = 1; i < eligibility::kReasonCount; ++i) {
    EXPECT_FALSE(meaning_of(static_cast<eligibility::Reason>(i)).empty()) << i;
  }
}

}  // namespace
}  // namespace podcron::cli
