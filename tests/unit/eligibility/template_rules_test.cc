// Goal: rules 8 and 11 tell a replica from a copy and a new revision from an old one. Method: one
// thing wrong beside an eligible twin; then small namespaces in which pods depend on each other.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "eligibility/rules.h"
#include "unit/eligibility/expect_refused.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::eligibility {
namespace {

using test::Change;
using test::changed;
using test::Scene;

constexpr std::uint64_t kImage = 11;          // shop:1
constexpr std::uint64_t kMirroredImage = 12;  // mirror.example/shop:1
constexpr std::uint64_t kOtherImage = 13;     // busybox
constexpr std::uint64_t kImageName = 21;
constexpr std::uint64_t kOtherImageName = 22;

void give_image(api::ContainerSpec& container, std::uint64_t image, std::uint64_t name) {
  container.image = image;
  container.image_name = name;
}

Scene scene_with_images() {
  Scene scene;
  give_image(scene.pod.containers[0], kImage, kImageName);
  give_image(scene.workloads[1].containers[0], kImage, kImageName);
  return scene;
}

TEST(Rule8, AnotherImageCommandOrArgumentsAreNotTheTemplates) {
  expect_refused(Reason::kTemplateMismatch, scene_with_images(),
                 [](Scene& s) { give_image(s.pod.containers[0], kOtherImage, kOtherImageName); });
  expect_refused(Reason::kTemplateMismatch, scene_with_images(),
                 [](Scene& s) { s.pod.containers[0].process = 7; });
  expect_refused(Reason::kTemplateMismatch,
                 changed(scene_with_images(),
                         [](Scene& s) {
                           s.pod.containers[0].process = s.workloads[1].containers[0].process = 7;
                         }),
                 [](Scene& s) { s.pod.containers[0].process = 0; });
}

TEST(Rule8, EveryContainerOfTheTemplateCountsNotOnlyTheTarget) {
  const Change two = [](Scene& s) {
    s.target.container = "app";
    s.workloads[1].containers.push_back(test::container_named("worker"));
    s.pod.containers.push_back(test::container_named("worker"));
  };
  expect_refused(Reason::kTemplateMismatch, changed(Scene{}, two),
                 [](Scene& s) { s.pod.containers[1].process = 7; });
  expect_refused(Reason::kTemplateMismatch, changed(Scene{}, two),
                 [](Scene& s) { s.pod.containers.pop_back(); });
}

TEST(Rule8, AnInjectedSidecarIsNotAsked) {
  Scene scene = scene_with_images();
  scene.target.container = "app";
  scene.pod.containers.insert(scene.pod.containers.begin(), test::container_named("istio-proxy"));
  scene.pod.containers[0].process = 7;
  EXPECT_EQ(scene.judge(), Reason::kEligible);
}

TEST(Rule8, AnOwnerThatShouldBeKnownAndIsNotAllowsNothing) {
  expect_refused(Reason::kTemplateMismatch, Scene{}, [](Scene& s) { s.workloads.clear(); });
  const Scene other_kind = changed(Scene{}, [](Scene& s) {
    s.workloads.clear();
    s.pod.controller = api::OwnerReference{"apps.kruise.io", "CloneSet", "shop-7c9d", Uid{9, 9}};
    s.owner_kinds = {"CloneSet"};
  });
  EXPECT_EQ(other_kind.judge(), Reason::kEligible);
}

TEST(Rule8, OwnershipOptionalWaivesIt) {
  Scene scene = changed(scene_with_images(), [](Scene& s) { s.pod.containers[0].process = 7; });
  scene.target.ownership = api::Ownership::kOptional;
  EXPECT_EQ(scene.judge(), Reason::kEligible);
}

api::Workload revision(const api::Workload& owner, const std::string& name, std::int64_t number) {
  api::Workload made;
  made.kind = "ControllerRevision";
  made.meta.namespace_ = "shop";
  made.meta.name = name;
  made.meta.uid = Uid{20, static_cast<std::uint64_t>(number)};
  made.controller = api::OwnerReference{"apps", owner.kind, owner.meta.name, owner.meta.uid};
  made.containers = owner.containers;
  made.revision = number;
  return made;
}

/// Replica 3 of a StatefulSet whose template has another command by now.
Scene scene_of_older_stateful_pod() {
  Scene scene;
  scene.pod = test::stateful_pod();
  scene.workloads.push_back(revision(scene.workloads[2], "db-6c9b", 1));
  scene.workloads[2].update_revision = "db-7fff";
  scene.workloads[2].containers[0].process = 7;
  return scene;
}

TEST(Rule8, AnOlderPodOfAStatefulSetIsComparedWithItsOwnRevision) {
  expect_refused(Reason::kTemplateMismatch, scene_of_older_stateful_pod(),
                 [](Scene& s) { s.pod.containers[0].process = 8; });
  expect_refused(Reason::kTemplateMismatch, scene_of_older_stateful_pod(), [](Scene& s) {
    s.workloads[3].controller->uid = Uid{9, 9};
  });
}

Scene scene_of_daemon_pod() {
  Scene scene;
  scene.workloads[1].kind = scene.pod.controller->kind = "DaemonSet";
  scene.workloads[1].controller.reset();
  scene.pod.labels = {
      {"app", "shop"}, {"controller-revision-hash", "aaaa"}, {"podcron.dev/serving", "true"}};
  scene.workloads.push_back(revision(scene.workloads[1], "shop-7c9d-aaaa", 1));
  return scene;
}

TEST(Rule8, AnOlderPodOfADaemonSetIsComparedWithItsOwnRevision) {
  const Change changed_since = [](Scene& s) { s.workloads[1].containers[0].process = 7; };
  expect_refused(Reason::kTemplateMismatch, changed(scene_of_daemon_pod(), changed_since),
                 [](Scene& s) { s.pod.containers[0].process = 8; });
}

// ---- what depends on other pods ----

struct Shop {
  Scene scene;
  store::PodStore pods;

