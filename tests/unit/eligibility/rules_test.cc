// Goal: each rule refuses what the contract's section 4 says and nothing else. Method: a pod with
// one thing wrong beside its otherwise unmodified twin, which is eligible.
#include "eligibility/rules.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit/eligibility/expect_refused.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::eligibility {
namespace {

using test::Change;
using test::changed;
using test::Scene;

TEST(Rules, AServingReplicaIsEligible) {
  EXPECT_EQ(Scene{}.judge(), Reason::kEligible);
  EXPECT_TRUE(Scene{}.judge_all().empty());
}

TEST(Rules, TheTableIsInTheContractsOrder) {
  for (std::size_t i = 1; i < rules().size(); ++i) {
    EXPECT_LT(rules()[i - 1].reason, rules()[i].reason);
  }
}

TEST(Rules, EveryRuleHasASpoilerThatFailsItAlone) {
  std::vector<Reason> spoiled;
  for (const test::Spoiler& spoiler : test::spoilers()) {
    spoiled.push_back(spoiler.reason);
    SCOPED_TRACE(to_string(spoiler.reason));
    const Scene bad = changed(Scene{}, spoiler.change);
    EXPECT_EQ(bad.judge(), spoiler.reason);
    // A pod that is not Ready has not been Ready for any time: rule 21 needs a positive minimum.
    EXPECT_EQ(bad.judge_all(), std::vector<Reason>{spoiler.reason});
  }
  std::vector<Reason> implemented;
  for (const Rule& rule : rules()) implemented.push_back(rule.reason);
  EXPECT_EQ(spoiled, implemented);
}

// Two rules of which one leaves the other nothing to ask; the law below holds for all other pairs.
const std::set<std::pair<Reason, Reason>> kExclusive{
    // Without an owner there is no owner's kind, chain, name, template or revision.
    {Reason::kNotOwnedByWorkload, Reason::kOwnerKindNotAllowed},
    {Reason::kNotOwnedByWorkload, Reason::kOwnerMismatch},
    {Reason::kNotOwnedByWorkload, Reason::kAdoptedPod},
    {Reason::kNotOwnedByWorkload, Reason::kTemplateMismatch},
    {Reason::kNotOwnedByWorkload, Reason::kRevisionExcluded},
    // A pod has one phase.
    {Reason::kPodCompleted, Reason::kPodPending},
    // A name that does not exist is not ambiguous, and without a target container nothing is asked
    // of it.
    {Reason::kContainerNotFound, Reason::kContainerAmbiguous},
    {Reason::kInteractiveContainer, Reason::kContainerNotFound},
    {Reason::kInteractiveContainer, Reason::kContainerAmbiguous},
    {Reason::kContainerNotFound, Reason::kContainerNotRunning},
    {Reason::kContainerNotFound, Reason::kContainerNotReady},
    {Reason::kContainerAmbiguous, Reason::kContainerNotRunning},
    {Reason::kContainerAmbiguous, Reason::kContainerNotReady},
    // What is no endpoint is none that serves.
    {Reason::kNotInService, Reason::kEndpointNotServing},
};

TEST(Rules, APodThatFailsTwoRulesReportsTheEarlier) {
  const std::vector<test::Spoiler> all = test::spoilers();
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (kExclusive.count({all[i].reason, all[j].reason}) != 0) continue;
      SCOPED_TRACE(std::string(to_string(all[i].reason)) + " and " +
                   std::string(to_string(all[j].reason)));
      const Scene bad = changed(changed(Scene{}, all[i].change), all[j].change);
      EXPECT_EQ(bad.judge(), all[i].reason);
      EXPECT_EQ(bad.judge_all(), (std::vector<Reason>{all[i].reason, all[j].reason}));
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, all.size() * (all.size() - 1) / 2 - kExclusive.size());
}

