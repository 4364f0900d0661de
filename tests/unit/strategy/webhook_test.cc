// Goal: of what a strategy service says, only pods that were offered come through, and what it gets
// wrong is named. Method: answers that are right, wrong and hostile, to one offer of five pods.
#include "strategy/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "api/pod_job.h"
#include "base/prng.h"
#include "unit/strategy/replicas.h"

namespace podcron::strategy {
namespace {

using test::Replicas;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kUid = "digest-1-abcde.1.7";

api::StrategySpec webhook(api::FailurePolicy policy = api::FailurePolicy::kFail) {
  api::StrategySpec spec = test::strategy_of("Webhook");
  spec.webhook = {"quiet", 5, policy};
  return spec;
}

std::vector<api::OfferedPod> offered(std::size_t count) {
  std::vector<api::OfferedPod> pods;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("shop-7c9d-{:05}", i);
    pods.push_back({name, test::uid_of(name), "node-1", test::kNow});
  }
  return pods;
}

Advice advise(const std::string& body) {
  return advice_of(kUid, offered(5), api::Decoder().strategy_answer(body));
}

/// An answer to kUid that names these.
std::string naming(const std::vector<std::string>& pods) {
  std::string list;
  for (const std::string& pod : pods) list += (list.empty() ? "\"" : ",\"") + pod + "\"";
  return fmt::format(R"({{"response":{{"uid":"{}","pods":[{}]}}}})", kUid, list);
}

Occasion with(const Advice& advice) {
  Occasion occasion = test::occasion();
  occasion.advice = &advice;
  return occasion;
}

TEST(AdviceOf, PodsThatWereOfferedAreTaken) {
  const Advice advice = advise(naming({"shop-7c9d-00003", "shop-7c9d-00000"}));
  EXPECT_EQ(advice.failure, "");
  std::vector<Uid> wanted{test::uid_of("shop-7c9d-00003"), test::uid_of("shop-7c9d-00000")};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(advice.chosen, wanted);
  EXPECT_EQ(advise(naming({})).failure, "") << "none is an answer";
}

TEST(AdviceOf, WhatIsWrongWithAnAnswerIsNamed) {
  const std::vector<std::string> too_many(api::kTargetsMax + 1, "shop-7c9d-00001");
  const std::pair<std::string, std::string> kCases[] = {
      {naming({"shop-7c9d-00001", "etcd-0"}),
       R"(response.pods[1]: got "etcd-0", wanted the name of a pod that was offered)"},
      {naming({"shop-7c9d-00001", "shop-7c9d-00001"}),
       R"(response.pods[1]: "shop-7c9d-00001" stands there twice)"},
      {naming({""}), R"(response.pods[0]: got "")"},
      {naming(too_many), "response.pods: got 1001 pods, wanted at most 1000"},
      {R"({"response":{"uid":"other","pods":[]}})",
       R"(response.uid: got "other", wanted "digest-1-abcde.1.7")"},
      {R"({"response":{"pods":[]}})", "response.uid: missing"},
      {R"({"response":{"uid":"digest-1-abcde.1.7"}})", "response.pods: missing"},
      {R"({"response":{"uid":"digest-1-abcde.1.7","pods":"all"}})", "response.pods: got \"all\""},
      {R"({"response":{"uid":"digest-1-abcde.1.7","pods":[{}]}})",
       "response.pods[0]: got an object"},
      {"{}", "response: missing"},
      {"[]", "response: missing"},
      {"<html>", ""},
      {"", ""},
  };
  for (const auto& [body, words] : kCases) {
    const Advice advice = advise(body);
    EXPECT_THAT(advice.chosen, IsEmpty()) << body;
    EXPECT_THAT(advice.failure, HasSubstr("the answer is of no use: " + words)) << body;
  }
}

TEST(AdviceOf, WhatAHostileServiceSaysIsShortAndCannotSteerATerminal) {
  const Advice advice = advise(naming({"\\u001b[2J" + std::string(5000, 'x')}));
  EXPECT_THAT(advice.failure, HasSubstr("got \"?[2Jxxx"));
  EXPECT_LT(advice.failure.size(), 300U);
}

// Method: answers drawn from names that were offered and names that were not.
TEST(AdviceOf, NothingIsEverChosenThatWasNotOffered) {
  Prng prng(1);
  const auto pods = offered(30);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t count = prng.below(4);
    std::vector<std::string> names;
    bool honest = true;
    for (std::size_t n = 0; n < count; ++n) {
      std::string name = pods[prng.below(pods.size())].name;
      if (prng.chance(200)) name[prng.below(name.size())] = 'x';
      honest = honest && std::count(names.begin(), names.end(), name) == 0 &&
               std::any_of(pods.begin(), pods.end(), [&](const auto& p) { return p.name == name; });
      names.push_back(std::move(name));
    }
    const Advice advice = advice_of(kUid, pods, api::Decoder().strategy_answer(naming(names)));
    ASSERT_EQ(advice.failure.empty(), honest) << naming(names);
    ASSERT_EQ(advice.chosen.size(), honest ? count : 0);
    for (const Uid& uid : advice.chosen) {
      ASSERT_TRUE(
          std::any_of(pods.begin(), pods.end(), [&](const auto& p) { return p.uid == uid; }));
    }
  }
}

