// Goal: owners are found by UID and by name, and the newest version wins. Method: laws one by one.
#include "store/workload_store.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace podcron::store {
namespace {

api::Workload workload(std::string kind, std::string name, std::uint64_t uid,
                       std::uint64_t resource_version = 1) {
  api::Workload made;
  made.kind = std::move(kind);
  made.meta.namespace_ = "shop";
  made.meta.name = std::move(name);
  made.meta.uid = Uid{1, uid};
  made.meta.resource_version = resource_version;
  return made;
}

TEST(WorkloadStore, FindsByUidAndByName) {
  WorkloadStore store;
  EXPECT_TRUE(store.apply(workload("Deployment", "web", 1), 1));
  EXPECT_TRUE(store.apply(workload("StatefulSet", "web", 2), 1));
  ASSERT_NE(store.find(Uid{1, 1}), nullptr);
  EXPECT_EQ(store.find(Uid{1, 1})->kind, "Deployment");
  EXPECT_EQ(store.find("StatefulSet", "shop", "web"), store.find(Uid{1, 2}));
  EXPECT_EQ(store.find("StatefulSet", "cart", "web"), nullptr);
  EXPECT_EQ(store.find(Uid{1, 3}), nullptr);
}

TEST(WorkloadStore, ANewerRowStaysButIsMarked) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "web", 1, 5), 1);
  EXPECT_FALSE(store.apply(workload("ReplicaSet", "web", 1, 4), 2));
  EXPECT_EQ(store.find(Uid{1, 1})->meta.resource_version, 5U);
  EXPECT_EQ(store.sweep("ReplicaSet", 2), 0U);
}

TEST(WorkloadStore, TheSameNameWithAnotherUidReplacesTheRow) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "web", 1, 5), 1);
  EXPECT_TRUE(store.apply(workload("ReplicaSet", "web", 2, 6), 1));
  EXPECT_EQ(store.find(Uid{1, 1}), nullptr);
  EXPECT_EQ(store.find("ReplicaSet", "shop", "web")->meta.uid, (Uid{1, 2}));
  EXPECT_EQ(store.size(), 1U);
}

TEST(WorkloadStore, TheSameUidUnderAnotherNameLeavesNoOldName) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "web", 1, 5), 1);
  EXPECT_TRUE(store.apply(workload("ReplicaSet", "api", 1, 6), 1));
  EXPECT_EQ(store.find("ReplicaSet", "shop", "web"), nullptr);
  EXPECT_NE(store.find("ReplicaSet", "shop", "api"), nullptr);
  EXPECT_EQ(store.size(), 1U);
}

api::Workload revision(const api::Workload& owner, std::string name, std::int64_t number) {
  api::Workload made =
      workload("ControllerRevision", std::move(name), 100 + static_cast<std::uint64_t>(number));
  made.controller = api::OwnerReference{"apps", owner.kind, owner.meta.name, owner.meta.uid};
  made.revision = number;
  return made;
}

TEST(WorkloadStore, FindsTheRevisionThatAPodNames) {
  WorkloadStore store;
  const api::Workload set = workload("StatefulSet", "web", 1);
  const api::Workload longer = workload("StatefulSet", "web-api", 2);
  store.apply(revision(set, "web-aaa", 2), 1);
  store.apply(revision(set, "web-bbb", 1), 1);
  store.apply(revision(longer, "web-api-ccc", 9), 1);
  // By the whole name, as a StatefulSet's pods have it, or the hash alone, as a DaemonSet's.
  EXPECT_EQ(store.revision(set, "web-bbb")->revision, 1);
  EXPECT_EQ(store.revision(set, "aaa")->revision, 2);
  EXPECT_EQ(store.revision(set, "web-api-ccc"), nullptr);
  EXPECT_EQ(store.revision(set, "api-ccc"), nullptr);
  EXPECT_EQ(store.revision(set, "aa"), nullptr);
  EXPECT_EQ(store.revision(set, ""), nullptr);
  EXPECT_EQ(store.newest_revision(set)->revision, 2);
  EXPECT_EQ(store.newest_revision(longer)->revision, 9);
  EXPECT_EQ(store.newest_revision(workload("StatefulSet", "we", 3)), nullptr);
}

TEST(WorkloadStore, RevisionsOfALongNameAreFoundByItsBeginning) {
  WorkloadStore store;
  const api::Workload set = workload("StatefulSet", std::string(240, 'w'), 1);
  store.apply(revision(set, std::string(223, 'w') + "-aaa", 1), 1);
  EXPECT_NE(store.revision(set, std::string(223, 'w') + "-aaa"), nullptr);
}

TEST(WorkloadStore, EraseNeedsNoNewerRow) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "web", 1, 5), 1);
  EXPECT_FALSE(store.erase(Uid{1, 1}, 4));
  EXPECT_FALSE(store.erase(Uid{1, 2}, 9));
  EXPECT_TRUE(store.erase(Uid{1, 1}, 5));
  EXPECT_EQ(store.find("ReplicaSet", "shop", "web"), nullptr);
  EXPECT_EQ(store.size(), 0U);
}

TEST(WorkloadStore, ASweepTouchesOneKindOnly) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "old", 1), 1);
  store.apply(workload("ReplicaSet", "new", 2), 2);
  store.apply(workload("Deployment", "old", 3), 1);
  EXPECT_EQ(store.sweep("ReplicaSet", 2), 1U);
  EXPECT_EQ(store.find(Uid{1, 1}), nullptr);
  EXPECT_NE(store.find(Uid{1, 2}), nullptr);
  EXPECT_NE(store.find(Uid{1, 3}), nullptr);
}

TEST(WorkloadStore, ASweepOfOneNamespaceLeavesTheOthers) {
  WorkloadStore store;
  store.apply(workload("ReplicaSet", "web", 1), 1);
  EXPECT_EQ(store.sweep("ReplicaSet", 2, "cart"), 0U);
  EXPECT_EQ(store.sweep("ReplicaSet", 2, "shop"), 1U);
}

}  // namespace
}  // namespace podcron::store