TEST(Rules, WhatAPodIsOrWhoIsInItMakesARunThereUnexpectedAndItsStateDoesNot) {
  const std::set<Reason> told{Reason::kNotLabelledServing,
                              Reason::kSelectorMismatch,
                              Reason::kOptedOut,
                              Reason::kNotOwnedByWorkload,
                              Reason::kOwnerKindNotAllowed,
                              Reason::kOwnerMismatch,
                              Reason::kAdoptedPod,
                              Reason::kTemplateMismatch,
                              Reason::kInteractiveContainer,
                              Reason::kDevToolActive,
                              Reason::kEphemeralContainerRunning,
                              Reason::kInteractiveSession};
  for (const test::Spoiler& spoiler : test::spoilers()) {
    const Scene bad = changed(Scene{}, spoiler.change);
    store::PodStore pods;
    pods.apply(bad.pod, 1);
    EXPECT_EQ(unexpected(pods, bad.owners(), bad.criteria(), 0),
              told.contains(spoiler.reason) ? spoiler.reason : Reason::kEligible)
        << to_string(spoiler.reason);
  }
}

TEST(Rule1, WithoutAServingSelectorNothingIsAsked) {
  Scene scene;
  scene.pod.labels.pop_back();
  scene.serving.requirements.clear();
  EXPECT_EQ(scene.judge(), Reason::kEligible);
}

TEST(Rule2, OnlyTheNamedPodsMatch) {
  expect_refused(Reason::kSelectorMismatch,
                 changed(Scene{}, [](Scene& s) { s.target.pod_names = {"shop-7c9d-4xk2p"}; }),
                 [](Scene& s) {
                   s.target.pod_names = {"shop-7c9d-4xk2", "shop-7c9d-4xk2pp"};
                 });
}

TEST(Rule2, WithoutASelectorThatOfWorkloadRefHolds) {
  const Change from_workload = [](Scene& s) {
    s.target.selector.requirements.clear();
    s.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "shop"};
  };
  expect_refused(Reason::kSelectorMismatch, changed(Scene{}, from_workload),
                 [](Scene& s) { s.pod.labels[0].second = "cart"; });
}

TEST(Rule2, WithoutASelectorAndWithoutItsWorkloadNothingMatches) {
  Scene scene;
  scene.target.selector.requirements.clear();
  scene.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "gone"};
  EXPECT_EQ(scene.judge(), Reason::kSelectorMismatch);
}

TEST(Rule2, ASelectorMayAskForLabelsThatDifferPerPod) {
  Scene twin;
  twin.pod = test::stateful_pod();
  twin.target.selector.requirements.push_back(
      {"apps.kubernetes.io/pod-index", api::SelectorOperator::kIn, {"3"}});
  expect_refused(Reason::kSelectorMismatch, twin, [](Scene& s) { s.pod.labels[1].second = "4"; });
}

TEST(Rule1, TheServingSelectorMayAskForLabelsThatDifferPerPod) {
  Scene twin;
  twin.pod = test::stateful_pod();
  twin.serving.requirements = {
      {"statefulset.kubernetes.io/pod-name", api::SelectorOperator::kNotIn, {"db-0"}}};
  expect_refused(Reason::kNotLabelledServing, twin,
                 [](Scene& s) { s.pod.labels[4].second = "db-0"; });
}

TEST(Rule5, JobsAndNodesAreNotAllowed) {
  for (const char* kind : {"Job", "Node", "CloneSet", "replicaset", ""}) {
    const Scene bad = changed(Scene{}, [&](Scene& s) { s.pod.controller->kind = kind; });
    EXPECT_EQ(bad.judge(), Reason::kOwnerKindNotAllowed) << kind;
  }
}

TEST(Rule5, TheAdministratorMayAllowAKind) {
  expect_refused(Reason::kOwnerKindNotAllowed,
                 changed(Scene{},
                         [](Scene& s) {
                           s.pod.controller->kind = "CloneSet";
                           s.owner_kinds.emplace_back("CloneSet");
                         }),
                 [](Scene& s) { s.owner_kinds.pop_back(); });
}

Scene scene_of_deployment() {
  return changed(Scene{}, [](Scene& s) {
    s.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "shop"};
  });
}

TEST(Rule6, ACanaryWithTheSameLabelsIsAnotherWorkload) {
  expect_refused(Reason::kOwnerMismatch, scene_of_deployment(), [](Scene& s) {
    s.workloads[1].controller = api::OwnerReference{"apps", "Deployment", "shop-canary", Uid{9, 9}};
  });
}

TEST(Rule6, ADeploymentOfTheSameNameButAnotherUidIsAnotherWorkload) {
  expect_refused(Reason::kOwnerMismatch, scene_of_deployment(), [](Scene& s) {
    s.workloads[0].meta.uid = Uid{9, 9};
  });
}

