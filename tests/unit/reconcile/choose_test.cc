// Goal: a run gets the pods that its strategy draws, and in place of one that did not start one
// that the run may take. Method: a store of a few pods, all of them eligible or some.
#include "reconcile/choose.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "unit/strategy/replicas.h"

namespace podcron::reconcile {
namespace {

class Shop {
 public:
  explicit Shop(const char* type) { spec_.strategy.type = type; }

  void put(const std::string& name, const std::string& node) {
    api::Pod pod = test::serving_pod();
    pod.meta.name = name;
    pod.meta.uid = test::uid_of(name);
    pod.node_name = node;
    pods_.apply(pod, 1);
  }
  /// All but those that a run has tried.
  [[nodiscard]] eligibility::Assessment assess(const std::set<std::string>& tried = {}) const {
    eligibility::Assessment assessment;
    for (const store::PodHandle pod : pods_.in_namespace("shop")) {
      if (!tried.contains(std::string(pods_.name(pod)))) assessment.eligible.push_back(pod);
    }
    assessment.matched = static_cast<std::int64_t>(pods_.size());
    return assessment;
  }
  [[nodiscard]] std::vector<api::TargetRef> choose(std::int64_t minute = 0) const {
    return choose_targets(pods_, spec_, assess(), test::occasion(minute));
  }
  [[nodiscard]] std::string choose_again(const std::set<std::string>& tried,
                                         const api::TargetRef& replaced,
                                         std::uint32_t redraw = 1) const {
    strategy::Occasion occasion = test::occasion();
    occasion.redraw = redraw;
    const auto again = reconcile::choose_again(pods_, spec_, assess(tried), occasion, replaced);
    return again ? again->pod_name : "";
  }

  api::PodJobTemplateSpec spec_;

 private:
  store::PodStore pods_;
};

TEST(ChooseTargets, FewerThanMinEligibleAreNone) {
  Shop shop("All");
  shop.put("a", "node-1");
  shop.put("b", "node-1");
  EXPECT_EQ(shop.choose().size(), 2U);
  shop.spec_.target.min_eligible = 3;
  EXPECT_TRUE(shop.choose().empty());
}

TEST(ChooseTargets, NoMoreThanARunCanHave) {
  Shop shop("All");
  for (int i = 0; i < 1'003; ++i) shop.put(fmt::format("pod-{:04}", i), "node-1");
  EXPECT_EQ(shop.choose().size(), api::kTargetsMax);
}

TEST(ChooseAgain, OnePodPerNodeStaysOnePodPerNode) {
  Shop shop("PerTopology");
  for (const char* name : {"a1", "a2"}) shop.put(name, "node-a");
  for (const char* name : {"b1", "b2", "b3"}) shop.put(name, "node-b");
  const auto targets = shop.choose();
  ASSERT_EQ(targets.size(), 2U);
  std::set<std::string> tried{targets[0].pod_name, targets[1].pod_name};
  const std::string again = shop.choose_again(tried, targets[0]);
  EXPECT_EQ(again.front(), 'a');
  tried.insert(again);
  EXPECT_EQ(shop.choose_again(tried, targets[0]), "") << "node-b has its pod already";
  EXPECT_EQ(shop.choose_again(tried, targets[1]).front(), 'b');
}

TEST(ChooseAgain, IsNotAlwaysTheFirstByName) {
  for (const char* type : {"All", "Random", "Percent"}) {
    Shop shop(type);
    for (int i = 0; i < 8; ++i) shop.put(fmt::format("pod-{}", i), "node-1");
    std::set<std::string> drawn;
    for (std::uint32_t redraw = 1; redraw < 40; ++redraw) {
      drawn.insert(shop.choose_again({"pod-0"}, {}, redraw));
    }
    EXPECT_EQ(drawn.size(), 7U) << type;
  }
}

TEST(ChooseAgain, MinEligibleCountedWhenTheRunWasClaimed) {
  Shop shop("Random");
  shop.spec_.target.min_eligible = 2;
  shop.put("a", "node-1");
  shop.put("b", "node-1");
  EXPECT_EQ(shop.choose_again({"a"}, {}), "b");
  EXPECT_EQ(shop.choose_again({"a", "b"}, {}), "");
}

TEST(DescribeLack, NamesWhatIsMissing) {
  Shop shop("Ordinal");
  shop.spec_.strategy.ordinal = 2;
  shop.put("a", "node-1");
  EXPECT_EQ(describe_lack(shop.spec_, shop.assess()),
            "1 of 1 pods eligible; none of them is the StatefulSet pod with index 2");
  shop.spec_.target.min_eligible = 3;
  EXPECT_EQ(describe_lack(shop.spec_, shop.assess()), "1 of 1 pods eligible; minEligible is 3");
}

}  // namespace
}  // namespace podcron::reconcile