TEST(ChooseWebhook, OnlyThoseOfTheAdviceThatAreEligible) {
  const Replicas replicas(3);
  Advice advice{{test::uid_of("shop-7c9d-00002"), test::uid_of("shop-7c9d-00009")}, ""};
  std::sort(advice.chosen.begin(), advice.chosen.end());
  EXPECT_THAT(replicas.indices(webhook(), with(advice)), ElementsAre(2U));
}

TEST(ChooseWebhook, WithoutAnAnswerNobody) {
  EXPECT_THAT(Replicas(3).indices(webhook(api::FailurePolicy::kRandom), test::occasion()),
              IsEmpty());
}

TEST(ChooseWebhook, AFailureIsNobodyOrOneAtRandomByTheFailurePolicy) {
  const Replicas replicas(3);
  const Advice failed{{}, "no answer"};
  const Advice gone{{test::uid_of("gone")}, ""};
  for (const Advice& advice : {failed, gone}) {
    EXPECT_THAT(replicas.indices(webhook(), with(advice)), IsEmpty());
    EXPECT_EQ(replicas.indices(webhook(api::FailurePolicy::kRandom), with(advice)).size(), 1U);
  }
}

TEST(ChooseWebhook, AServiceThatWantsNobodyIsObeyed) {
  const Advice none;
  EXPECT_THAT(Replicas(3).indices(webhook(api::FailurePolicy::kRandom), with(none)), IsEmpty());
}

TEST(ChooseWebhook, NobodyTakesTheChosenPodsPlaceUnlessThePolicyAllowsIt) {
  const Replicas replicas(3);
  std::vector<std::uint32_t> out;
  choose_webhook_again({webhook(), replicas.candidates(), test::occasion()}, out);
  EXPECT_THAT(out, IsEmpty());
  choose_webhook_again(
      {webhook(api::FailurePolicy::kRandom), replicas.candidates(), test::occasion()}, out);
  EXPECT_EQ(out.size(), 1U);
}

TEST(Offer, OfMoreThanTheMostTheFirstByNameAreOffered) {
  store::PodStore pods;
  for (std::size_t i = 0; i < kPodsOfferedMax + 3; ++i) {
    api::Pod pod = test::serving_pod();
    pod.meta.name = fmt::format("shop-7c9d-{:05}", i);
    pod.meta.uid = test::uid_of(pod.meta.name);
    pods.apply(pod, 1);
  }
  const auto made = offer(pods, pods.in_namespace("shop"));
  ASSERT_EQ(made.size(), kPodsOfferedMax);
  EXPECT_EQ(made.front().name, "shop-7c9d-00000");
  EXPECT_EQ(made.front().uid, test::uid_of("shop-7c9d-00000"));
  EXPECT_TRUE(std::is_sorted(made.begin(), made.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST(WhyNone, SaysWhatTheServiceDid) {
  const Advice failed{{}, "HTTP status 500, wanted 200"};
  const Advice none;
  const Advice gone{{Uid{1, 2}, Uid{3, 4}}, ""};
  EXPECT_EQ(why_none(webhook(), &failed),
            "strategy service \"quiet\": HTTP status 500, wanted 200");
  EXPECT_EQ(why_none(webhook(), &none), "strategy service \"quiet\" chooses none of them");
  EXPECT_EQ(why_none(webhook(), &gone),
            "none of the 2 that strategy service \"quiet\" chose is eligible any more");
  EXPECT_EQ(why_none(webhook()), "strategy service \"quiet\" is asked when a time is due");
}

}  // namespace
}  // namespace podcron::strategy