TEST(Rule6, AnOwnerThatIsNotYetKnownIsNotOfTheWorkload) {
  const Scene bad =
      changed(scene_of_deployment(), [](Scene& s) { s.workloads.erase(s.workloads.begin() + 1); });
  EXPECT_EQ(bad.judge(), Reason::kOwnerMismatch);
}

TEST(Rule6, AWorkloadOfAnotherApiGroupIsAnotherWorkload) {
  expect_refused(Reason::kOwnerMismatch, scene_of_deployment(),
                 [](Scene& s) { s.target.workload_ref->api_group = "argoproj.io"; });
}

TEST(Rule6, AStatefulSetIsTheOwnerItself) {
  Scene twin;
  twin.pod = test::stateful_pod();
  twin.target.workload_ref = api::WorkloadRef{"apps", "StatefulSet", "db"};
  expect_refused(Reason::kOwnerMismatch, twin, [](Scene& s) {
    s.workloads.push_back(test::stateful_set());
    s.workloads.back().meta.name = "db-old";
    s.pod.controller->uid = s.workloads.back().meta.uid = Uid{9, 9};
  });
}

TEST(Rule6, ADaemonSetIsTheOwnerItself) {
  Scene twin;
  twin.workloads[1].kind = twin.pod.controller->kind = "DaemonSet";
  twin.workloads[1].controller.reset();
  twin.target.workload_ref = api::WorkloadRef{"apps", "DaemonSet", "shop-7c9d"};
  expect_refused(Reason::kOwnerMismatch, twin,
                 [](Scene& s) { s.target.workload_ref->name = "shop"; });
}

// Rollouts and CloneSets are not watched: group, kind and name stand in the owner reference.
TEST(Rule6, AWorkloadOfAKindThatIsNotWatchedIsWhomTheReferenceNames) {
  const Change rollout = [](Scene& s) {
    s.workloads[1].controller = api::OwnerReference{"argoproj.io", "Rollout", "shop", Uid{9, 9}};
    s.target.workload_ref = api::WorkloadRef{"argoproj.io", "Rollout", "shop"};
  };
  const Change clone_set = [](Scene& s) {
    s.pod.controller = api::OwnerReference{"apps.kruise.io", "CloneSet", "shop-7c9d", Uid{9, 9}};
    s.owner_kinds = {"CloneSet"};
    s.target.workload_ref = api::WorkloadRef{"apps.kruise.io", "CloneSet", "shop-7c9d"};
  };
  for (const Change& each : {rollout, clone_set}) {
    expect_refused(Reason::kOwnerMismatch, changed(Scene{}, each),
                   [](Scene& s) { s.target.workload_ref->name = "other"; });
    expect_refused(Reason::kOwnerMismatch, changed(Scene{}, each),
                   [](Scene& s) { s.target.workload_ref->api_group = "example.com"; });
  }
}

struct NameCase {
  std::string kind;
  std::string owner;
  std::string generate_name;
  std::string name;
};

Reason judge_name(const NameCase& each) {
  Scene scene;
  scene.workloads[1].kind = each.kind;
  scene.workloads[1].controller.reset();
  scene.pod.controller->kind = each.kind;
  scene.pod.controller->name = each.owner;
  scene.pod.generate_name = each.generate_name;
  scene.pod.meta.name = each.name;
  return scene.judge();
}

void expect_all(Reason reason, const std::vector<NameCase>& cases) {
  for (const NameCase& each : cases) {
    EXPECT_EQ(judge_name(each), reason)
        << each.kind << " " << each.owner << " " << each.generate_name << " " << each.name;
  }
}

TEST(Rule7, NamesThatAControllerMakesAreItsOwn) {
  const std::string long_owner(80, 'o');
  const std::string cut = long_owner.substr(0, 58);
  const std::string longest(253, 'o');
  expect_all(Reason::kEligible, {
                                    {"ReplicaSet", "web", "web-", "web-bcdfg"},
                                    {"ReplicaSet", "web", "web-", "web-z9999"},
                                    {"DaemonSet", "web", "web-", "web-2456x"},
                                    {"ReplicaSet", long_owner, long_owner + "-", cut + "bcdfg"},
                                    {"ReplicaSet", longest, longest, cut + "bcdfg"},
                                    {"StatefulSet", "db", "db-", "db-0"},
                                    {"StatefulSet", "db", "db-", "db-10"},
                                    {"StatefulSet", "db", "db-", "db-2147483647"},
                                });
}

