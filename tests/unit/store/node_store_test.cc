// Goal: a node's place is what its label says now, whatever order the news come in, and nothing is
// kept of nodes that are gone. Method: laws one by one.
#include "store/node_store.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace podcron::store {
namespace {

api::ClusterNode node(std::string name, api::StringMap labels, std::uint64_t resource_version = 1) {
  api::ClusterNode made;
  made.meta.name = std::move(name);
  made.meta.resource_version = resource_version;
  made.labels = std::move(labels);
  return made;
}

TEST(NodeStore, EqualValuesAreOnePlaceAndOthersAreOthers) {
  NodeStore store;
  EXPECT_TRUE(store.apply(node("a", {{"zone", "east"}, {"rack", "1"}}), 1));
  EXPECT_TRUE(store.apply(node("b", {{"zone", "east"}, {"rack", "2"}}), 1));
  EXPECT_TRUE(store.apply(node("c", {{"zone", ""}}), 1));
  EXPECT_EQ(store.place("a", "zone"), store.place("b", "zone"));
  EXPECT_NE(store.place("a", "rack"), store.place("b", "rack"));
  EXPECT_NE(store.place("c", "zone"), NodeStore::kNowhere) << "an empty value is a value";
  EXPECT_LT(store.place("b", "rack"), store.place_limit());
}

TEST(NodeStore, WithoutTheNodeOrTheLabelThereIsNoPlace) {
  NodeStore store;
  store.apply(node("a", {{"zone", "east"}}), 1);
  EXPECT_EQ(store.place("a", "east"), NodeStore::kNowhere);
  EXPECT_EQ(store.place("b", "zone"), NodeStore::kNowhere);
  EXPECT_FALSE(store.erase(node("b", {})));
  EXPECT_TRUE(store.erase(node("a", {}, 2)));
  EXPECT_EQ(store.place("a", "zone"), NodeStore::kNowhere);
}

TEST(NodeStore, OnlyOtherLabelsAreAChange) {
  NodeStore store;
  store.apply(node("a", {{"zone", "east"}}, 5), 1);
  EXPECT_FALSE(store.apply(node("a", {{"zone", "east"}}, 6), 1)) << "a heartbeat";
  EXPECT_FALSE(store.apply(node("a", {{"zone", "west"}}, 4), 1)) << "older than what is known";
  const auto place = store.place("a", "zone");
  EXPECT_TRUE(store.apply(node("a", {{"zone", "west"}}, 7), 1));
  EXPECT_NE(store.place("a", "zone"), place);
}

TEST(NodeStore, ASweepTakesWhatTheListDidNotShow) {
  NodeStore store;
  store.apply(node("a", {{"zone", "east"}}), 1);
  store.apply(node("b", {{"zone", "east"}}), 1);
  store.apply(node("b", {{"zone", "west"}}, 0), 2);  // older, and yet seen
  EXPECT_TRUE(store.sweep(2));
  EXPECT_FALSE(store.sweep(2));
  EXPECT_EQ(store.size(), 1U);
  EXPECT_NE(store.place("b", "zone"), NodeStore::kNowhere);
}

TEST(NodeStore, ChurnDoesNotMakeItGrow) {
  NodeStore store;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    store.apply(node("a", {{"zone", std::to_string(i)}}, i), 1);
  }
  EXPECT_LE(store.place_limit(), 4U) << "key, value, and the next value before the last one goes";
}

}  // namespace
}  // namespace podcron::store
