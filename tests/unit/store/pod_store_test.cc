// Goal: the compact store is a map from (namespace, name) to the newest pod. Method: laws one by
// one, then random sequences against a naive model.
#include "store/pod_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "store/pod_row.h"
#include "unit/store/random_pod.h"

namespace podcron::store {
namespace {

api::Pod pod_named(std::string name, std::uint64_t resource_version = 1, std::uint64_t uid = 1) {
  api::Pod pod;
  pod.meta.namespace_ = "shop";
  pod.meta.name = std::move(name);
  pod.meta.uid = Uid{1, uid};
  pod.meta.resource_version = resource_version;
  return pod;
}

api::Pod only(const PodStore& store, std::string_view name) {
  const auto handle = store.find("shop", name);
  return handle ? store.expand(*handle) : api::Pod{};
}

std::vector<std::string> names_in(const PodStore& store, std::string_view namespace_) {
  std::vector<std::string> names;
  for (const PodHandle pod : store.in_namespace(namespace_)) names.emplace_back(store.name(pod));
  return names;
}

TEST(PodStore, ExpandGivesBackWhatWasApplied) {
  Prng prng(1);
  for (int i = 0; i < 5'000; ++i) {
    PodStore store;
    const api::Pod pod = test::random_pod(prng, "shop", test::random_bytes(prng, 60));
    store.apply(pod, 1);
    ASSERT_EQ(store.expand(*store.find("shop", pod.meta.name)), pod) << i;
  }
}

TEST(PodStore, ANewerRowStaysButIsMarked) {
  PodStore store;
  store.apply(pod_named("web-0", 5), 1);
  EXPECT_FALSE(store.apply(pod_named("web-0", 4), 2));
  EXPECT_EQ(only(store, "web-0").meta.resource_version, 5U);
  EXPECT_EQ(store.sweep(2, nullptr), 0U);
}

TEST(PodStore, ANewerRowStaysWhenAStalePageNamesThePodBeforeIt) {
  PodStore store;
  store.apply(pod_named("web-0", 5, 2), 1);
  EXPECT_FALSE(store.apply(pod_named("web-0", 4, 1), 2));
  EXPECT_EQ(only(store, "web-0").meta.uid, (Uid{1, 2}));
}

TEST(PodStore, TheSameNameWithAnotherUidReplacesTheRow) {
  PodStore store;
  store.apply(pod_named("web-0", 5, 1), 1);
  EXPECT_TRUE(store.apply(pod_named("web-0", 6, 2), 1));
  EXPECT_EQ(only(store, "web-0").meta.uid, (Uid{1, 2}));
  EXPECT_EQ(store.size(), 1U);
}

TEST(PodStore, TheSameVersionIsNotWrittenAgain) {
  PodStore store;
  store.apply(pod_named("web-0", 5), 1);
  api::Pod again = pod_named("web-0", 5);
  again.ready = true;
  EXPECT_TRUE(store.apply(again, 2));
  EXPECT_FALSE(only(store, "web-0").ready);
  EXPECT_EQ(store.sweep(2, nullptr), 0U);
}

TEST(PodStore, RefreshMakesNoRowAndKeepsTheMark) {
  PodStore store;
  EXPECT_FALSE(store.refresh(pod_named("web-0", 5)));
  EXPECT_EQ(store.size(), 0U);
  store.apply(pod_named("web-0", 5), 1);
  EXPECT_TRUE(store.refresh(pod_named("web-0", 6)));
  EXPECT_EQ(only(store, "web-0").meta.resource_version, 6U);
  EXPECT_EQ(store.sweep(2, nullptr), 1U);
}

TEST(PodStore, RefreshRefusesAnotherUidAndIgnoresAnOlderRead) {
  PodStore store;
  store.apply(pod_named("web-0", 5, 1), 1);
  EXPECT_FALSE(store.refresh(pod_named("web-0", 6, 2)));
  EXPECT_TRUE(store.refresh(pod_named("web-0", 4, 1)));
  EXPECT_EQ(only(store, "web-0").meta.resource_version, 5U);
}

TEST(PodStore, EraseNeedsTheSameUidAndNoNewerRow) {
  PodStore store;
  store.apply(pod_named("web-0", 5, 1), 1);
  EXPECT_FALSE(store.erase("shop", "web-1", Uid{1, 1}, 9));
  EXPECT_FALSE(store.erase("cart", "web-0", Uid{1, 1}, 9));
  EXPECT_FALSE(store.erase("shop", "web-0", Uid{1, 2}, 9));
  EXPECT_FALSE(store.erase("shop", "web-0", Uid{1, 1}, 4));
  EXPECT_TRUE(store.erase("shop", "web-0", Uid{1, 1}, 5));
  EXPECT_EQ(store.size(), 0U);
  EXPECT_FALSE(store.find("shop", "web-0"));
}

TEST(PodStore, SweepRemovesTheUnmarkedInOrderAndNamesThem) {
  PodStore store;
  for (const char* name : {"c", "a", "d", "b"}) store.apply(pod_named(name), 1);
  api::Pod elsewhere = pod_named("z");
  elsewhere.meta.namespace_ = "cart";
  store.apply(elsewhere, 1);
  store.apply(pod_named("b"), 2);
  std::string removed;
  EXPECT_EQ(store.sweep(2,
                        [&](std::string_view namespace_, std::string_view name) {
                          removed += std::string(namespace_) + "/" + std::string(name) + " ";
                        }),
            4U);
  EXPECT_EQ(removed, "cart/z shop/a shop/c shop/d ");
  EXPECT_EQ(names_in(store, "shop"), (std::vector<std::string>{"b"}));
  EXPECT_TRUE(store.in_namespace("cart").empty());
}

TEST(PodStore, ASweepOfOneNamespaceLeavesTheOthers) {
  PodStore store;
  store.apply(pod_named("a"), 1);
  api::Pod elsewhere = pod_named("z");
  elsewhere.meta.namespace_ = "cart";
  store.apply(elsewhere, 1);
  EXPECT_EQ(store.sweep(2, nullptr, "cart"), 1U);
  EXPECT_TRUE(store.in_namespace("cart").empty());
  EXPECT_EQ(names_in(store, "shop"), (std::vector<std::string>{"a"}));
}

TEST(PodStore, ANamespaceIsInNameOrderHoweverThePodsCame) {
  PodStore store;
  std::vector<std::string> names;
  Prng prng(3);
  for (int i = 0; i < 3'000; ++i) names.push_back(test::random_hex(prng, 12));
  for (const std::string& name : names) store.apply(pod_named(name), 1);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names_in(store, "shop"), names);
}

TEST(PodStore, AccessorsSayWhatExpandSays) {
  Prng prng(4);
  PodStore store;
  for (int i = 0; i < 500; ++i) {
    store.apply(test::random_pod(prng, "shop", "pod-" + std::to_string(i)), 1);
  }
  api::StringMap labels;
  for (const PodHandle handle : store.in_namespace("shop")) {
    const api::Pod pod = store.expand(handle);
    store.labels(handle, labels);
    EXPECT_EQ(labels, pod.labels);
    EXPECT_EQ(store.name(handle), pod.meta.name);
    EXPECT_EQ(store.namespace_of(handle), "shop");
    EXPECT_EQ(store.uid(handle), pod.meta.uid);
    EXPECT_EQ(store.node_name(handle), pod.node_name);
    EXPECT_EQ(store.container_id(handle, "no such container"), "");
    for (std::size_t i = 0; i < pod.statuses.size(); ++i) {
      const api::ContainerStatus& status = pod.statuses[i];
      const ContainerState state = store.row(handle).container(i);
      EXPECT_EQ(store.container_id(handle, status.name), status.container_id);
      EXPECT_EQ(state.running, status.running);
      EXPECT_EQ(state.ready, status.ready);
      EXPECT_EQ(state.started, status.started);
      EXPECT_EQ(state.has_id, !status.container_id.empty());
    }
  }
}

TEST(PodStore, LabelsThatDifferPerPodDoNotMultiplyShapes) {
  PodStore store;
  for (int i = 0; i < 1'000; ++i) {
    api::Pod pod = pod_named("db-" + std::to_string(i));
    pod.labels = {{"app", "db"},
                  {"apps.kubernetes.io/pod-index", std::to_string(i)},
                  {"statefulset.kubernetes.io/pod-name", pod.meta.name}};
    store.apply(pod, 1);
  }
  EXPECT_EQ(store.footprint().shapes, 1U);
}

// A fifth of the pods replaced in a minute, for twenty minutes: each replacement brings a new name
// and in time a new ReplicaSet, a new label set and a new node.
TEST(PodStore, ChurnLeavesNothingBehind) {
  constexpr int kPods = 5'000;
  constexpr int kReplacedPerMinute = 1'000;
  PodStore store;
  std::vector<api::Pod> pods;
  const auto make = [&](int number) {
    const std::string owner = "app-" + std::to_string(number / 10);
    api::Pod pod =
        pod_named(owner + "-" + std::to_string(number), 1, static_cast<std::uint64_t>(number));
    pod.labels = {{"app", "app"}, {"pod-template-hash", owner}};
    pod.controller = api::OwnerReference{"apps", "ReplicaSet", owner, Uid{2, 0}};
    pod.node_name = "node-" + std::to_string(number / 100);
    return pod;
  };
  for (int i = 0; i < kPods; ++i) pods.push_back(make(i));
  for (const api::Pod& pod : pods) store.apply(pod, 1);
  const PodStore::Footprint before = store.footprint();
  for (int number = kPods; number < kPods + 20 * kReplacedPerMinute; ++number) {
    api::Pod& oldest = pods[static_cast<std::size_t>(number % kPods)];
    ASSERT_TRUE(store.erase("shop", oldest.meta.name, oldest.meta.uid, 1));
    oldest = make(number);
    store.apply(oldest, 1);
  }
  const PodStore::Footprint after = store.footprint();
  EXPECT_EQ(after.rows, before.rows);
  EXPECT_EQ(after.row_limit, before.row_limit);
  EXPECT_LE(after.shapes, before.shapes + 1);
  EXPECT_LE(after.shape_limit, before.shape_limit + 1);
  EXPECT_LE(after.nodes, before.nodes + 1);
  for (const api::Pod& pod : pods) store.erase("shop", pod.meta.name, pod.meta.uid, 1);
  const PodStore::Footprint empty = store.footprint();
  EXPECT_EQ(empty.rows + empty.shapes + empty.nodes + empty.namespaces, 0U);
}

// What PodStore promises, without any of its cleverness.
class Model {
 public:
  struct Entry {
    api::Pod pod;
    std::uint32_t epoch = 0;
  };
  using Key = std::pair<std::string, std::string>;