TEST(Rule7, AnAdoptedPodHasAGenerateNameOrANameThatIsNotTheOwners) {
  const std::string long_owner(80, 'o');
  expect_all(Reason::kAdoptedPod,
             {
                 {"ReplicaSet", "web", "", "web-bcdfg"},
                 {"ReplicaSet", "web", "web", "web-bcdfg"},
                 {"ReplicaSet", "web", "web--", "web--bcdfg"},
                 {"ReplicaSet", "web", "api-", "api-bcdfg"},
                 {"ReplicaSet", "web", "web-debug-", "web-debug-bcdfg"},
                 {"ReplicaSet", "web", "web-", "web-debug"},
                 {"ReplicaSet", "web", "web-", "web-bcdf"},
                 {"ReplicaSet", "web", "web-", "web-bcdfgh"},
                 {"ReplicaSet", "web", "web-", "web-bcdfa"},
                 {"ReplicaSet", "web", "web-", "web-bcdf1"},
                 {"ReplicaSet", "web", "web-", "web-BCDFG"},
                 {"ReplicaSet", "web", "web-", "api-bcdfg"},
                 {"ReplicaSet", "web", "web-", ""},
                 {"ReplicaSet", "web", "web-", "web-0"},
                 {"ReplicaSet", long_owner, long_owner + "-", long_owner + "-bcdfg"},
                 {"StatefulSet", "db", "db-", "db-"},
                 {"StatefulSet", "db", "db-", "db-00"},
                 {"StatefulSet", "db", "db-", "db-01"},
                 {"StatefulSet", "db", "db-", "db--1"},
                 {"StatefulSet", "db", "db-", "db-1x"},
                 {"StatefulSet", "db", "db-", "db-12345678901"},
                 {"StatefulSet", "db", "db-", "db-bcdfg"},
                 {"StatefulSet", "db", "", "db-0"},
                 {"StatefulSet", "db", "db-", "cache-0"},
             });
}

TEST(Rule9, WhatTheTemplateHasMayBe) {
  expect_refused(
      Reason::kInteractiveContainer,
      changed(Scene{},
              [](Scene& s) { s.pod.containers[0].tty = s.workloads[1].containers[0].tty = true; }),
      [](Scene& s) { s.pod.containers[0].stdin_open = true; });
}

TEST(Rule9, StdinInTheTemplateDoesNotAllowATty) {
  expect_refused(Reason::kInteractiveContainer,
                 changed(Scene{},
                         [](Scene& s) {
                           s.pod.containers[0].stdin_open =
                               s.workloads[1].containers[0].stdin_open = true;
                         }),
                 [](Scene& s) { s.pod.containers[0].tty = true; });
}

TEST(Rule9, AnUnknownTemplateAllowsNothing) {
  const Change clone_set = [](Scene& s) {
    s.pod.controller = api::OwnerReference{"apps.kruise.io", "CloneSet", "shop-7c9d", Uid{9, 9}};
    s.owner_kinds = {"CloneSet"};
  };
  expect_refused(Reason::kInteractiveContainer, changed(Scene{}, clone_set),
                 [](Scene& s) { s.pod.containers[0].stdin_open = true; });
}

TEST(Rule9, OnlyTheTargetContainerCounts) {
  Scene scene;
  test::add_sidecar(scene);
  scene.pod.containers[1].tty = true;
  scene.target.container = "app";
  EXPECT_EQ(scene.judge(), Reason::kEligible);
}

TEST(Ownership, OptionalWaivesTheOwnersRulesButNoOther) {
  const Change bare = [](Scene& s) {
    s.target.ownership = api::Ownership::kOptional;
    s.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "gone"};
    s.pod.controller.reset();
    s.pod.generate_name.clear();
    s.pod.meta.name = "by-hand";
  };
  expect_refused(Reason::kPodNotReady, changed(Scene{}, bare),
                 [](Scene& s) { s.pod.ready = false; });
  const Scene job = changed(Scene{}, [](Scene& s) {
    s.target.ownership = api::Ownership::kOptional;
    s.pod.controller->kind = "Job";
  });
  EXPECT_EQ(job.judge(), Reason::kEligible);
}