  void add(const std::string& suffix, const std::function<void(api::Pod&)>& change = nullptr) {
    api::Pod pod = scene.pod;
    pod.meta.name = pod.generate_name + suffix;
    pod.meta.uid = Uid{1, pods.size() + 1};
    if (change) change(pod);
    pods.apply(pod, 1);
  }

  /// By pod in name order; the three ways to ask must agree.
  std::vector<Reason> verdicts() const {
    const store::WorkloadStore owners = scene.owners();
    const Criteria criteria = scene.criteria();
    Assessment out;
    assess(pods, owners, criteria, out);
    std::vector<Reason> said;
    std::size_t eligible = 0;
    for (const store::PodHandle pod : pods.in_namespace("shop")) {
      said.push_back(evaluate(pods, owners, criteria, pod));
      const std::vector<Reason> all = evaluate_all(pods, owners, criteria, out, pod);
      EXPECT_EQ(all.empty() ? Reason::kEligible : all.front(), said.back());
      if (all.empty()) ++eligible;
    }
    EXPECT_EQ(out.eligible.size(), eligible);
    return said;
  }
};

constexpr Reason kOk = Reason::kEligible;

void mirrored(api::Pod& pod) { give_image(pod.containers[0], kMirroredImage, kImageName); }
void busybox(api::Pod& pod) { give_image(pod.containers[0], kOtherImage, kOtherImageName); }

TEST(Rule8, ARegistryThatIsRewrittenForAllSiblingsIsTheTemplates) {
  Shop shop{scene_with_images(), {}};
  shop.add("bbbbb", mirrored);
  EXPECT_EQ(shop.verdicts(), std::vector{kOk});
  shop.add("ccccc", mirrored);
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, kOk}));
}

TEST(Rule8, AnImageThatIsChangedInOnePodIsNotARewrittenRegistry) {
  Shop shop{scene_with_images(), {}};
  shop.add("bbbbb", mirrored);
  shop.add("ccccc");
  EXPECT_EQ(shop.verdicts(), (std::vector{Reason::kTemplateMismatch, kOk}));
}

TEST(Rule8, AnotherImageNameIsNoRewrittenRegistryWhateverTheSiblingsShow) {
  Shop shop{scene_with_images(), {}};
  shop.add("bbbbb", busybox);
  shop.add("ccccc", busybox);
  EXPECT_EQ(shop.verdicts(), (std::vector{Reason::kTemplateMismatch, Reason::kTemplateMismatch}));
}

TEST(Rule8, PodsThatAreNoReplicasHaveNoVote) {
  Shop shop{scene_with_images(), {}};
  shop.add("bbbbb", mirrored);
  shop.add("copy");
  shop.add("ddddd", busybox);
  shop.add("fffff", [](api::Pod& pod) { pod.containers[0].process = 7; });
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, Reason::kAdoptedPod, Reason::kTemplateMismatch,
                                          Reason::kTemplateMismatch}));
}

TEST(Rule8, TwoReplicaSetsVoteEachForItself) {
  Shop shop{scene_with_images(), {}};
  shop.scene.workloads.push_back(shop.scene.workloads[1]);
  shop.scene.workloads.back().meta.name = "shop-aaaa";
  shop.scene.workloads.back().meta.uid = Uid{10, 9};
  shop.add("bbbbb", mirrored);
  shop.add("ccccc", [](api::Pod& pod) {
    pod.meta.name = "shop-aaaa-ccccc";
    pod.generate_name = "shop-aaaa-";
    pod.controller->name = "shop-aaaa";
    pod.controller->uid = Uid{10, 9};
  });
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, kOk}));
}

