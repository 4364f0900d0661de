// Goal: only what is needed is watched, and nothing is taken for known before it was listed.
// Method: the whole engine, fed with objects; what it asks for is read from its effects.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace podcron::engine {
namespace {

using kube::ObjectKind;
using Kinds = std::set<ObjectKind>;

const Kinds kAlways{ObjectKind::kPodCronJob, ObjectKind::kPodJob, ObjectKind::kNamespace,
                    ObjectKind::kLease, ObjectKind::kPod};
const Kinds kOwners{ObjectKind::kReplicaSet, ObjectKind::kStatefulSet, ObjectKind::kDaemonSet,
                    ObjectKind::kDeployment};
const Kinds kRevisions{ObjectKind::kControllerRevision};

struct Process {
  Engine engine{EngineConfig{}};
  std::vector<Effect> effects;
  std::map<ObjectKind, EffectId> open;

  /// Kinds that are asked for in answer to `input`.
  Kinds step(Input&& input) {
    effects.clear();
    engine.step({WallMillis(Millis(1'000)), MonoTime(Millis(1'000))}, std::move(input), effects);
    Kinds asked;
    for (const Effect& effect : effects) {
      const auto* stream = std::get_if<OpenStream>(&effect);
      if (stream == nullptr) continue;
      // A watch follows its list; only lists are new.
      if (!stream->watch) asked.insert(stream->kind);
      open[stream->kind] = stream->id;
    }
    return asked;
  }
  Kinds put(ObjectKind kind, kube::Object object) {
    StreamBatch batch{open.at(kind), {}};
    batch.items.emplace_back(kube::Apply{std::move(object)});
    return step(std::move(batch));
  }
  void list_nothing(const Kinds& kinds) {
    for (const ObjectKind kind : kinds) {
      StreamBatch batch{open.at(kind), {}};
      batch.items.emplace_back(kube::PageEnd{"", 5});
      step(std::move(batch));
      step(StreamEnded{open.at(kind), true, 200, {}, {}, ""});
    }
  }
};

template <class T>
T named(std::string name) {
  T object;
  object.meta.namespace_ = "shop";
  object.meta.name = std::move(name);
  object.meta.uid = Uid{1, 1};
  object.meta.resource_version = 3;
  return object;
}

api::Pod pod_of(std::string kind) {
  auto pod = named<api::Pod>("db-0");
  pod.controller = api::OwnerReference{"apps", std::move(kind), "db", Uid{2, 2}};
  return pod;
}

TEST(Watches, OwnersAreAskedForFromTheFirstPodCronJobOn) {
  Process process;
  EXPECT_EQ(process.step(Wake{}), kAlways);
  EXPECT_EQ(process.put(ObjectKind::kPod, pod_of("ReplicaSet")), Kinds{});
  EXPECT_EQ(process.put(ObjectKind::kPodCronJob, named<api::PodCronJob>("digest")), kOwners);
  EXPECT_EQ(process.put(ObjectKind::kPodCronJob, named<api::PodCronJob>("other")), Kinds{});
}

TEST(Watches, RevisionsAreAskedForFromTheFirstPodThatNeedsThemOn) {
  for (const char* kind : {"StatefulSet", "DaemonSet"}) {
    Process process;
    process.step(Wake{});
    EXPECT_EQ(process.put(ObjectKind::kPod, pod_of(kind)), kRevisions) << kind;
    EXPECT_EQ(process.put(ObjectKind::kPod, pod_of(kind)), Kinds{}) << kind;
  }
}

TEST(Watches, WhatIsNeededFromTheStartIsListedBeforeAnybodyIsReady) {
  Process process;
  process.step(ZonesReplaced{ZoneDatabase::make("none", {})});
  process.step(Wake{});
  process.put(ObjectKind::kPodCronJob, named<api::PodCronJob>("digest"));
  process.list_nothing(kAlways);
  EXPECT_FALSE(process.engine.health().synced);
  process.list_nothing(kOwners);
  EXPECT_TRUE(process.engine.health().synced);
}

TEST(Watches, WhatIsNeededLaterTakesNoReadinessAway) {
  Process process;
  process.step(ZonesReplaced{ZoneDatabase::make("none", {})});
  process.step(Wake{});
  process.list_nothing(kAlways);
  EXPECT_TRUE(process.engine.health().synced);
  process.put(ObjectKind::kPodCronJob, named<api::PodCronJob>("digest"));
  EXPECT_TRUE(process.engine.health().synced);
}

}  // namespace
}  // namespace podcron::engine