TEST(Ownership, OptionalRefusesAnyStdinOrTty) {
  expect_refused(
      Reason::kInteractiveContainer,
      changed(Scene{},
              [](Scene& s) { s.pod.containers[0].tty = s.workloads[1].containers[0].tty = true; }),
      [](Scene& s) { s.target.ownership = api::Ownership::kOptional; });
}

TEST(Rule14And15, OnlyRunningPodsPass) {
  const std::map<api::PodPhase, Reason> expected{
      {api::PodPhase::kPending, Reason::kPodPending},
      {api::PodPhase::kRunning, Reason::kEligible},
      {api::PodPhase::kSucceeded, Reason::kPodCompleted},
      {api::PodPhase::kFailed, Reason::kPodCompleted},
      {api::PodPhase::kUnknown, Reason::kPodPending},
  };
  for (const auto& [phase, reason] : expected) {
    EXPECT_EQ(changed(Scene{}, [p = phase](Scene& s) { s.pod.phase = p; }).judge(), reason);
  }
}

Scene scene_with_sidecar() {
  Scene scene;
  // The sidecar comes first, as injected ones may: "the first" must not be an answer.
  scene.pod.containers.insert(scene.pod.containers.begin(), test::container_named("proxy"));
  return scene;
}

TEST(TargetContainer, TheTargetNamesItBeforeTheAnnotation) {
  Scene scene = scene_with_sidecar();
  scene.pod.default_container = "proxy";
  EXPECT_EQ(scene.container(), "proxy");
  scene.target.container = "app";
  EXPECT_EQ(scene.container(), "app");
}

TEST(TargetContainer, TheOnlyOneNeedsNoName) { EXPECT_EQ(Scene{}.container(), "app"); }

TEST(TargetContainer, OneOfSeveralNeedsAName) {
  expect_refused(Reason::kContainerAmbiguous,
                 changed(scene_with_sidecar(), [](Scene& s) { s.pod.default_container = "app"; }),
                 [](Scene& s) { s.pod.default_container.clear(); });
  EXPECT_EQ(scene_with_sidecar().container(), "");
}

TEST(TargetContainer, AnAnnotationThatNamesNoContainerIsNotFoundEvenForTheOnlyOne) {
  expect_refused(Reason::kContainerNotFound,
                 changed(Scene{}, [](Scene& s) { s.pod.default_container = "app"; }),
                 [](Scene& s) { s.pod.default_container = "debugger"; });
}

TEST(TargetContainer, APodWithoutContainersHasNone) {
  const Scene bad = changed(Scene{}, [](Scene& s) {
    s.pod.containers.clear();
    s.workloads[1].containers.clear();
  });
  EXPECT_EQ(bad.judge(), Reason::kContainerNotFound);
}

TEST(Rule18, AContainerWithoutStatusOrIdIsNotRunning) {
  expect_refused(Reason::kContainerNotRunning, Scene{},
                 [](Scene& s) { s.pod.statuses[0].container_id.clear(); });
  const Scene bad = changed(Scene{}, [](Scene& s) { s.pod.statuses.clear(); });
  EXPECT_EQ(bad.judge(), Reason::kContainerNotRunning);
}

TEST(Rule19, AContainerThatHasNotStartedIsNotReady) {
  expect_refused(Reason::kContainerNotReady, Scene{},
                 [](Scene& s) { s.pod.statuses[0].started = false; });
}

TEST(Rule18And19, OnlyTheTargetContainerCounts) {
  Scene scene = scene_with_sidecar();
  scene.pod.statuses.insert(scene.pod.statuses.begin(), {"proxy", "", false, false, false});
  scene.target.container = "app";
  EXPECT_EQ(scene.judge(), Reason::kEligible);
  scene.target.container = "proxy";
  EXPECT_EQ(scene.judge(), Reason::kContainerNotRunning);
}

TEST(Rule21, ReadyForExactlyTheMinimumIsAvailable) {
  const Change a_minute = [](Scene& s) {
    s.target.min_ready_seconds = 60;
    s.pod.ready_since = test::kNow - Seconds(60);
  };
  expect_refused(Reason::kNotAvailableYet, changed(Scene{}, a_minute),
                 [](Scene& s) { s.now -= Seconds(1); });
}