/// ReplicaSet shop-7c9d has the Deployment's template, shop-5b6d an older one.
struct Rollout : Shop {
  explicit Rollout(api::Revision wanted) {
    scene.target.revision = wanted;
    scene.workloads[0].template_hash = scene.workloads[1].template_hash = 2;
    scene.workloads.push_back(scene.workloads[1]);
    scene.workloads.back().meta.name = "shop-5b6d";
    scene.workloads.back().meta.uid = Uid{10, 9};
    scene.workloads.back().template_hash = 1;
  }
  void add_older(const std::function<void(api::Pod&)>& change = nullptr) {
    add("bbbbb", [&](api::Pod& pod) {
      pod.meta.name = "shop-5b6d-bbbbb";
      pod.generate_name = "shop-5b6d-";
      pod.controller->name = "shop-5b6d";
      pod.controller->uid = Uid{10, 9};
      if (change) change(pod);
    });
  }
};

void not_ready(api::Pod& pod) { pod.ready = false; }

TEST(Rule11, AnyTakesEveryRevision) {
  Rollout shop(api::Revision::kAny);
  shop.add_older();
  shop.add("ccccc");
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, kOk}));
}

TEST(Rule11, LatestTakesTheNewestAloneEvenIfNoneOfItIsEligible) {
  Rollout shop(api::Revision::kLatest);
  shop.add_older();
  shop.add("ccccc", not_ready);
  EXPECT_EQ(shop.verdicts(), (std::vector{Reason::kRevisionExcluded, Reason::kPodNotReady}));
}

TEST(Rule11, PreferLatestTakesOlderOnesUntilANewerOneIsEligible) {
  Rollout shop(api::Revision::kPreferLatest);
  shop.add_older();
  shop.add("ccccc", not_ready);
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, Reason::kPodNotReady}));
  shop.add("ddddd");
  EXPECT_EQ(shop.verdicts(), (std::vector{Reason::kRevisionExcluded, Reason::kPodNotReady, kOk}));
}

TEST(Rule11, AnOlderPodOfAnotherWorkloadIsNotSuperseded) {
  Rollout shop(api::Revision::kPreferLatest);
  shop.scene.workloads.back().controller = api::OwnerReference{"apps", "Deployment", "x", {30, 1}};
  shop.scene.workloads.push_back(shop.scene.workloads[0]);
  shop.scene.workloads.back().meta.name = "x";
  shop.scene.workloads.back().meta.uid = Uid{30, 1};
  shop.add_older();
  shop.add("ccccc");
  EXPECT_EQ(shop.verdicts(), (std::vector{kOk, kOk}));
}

TEST(Rule11, BeforeTheNewReplicaSetIsMadeEveryPodIsOfAnOlderRevision) {
  expect_refused(Reason::kRevisionExcluded,
                 changed(Scene{}, [](Scene& s) { s.target.revision = api::Revision::kLatest; }),
                 [](Scene& s) { s.workloads[0].template_hash = 5; });
}

TEST(Rule11, AStatefulSetSaysWhichRevisionItUpdatesTo) {
  Scene twin;
  twin.pod = test::stateful_pod();
  twin.workloads.push_back(revision(twin.workloads[2], "db-6c9b", 1));
  twin.target.revision = api::Revision::kLatest;
  expect_refused(Reason::kRevisionExcluded, twin,
                 [](Scene& s) { s.workloads[2].update_revision = "db-7fff"; });
  expect_refused(Reason::kRevisionExcluded, twin,
                 [](Scene& s) { s.workloads[2].update_revision.clear(); });
}

TEST(Rule11, ADaemonSetsNewestRevisionHasTheHighestNumber) {
  Scene twin = scene_of_daemon_pod();
  twin.target.revision = api::Revision::kLatest;
  twin.workloads.push_back(revision(twin.workloads[1], "shop-7c9d-bbbb", 0));
  expect_refused(Reason::kRevisionExcluded, twin, [](Scene& s) { s.workloads[4].revision = 2; });
  // Somebody else's revision counts for nothing.
  expect_refused(Reason::kRevisionExcluded,
                 changed(twin,
                         [](Scene& s) {
                           s.workloads[4].revision = 2;
                           s.workloads[4].controller->uid = Uid{9, 9};
                         }),
                 [](Scene& s) { s.pod.labels.erase(s.pod.labels.begin() + 1); });
}

TEST(Rule11, PodsWithoutRevisionsAreOfTheNewest) {
  const std::vector<Change> kinds{
      // A ReplicaSet without Deployment.
      [](Scene& s) { s.workloads[1].controller.reset(); },
      [](Scene& s) {
        s.workloads[1].controller = api::OwnerReference{"argoproj.io", "Rollout", "shop", {9, 9}};
      },
      [](Scene& s) {
        s.target.ownership = api::Ownership::kOptional;
        s.pod.controller.reset();
      },
  };
  for (const Change& each : kinds) {
    Scene scene = changed(Scene{}, each);
    scene.target.revision = api::Revision::kLatest;
    EXPECT_EQ(scene.judge(), kOk);
  }
}

}  // namespace
}  // namespace podcron::eligibility