  bool apply(const api::Pod& pod, std::uint32_t epoch) {
    const auto [entry, added] = rows.try_emplace(key_of(pod), Entry{pod, epoch});
    entry->second.epoch = epoch;
    if (added) return true;
    return replace(entry->second.pod, pod);
  }

  bool refresh(const api::Pod& pod) {
    const auto entry = rows.find(key_of(pod));
    if (entry == rows.end() || entry->second.pod.meta.uid != pod.meta.uid) return false;
    if (entry->second.pod.meta.resource_version < pod.meta.resource_version) {
      entry->second.pod = pod;
    }
    return true;
  }

  bool erase(const api::Pod& pod) {
    const auto entry = rows.find(key_of(pod));
    if (entry == rows.end() || entry->second.pod.meta.uid != pod.meta.uid) return false;
    if (entry->second.pod.meta.resource_version > pod.meta.resource_version) return false;
    rows.erase(entry);
    return true;
  }

  std::vector<Key> sweep(std::uint32_t epoch) {
    std::vector<Key> removed;
    for (auto entry = rows.begin(); entry != rows.end();) {
      const bool stays = entry->second.epoch == epoch;
      if (!stays) removed.push_back(entry->first);
      entry = stays ? std::next(entry) : rows.erase(entry);
    }
    return removed;
  }