TEST(Rule21, WithoutATimeThePodIsNotAvailableUnlessNoneIsAskedFor) {
  expect_refused(Reason::kNotAvailableYet,
                 changed(Scene{}, [](Scene& s) { s.pod.ready_since.reset(); }),
                 [](Scene& s) { s.target.min_ready_seconds = 1; });
}

Change in_service(api::Endpoint endpoint) {
  return [endpoint](Scene& s) {
    s.target.service_name = "shop-web";
    s.endpoints.apply(test::slice_of({{s.pod.meta.uid, endpoint.serving, endpoint.terminating}}),
                      1);
  };
}

TEST(Rule22, ByUidNotByName) {
  expect_refused(Reason::kNotInService, changed(Scene{}, in_service({})), [](Scene& s) {
    s.pod.meta.uid = Uid{1, 77};
  });
}

TEST(Rule22, AServiceOfAnotherNameOrNamespaceIsNoneOfOurs) {
  expect_refused(Reason::kNotInService, changed(Scene{}, in_service({})),
                 [](Scene& s) { s.target.service_name = "shop-admin"; });
  Scene elsewhere;
  elsewhere.target.service_name = "shop-web";
  api::EndpointSlice slice = test::slice_of({{elsewhere.pod.meta.uid}});
  slice.meta.namespace_ = "cart";
  elsewhere.endpoints.apply(slice, 1);
  EXPECT_EQ(elsewhere.judge(), Reason::kNotInService);
}

TEST(Rule23, ServingAndNotTerminatingIsAsked) {
  expect_refused(Reason::kEndpointNotServing, changed(Scene{}, in_service({})),
                 in_service({{}, false, false}));
  expect_refused(Reason::kEndpointNotServing, changed(Scene{}, in_service({})),
                 in_service({{}, true, true}));
}

TEST(Rules22And23, WithoutServiceNameNoEndpointIsAsked) {
  expect_refused(Reason::kEndpointNotServing,
                 changed(Scene{},
                         [](Scene& s) {
                           s.endpoints.apply(test::slice_of({{s.pod.meta.uid, false, true}}), 1);
                         }),
                 [](Scene& s) { s.target.service_name = "shop-web"; });
}

TEST(Rule25, ThePodIsLeftAloneForTheWholeCooldown) {
  const Change an_hour_ago = [](Scene& s) { s.last_tty = s.now - Seconds(3600); };
  expect_refused(Reason::kInteractiveSession, changed(Scene{}, an_hour_ago),
                 [](Scene& s) { s.now -= Seconds(1); });
}

TEST(Rule25, ACommandWithoutTerminalCountsOnlyUnderAnyExec) {
  expect_refused(
      Reason::kInteractiveSession, changed(Scene{}, [](Scene& s) { s.last_exec = s.now; }),
      [](Scene& s) { s.target.interactive_sessions.exclude = api::SessionExclusion::kAnyExec; });
}

TEST(Rule25, UnderNoneNothingCounts) {
  expect_refused(
      Reason::kInteractiveSession,
      changed(Scene{},
              [](Scene& s) {
                s.last_tty = s.now;
                s.target.interactive_sessions.exclude = api::SessionExclusion::kNone;
              }),
      [](Scene& s) { s.target.interactive_sessions.exclude = api::SessionExclusion::kStdinOrTty; });
}

TEST(Rule25, WithoutACooldownOnlyASessionOfTheFutureCounts) {
  expect_refused(Reason::kInteractiveSession,
                 changed(Scene{},
                         [](Scene& s) {
                           s.last_tty = s.now;
                           s.target.interactive_sessions.cooldown_seconds = 0;
                         }),
                 [](Scene& s) { s.last_tty = s.now + Seconds(1); });
}

TEST(Rule26, OnlyTheBusyPodIsBusy) {
  expect_refused(Reason::kPodBusy,
                 changed(Scene{},
                         [](Scene& s) {
                           s.busy = {Uid{9, 9}};
                         }),
                 [](Scene& s) { s.busy.insert(s.pod.meta.uid); });
}

TEST(Rule27, OnlyThePodThatFailedRests) {
  expect_refused(Reason::kRecentlyFailed,
                 changed(Scene{},
                         [](Scene& s) {
                           s.failed = {Uid{9, 9}};
                         }),
                 [](Scene& s) { s.failed.insert(s.pod.meta.uid); });
}

}  // namespace
}  // namespace podcron::eligibility
