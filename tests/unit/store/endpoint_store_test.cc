// Goal: a Service is the union of its slices, by UID, whatever order they come in.
// Method: laws one by one; then random slices against a union made from scratch.
#include "store/endpoint_store.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/prng.h"

namespace podcron::store {
namespace {

using Membership = ServiceEndpoints::Membership;
using Names = std::vector<std::string>;

api::EndpointSlice slice(std::string name, std::vector<api::Endpoint> endpoints,
                         std::uint64_t resource_version = 1, std::string service = "web") {
  api::EndpointSlice made;
  made.meta.namespace_ = "shop";
  made.meta.name = std::move(name);
  made.meta.resource_version = resource_version;
  made.service = std::move(service);
  made.endpoints = std::move(endpoints);
  return made;
}

Membership of(const EndpointStore& store, std::uint64_t pod, std::string_view service = "web") {
  const ServiceEndpoints* endpoints = store.find("shop", service);
  return endpoints == nullptr ? Membership::kNone : endpoints->of(Uid{1, pod});
}

TEST(EndpointStore, AnySliceNamesAndAnyEntryServes) {
  EndpointStore store;
  EXPECT_EQ(store.apply(slice("web-a", {{Uid{1, 1}}, {Uid{1, 2}, false}}), 1), Names{"shop/web"});
  EXPECT_EQ(store.apply(slice("web-b", {{Uid{1, 2}}, {Uid{1, 3}, true, true}}), 1),
            Names{"shop/web"});
  EXPECT_EQ(of(store, 1), Membership::kServing);
  EXPECT_EQ(of(store, 2), Membership::kServing) << "it moves from one slice to the other";
  EXPECT_EQ(of(store, 3), Membership::kNotServing);
  EXPECT_EQ(of(store, 4), Membership::kNone);
  EXPECT_EQ(store.find("shop", "cart"), nullptr);
  EXPECT_EQ(store.find("cart", "web"), nullptr);
}

TEST(EndpointStore, AnEntryThatTerminatesInEverySliceDoesNotServe) {
  EndpointStore store;
  store.apply(slice("web-a", {{Uid{1, 1}, true, true}}), 1);
  store.apply(slice("web-b", {{Uid{1, 1}, false, false}}), 1);
  EXPECT_EQ(of(store, 1), Membership::kNotServing);
}

TEST(EndpointStore, OnlyWhatMakesADifferenceIsTold) {
  EndpointStore store;
  store.apply(slice("web-a", {{Uid{1, 1}}}), 1);
  EXPECT_EQ(store.apply(slice("web-a", {{Uid{1, 1}}}, 2), 1), Names{});
  EXPECT_EQ(store.apply(slice("web-b", {{Uid{1, 1}, false}}, 2), 1), Names{});
  EXPECT_EQ(store.erase(slice("web-b", {}, 3)), Names{});
  EXPECT_EQ(store.erase(slice("web-a", {}, 3)), Names{"shop/web"});
  EXPECT_EQ(store.find("shop", "web"), nullptr);
  EXPECT_EQ(store.slices(), 0u);
}

TEST(EndpointStore, AnOlderSliceChangesNothingButIsMarked) {
  EndpointStore store;
  store.apply(slice("web-a", {{Uid{1, 1}}}, 5), 1);
  EXPECT_EQ(store.apply(slice("web-a", {}, 4), 2), Names{});
  EXPECT_EQ(store.erase(slice("web-a", {}, 4)), Names{});
  EXPECT_EQ(store.sweep(2), Names{});
  EXPECT_EQ(of(store, 1), Membership::kServing);
}

TEST(EndpointStore, ASliceThatChangesItsServiceLeavesTheOldOne) {
  EndpointStore store;
  store.apply(slice("web-a", {{Uid{1, 1}}}, 1), 1);
  EXPECT_EQ(store.apply(slice("web-a", {{Uid{1, 1}}}, 2, "cart"), 1),
            (Names{"shop/web", "shop/cart"}));
  EXPECT_EQ(of(store, 1), Membership::kNone);
  EXPECT_EQ(of(store, 1, "cart"), Membership::kServing);
}

TEST(EndpointStore, ASweepTakesWhatTheListDidNotShowOfItsNamespace) {
  EndpointStore store;
  store.apply(slice("web-a", {{Uid{1, 1}}}), 1);
  store.apply(slice("web-b", {{Uid{1, 2}}}), 2);
  api::EndpointSlice other = slice("web-a", {{Uid{1, 3}}});
  other.meta.namespace_ = "cart";
  store.apply(other, 1);
  EXPECT_EQ(store.sweep(2, "shop"), Names{"shop/web"});
  EXPECT_EQ(of(store, 1), Membership::kNone);
  EXPECT_EQ(of(store, 2), Membership::kServing);
  EXPECT_EQ(store.slices(), 2u);
}

TEST(EndpointStore, IsTheUnionOfItsSlicesAfterAnyChanges) {
  Prng prng(1);
  EndpointStore store;
  std::map<std::string, api::EndpointSlice> model;
  for (std::uint64_t step = 1; step < 3000; ++step) {
    const std::string name = "web-" + std::to_string(prng.below(4));
    std::map<std::uint64_t, Membership> before;
    for (std::uint64_t pod = 0; pod < 6; ++pod) before[pod] = of(store, pod);
    Names changed;
    if (prng.chance(200)) {
      changed = store.erase(slice(name, {}, step));
      model.erase(name);
    } else {
      std::vector<api::Endpoint> endpoints;
      for (auto left = prng.below(5); left > 0; --left) {
        endpoints.push_back({Uid{1, prng.below(6)}, prng.chance(700), prng.chance(300)});
      }
      model[name] = slice(name, endpoints, step);
      changed = store.apply(model[name], 1);
    }
    bool differs = false;
    for (std::uint64_t pod = 0; pod < 6; ++pod) {
      Membership wanted = Membership::kNone;
      for (const auto& [key, each] : model) {
        for (const api::Endpoint& endpoint : each.endpoints) {
          if (endpoint.pod != Uid{1, pod}) continue;
          const bool serves = endpoint.serving && !endpoint.terminating;
          if (serves) wanted = Membership::kServing;
          if (wanted == Membership::kNone) wanted = Membership::kNotServing;
        }
      }
      ASSERT_EQ(of(store, pod), wanted) << step;
      differs = differs || before[pod] != wanted;
    }
    ASSERT_EQ(changed, differs ? Names{"shop/web"} : Names{}) << step;
  }
}

}  // namespace
}  // namespace podcron::store