  std::map<Key, Entry> rows;

 private:
  static Key key_of(const api::Pod& pod) { return {pod.meta.namespace_, pod.meta.name}; }

  static bool replace(api::Pod& row, const api::Pod& pod) {
    if (row.meta.resource_version > pod.meta.resource_version) return false;
    const bool same = row.meta.uid == pod.meta.uid && pod.meta.resource_version != 0 &&
                      row.meta.resource_version == pod.meta.resource_version;
    if (!same) row = pod;
    return true;
  }
};

void expect_same(const PodStore& store, const Model& model) {
  ASSERT_EQ(store.size(), model.rows.size());
  std::vector<std::pair<std::string, std::string>> keys;
  for (const char* namespace_ : {"a", "b", "c"}) {
    for (const PodHandle pod : store.in_namespace(namespace_)) {
      keys.emplace_back(namespace_, store.name(pod));
    }
  }
  std::size_t i = 0;
  for (const auto& [key, entry] : model.rows) {
    ASSERT_EQ(keys[i++], key);
    ASSERT_EQ(store.expand(*store.find(key.first, key.second)), entry.pod);
    ASSERT_EQ(store.row(*store.find(key.first, key.second)).epoch, entry.epoch);
  }
}

TEST(PodStore, BehavesAsANaiveMapUnderRandomUse) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    PodStore store;
    Model model;
    std::uint32_t epoch = 1;
    for (int step = 0; step < 1'000; ++step) {
      const std::string namespace_(1, static_cast<char>('a' + prng.below(3)));
      const api::Pod pod =
          test::random_pod(prng, namespace_, "pod-" + std::to_string(prng.below(20)));
      const std::uint64_t action = prng.below(100);
      if (action < 60) {
        ASSERT_EQ(store.apply(pod, epoch), model.apply(pod, epoch));
      } else if (action < 75) {
        ASSERT_EQ(store.refresh(pod), model.refresh(pod));
      } else if (action < 98) {
        ASSERT_EQ(store.erase(pod.meta.namespace_, pod.meta.name, pod.meta.uid,
                              pod.meta.resource_version),
                  model.erase(pod));
      } else {
        std::vector<Model::Key> removed;
        store.sweep(epoch,
                    [&](std::string_view a, std::string_view b) { removed.emplace_back(a, b); });
        ASSERT_EQ(removed, model.sweep(epoch));
        ++epoch;
      }
      if (step % 50 == 0) expect_same(store, model);
    }
    expect_same(store, model);
  }
}

}  // namespace
}  // namespace podcron::store
