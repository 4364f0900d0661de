// Goal: judging a namespace at once says what judging each pod says. Method: laws one by one, then
// random namespaces, hostile fields included, against pod-by-pod evaluation.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "eligibility/eligibility.h"
#include "unit/eligibility/pod_builder.h"
#include "unit/store/random_pod.h"

namespace podcron::eligibility {
namespace {

using test::Scene;

std::int64_t count_of(const Assessment& assessment, Reason reason) {
  return assessment.counts[static_cast<std::size_t>(reason)];
}

api::Pod replica(const std::string& suffix, std::uint64_t uid) {
  api::Pod pod = test::serving_pod();
  pod.meta.name = "shop-7c9d-" + suffix;
  pod.meta.uid = Uid{1, uid};
  return pod;
}

struct Namespace {
  Scene scene;
  store::PodStore pods;
  Assessment out;

  void add(const std::string& suffix, const std::function<void(api::Pod&)>& change = nullptr) {
    api::Pod pod = replica(suffix, pods.size() + 1);
    if (change) change(pod);
    pods.apply(pod, 1);
  }

  const Assessment& assess() {
    eligibility::assess(pods, scene.owners(), scene.criteria(), out);
    return out;
  }

  std::vector<std::string> eligible_names() {
    std::vector<std::string> names;
    for (const store::PodHandle pod : assess().eligible) names.emplace_back(pods.name(pod));
    return names;
  }
};

TEST(Assess, TheEligibleAreInNameOrder) {
  Namespace shop;
  for (const char* suffix : {"zzzzz", "bbbbb", "mmmmm"}) shop.add(suffix);
  shop.add("ccccc", [](api::Pod& pod) { pod.ready = false; });
  EXPECT_EQ(shop.eligible_names(),
            (std::vector<std::string>{"shop-7c9d-bbbbb", "shop-7c9d-mmmmm", "shop-7c9d-zzzzz"}));
}

TEST(Assess, OnlyMatchedPodsAreCounted) {
  Namespace shop;
  shop.add("bbbbb");
  shop.add("ccccc", [](api::Pod& pod) { pod.labels[0].second = "cart"; });
  shop.add("ddddd", [](api::Pod& pod) { pod.labels.pop_back(); });
  shop.add("fffff", [](api::Pod& pod) { pod.excluded = true; });
  shop.add("ggggg", [](api::Pod& pod) { pod.meta.namespace_ = "cart"; });
  const Assessment& assessment = shop.assess();
  EXPECT_EQ(assessment.matched, 2);
  EXPECT_EQ(count_of(assessment, Reason::kEligible), 1);
  EXPECT_EQ(count_of(assessment, Reason::kOptedOut), 1);
  EXPECT_EQ(count_of(assessment, Reason::kSelectorMismatch), 0);
  EXPECT_EQ(count_of(assessment, Reason::kNotLabelledServing), 0);
}

TEST(Assess, NothingOfTheLastCallRemains) {
  Namespace shop;
  shop.scene.target.min_ready_seconds = 60;
  shop.add("bbbbb", [](api::Pod& pod) { pod.ready_since = test::kNow; });
  EXPECT_TRUE(shop.assess().reconsider_at);
  shop.scene.target.selector.requirements[0].values = {"cart"};
  const Assessment& assessment = shop.assess();
  EXPECT_FALSE(assessment.reconsider_at);
  EXPECT_EQ(assessment.matched, 0);
  EXPECT_EQ(count_of(assessment, Reason::kNotAvailableYet), 0);
}

TEST(Assess, ReconsiderAtIsWhenTheFirstPodHasBeenReadyLongEnough) {
  Namespace shop;
  shop.scene.target.min_ready_seconds = 60;
  shop.add("bbbbb", [](api::Pod& pod) { pod.ready_since = test::kNow - Seconds(10); });
  shop.add("ccccc", [](api::Pod& pod) { pod.ready_since = test::kNow - Seconds(40); });
  shop.add("ddddd");
  ASSERT_EQ(shop.assess().reconsider_at, test::kNow + Seconds(20));
  shop.scene.now = *shop.out.reconsider_at;
  EXPECT_EQ(shop.eligible_names(),
            (std::vector<std::string>{"shop-7c9d-ccccc", "shop-7c9d-ddddd"}));
}

TEST(Assess, ReconsiderAtIsWhenTheCooldownEndsAndThePodIsOldEnough) {
  Namespace shop;
  shop.add("bbbbb", [](api::Pod& pod) { pod.ready_since = test::kNow - Seconds(10); });
  shop.scene.last_tty = test::kNow - Seconds(3590);
  EXPECT_EQ(shop.assess().reconsider_at, test::kNow + Seconds(10));
  shop.scene.target.min_ready_seconds = 60;
  EXPECT_EQ(shop.assess().reconsider_at, test::kNow + Seconds(50));
  shop.scene.now = *shop.out.reconsider_at;
  EXPECT_EQ(shop.eligible_names(), std::vector<std::string>{"shop-7c9d-bbbbb"});
}

TEST(Assess, TimeAloneDoesNotMakeAPodEligibleThatFailsALaterRuleToo) {
  Namespace shop;
  shop.scene.target.min_ready_seconds = 60;
  shop.add("bbbbb", [](api::Pod& pod) {
    pod.ready_since = test::kNow;
    pod.ephemeral_running = true;
  });
  shop.add("ccccc", [](api::Pod& pod) { pod.ready_since.reset(); });
  EXPECT_EQ(count_of(shop.assess(), Reason::kNotAvailableYet), 2);
  EXPECT_FALSE(shop.out.reconsider_at);
}

TEST(Describe, NamesTheMostFrequentReasonFirstAndBreaksTiesByRule) {
  Namespace shop;
  const auto not_ready = [](api::Pod& pod) { pod.ready = false; };
  shop.add("bbbbb", not_ready);
  shop.add("ccccc", not_ready);
  shop.add("ddddd", not_ready);
  shop.add("fffff", [](api::Pod& pod) { pod.generate_name.clear(); });
  shop.add("ggggg", [](api::Pod& pod) { pod.ephemeral_running = true; });
  shop.add("hhhhh");
  EXPECT_EQ(describe(shop.assess()),
            "1 of 6 pods eligible: 3 PodNotReady, 1 AdoptedPod, 1 EphemeralContainerRunning");
}

TEST(Describe, HasNoReasonsWhenThereAreNone) {
  Namespace shop;
  EXPECT_EQ(describe(shop.assess()), "0 of 0 pods eligible");
  shop.add("bbbbb");
  EXPECT_EQ(describe(shop.assess()), "1 of 1 pods eligible");
}

TEST(Assess, CountsTheEligibleWithoutAReadinessProbeInTheTargetContainer) {
  Namespace shop;
  const auto with_probe = [](api::Pod& pod) { pod.containers[0].has_readiness_probe = true; };
  shop.add("bbbbb", with_probe);
  EXPECT_EQ(shop.assess().without_readiness_probe, 0);
  shop.add("ccccc");
  shop.add("ddddd", [](api::Pod& pod) { pod.ready = false; });
  EXPECT_EQ(shop.assess().without_readiness_probe, 1) << "who is not eligible is not counted";
}

void randomize(Prng& prng, Scene& scene) {
  scene.target.selector.requirements = {{"app", api::SelectorOperator::kExists, {}}};
  if (prng.chance(300)) {
    scene.target.selector.requirements.push_back(
        {"apps.kubernetes.io/pod-index", api::SelectorOperator::kDoesNotExist, {}});
  }
  if (prng.chance(300)) scene.target.pod_names = {"app-0-bcdfg", "app-1-bcdfg"};
  if (prng.chance(300)) scene.target.container = "c1";
  if (prng.chance(300)) scene.target.ownership = api::Ownership::kOptional;
  if (prng.chance(300)) scene.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "shop"};
  scene.target.min_ready_seconds = static_cast<std::int32_t>(prng.below(2) * prng.below(1'000));
  scene.now = WallTime(Seconds(prng.below(2'000)));
  scene.target.revision = static_cast<api::Revision>(prng.below(3));
  scene.workloads.resize(1);
  for (std::uint64_t i = 0; i < 4; ++i) {
    api::Workload owner = test::replica_set();
    owner.meta.name = "app-" + std::to_string(i);
    owner.meta.uid = Uid{2, i};
    owner.template_hash = prng.below(2);
    owner.containers.clear();
    if (prng.chance(500)) owner.containers.push_back(test::container_named("c1"));
    if (prng.chance(900)) scene.workloads.push_back(owner);
  }
  if (prng.chance(500)) scene.busy = {Uid{1, 1}};
  if (prng.chance(300)) {
    scene.target.service_name = "shop-web";
    scene.endpoints.apply(
        test::slice_of(
            {{Uid{1, prng.below(4)}, prng.chance(700), prng.chance(300)}, {Uid{1, prng.below(4)}}}),
        1);
  }
}

std::string random_name(Prng& prng) {
  if (prng.chance(300)) return test::random_bytes(prng, 80);
  std::string name = "app-" + std::to_string(prng.below(4)) + "-";
  for (int i = 0; i < 5; ++i) name += "bcdfg"[prng.below(5)];
  return name;
}

TEST(Assess, AgreesWithEvaluationPodByPodInRandomNamespaces) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    Scene scene;
    randomize(prng, scene);
    store::PodStore pods;
    for (int i = 0; i < 60; ++i) pods.apply(test::random_pod(prng, "shop", random_name(prng)), 1);
    const store::WorkloadStore owners = scene.owners();
    Assessment assessment;
    assess(pods, owners, scene.criteria(), assessment);
    std::vector<store::PodHandle> eligible;
    std::array<std::int64_t, kReasonCount> counts{};
    for (const store::PodHandle pod : pods.in_namespace("shop")) {
      const Reason reason = evaluate(pods, owners, scene.criteria(), pod);
      const std::vector<Reason> all = evaluate_all(pods, owners, scene.criteria(), assessment, pod);
      ASSERT_EQ(reason, all.empty() ? Reason::kEligible : all.front());
      ASSERT_TRUE(std::is_sorted(all.begin(), all.end()));
      if (reason == Reason::kEligible) eligible.push_back(pod);
      if (reason != Reason::kNotLabelledServing && reason != Reason::kSelectorMismatch) {
        ++counts[static_cast<std::size_t>(reason)];
      }
    }
    EXPECT_EQ(assessment.eligible, eligible);
    EXPECT_EQ(assessment.counts, counts);
  }
}

// Method: names near the right one, judged by a regular expression that says the same another way.
TEST(Rule7, AgreesWithARegularExpressionOnNamesNearTheRightOne) {
  const std::regex generated("web-7c9d-[bcdfghjklmnpqrstvwxz2456789]{5}");
  Prng prng(5);
  int own = 0;
  for (int i = 0; i < 20'000; ++i) {
    Scene scene;
    std::string& name = scene.pod.meta.name;
    name = "web-7c9d-";
    for (int c = 0; c < 5; ++c) name += "bcdfghjklmnpqrstvwxz2456789"[prng.below(27)];
    const auto at = static_cast<std::size_t>(prng.below(name.size()));
    if (prng.chance(300)) name[at] = static_cast<char>(prng.below(128));
    if (prng.chance(100)) name.erase(at, 1);
    if (prng.chance(100)) name.insert(at, 1, '-');
    scene.workloads[1].meta.name = scene.pod.controller->name = "web-7c9d";
    scene.pod.generate_name = "web-7c9d-";
    const bool expected = std::regex_match(name, generated);
    own += expected ? 1 : 0;
    ASSERT_EQ(scene.judge(), expected ? Reason::kEligible : Reason::kAdoptedPod) << name;
  }
  EXPECT_GT(own, 5'000);
  EXPECT_LT(own, 15'000);
}

TEST(Reasons, AllHaveDistinctNames) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    names.push_back(to_string(static_cast<Reason>(i)));
    EXPECT_FALSE(names.back().empty()) << i;
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace podcron::eligibility
