// Goal: uncertain requests are repeated unchanged, certain answers come back once, order holds.
#include "engine/outbox.h"

#include <gtest/gtest.h>

namespace podcron::engine {
namespace {

Now at(int milliseconds) {
  return {WallMillis{Millis{milliseconds}}, MonoTime{Millis{milliseconds}}};
}

Call call(Priority priority, std::string body = "b") {
  Call c;
  c.kind = CallKind::kPermit;
  c.priority = priority;
  c.method = Method::kPost;
  c.path = "/p";
  c.body = std::move(body);
  return c;
}

struct Post {
  Outbox outbox{1};
  std::uint64_t next_id = 0;
  std::vector<Effect> out;

  std::vector<KubeRequest> pump(int now) {
    out.clear();
    outbox.pump(at(now), next_id, out);
    std::vector<KubeRequest> sent;
    for (Effect& e : out) sent.push_back(std::get<KubeRequest>(e));
    return sent;
  }
  std::optional<Answer> reply(int now, EffectId id, Certainty certainty, int status = 0) {
    KubeReply r;
    r.id = id;
    r.certainty = certainty;
    r.http_status = status;
    return outbox.on_reply(at(now), std::move(r));
  }
};

TEST(Outbox, AnUncertainRequestIsSentAgainUnchangedUntilItIsCertain) {
  Post post;
  post.outbox.submit(call(Priority::kPermit, "same"));
  auto sent = post.pump(0);
  int now = 0;
  for (const auto& [certainty, status] : {std::pair{Certainty::kUnknown, 0},
                                          {Certainty::kDone, 500},
                                          {Certainty::kDone, 503},
                                          {Certainty::kNotExecuted, 0},
                                          {Certainty::kDone, 429}}) {
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_FALSE(post.reply(now, sent[0].id, certainty, status).has_value());
    EXPECT_TRUE(post.pump(now).empty()) << "not at once";
    now += 20'000;
    sent = post.pump(now);
  }
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].body, "same");
  const auto answer = post.reply(now, sent[0].id, Certainty::kDone, 409);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->call.was_uncertain);
}

TEST(Outbox, ACertainRefusalIsAnAnswer) {
  for (const int status : {200, 201, 400, 403, 404, 409, 410, 422}) {
    Post post;
    post.outbox.submit(call(Priority::kPermit));
    const auto sent = post.pump(0);
    EXPECT_TRUE(post.reply(1, sent[0].id, Certainty::kDone, status).has_value()) << status;
  }
}

TEST(Outbox, AClaimThatDidNotLeaveIsHandedBackUnlessAnEarlierTryMayHaveBeenExecuted) {
  Post post;
  Call claim = call(Priority::kClaim);
  claim.hand_back_not_executed = true;
  post.outbox.submit(Call(claim));
  auto sent = post.pump(0);
  EXPECT_TRUE(post.reply(1, sent[0].id, Certainty::kNotExecuted).has_value());

  post.outbox.submit(Call(claim));
  sent = post.pump(20'000);
  EXPECT_FALSE(post.reply(20'001, sent[0].id, Certainty::kUnknown).has_value());
  sent = post.pump(60'000);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_FALSE(post.reply(60'001, sent[0].id, Certainty::kNotExecuted).has_value())
      << "the first try may have won";
}

TEST(Outbox, WaitingRequestsGoByPriority) {
  Post post;
  for (const Priority p : {Priority::kRest, Priority::kOutcome, Priority::kRead, Priority::kPermit,
                           Priority::kClaim, Priority::kSession, Priority::kLease}) {
    post.outbox.submit(call(p, std::to_string(static_cast<int>(p))));
  }
  const auto sent = post.pump(0);
  ASSERT_EQ(sent.size(), 7u);
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i].body, std::to_string(i));
}

TEST(Outbox, ClaimsInFlightAreBounded) {
  Post post;
  for (int i = 0; i < 100; ++i) post.outbox.submit(call(Priority::kClaim));
  EXPECT_EQ(post.pump(0).size(), kClaimsInFlightMax);
}

TEST(Outbox, WhileNothingGetsThroughOneRequestFindsOut) {
  Post post;
  for (int i = 0; i < 10; ++i) post.outbox.submit(call(Priority::kPermit));
  const auto sent = post.pump(0);
  ASSERT_EQ(sent.size(), 10u);
  for (const KubeRequest& r : sent) post.reply(1, r.id, Certainty::kNotExecuted);
  EXPECT_FALSE(post.outbox.reachable());
  EXPECT_TRUE(post.pump(2).empty());
  ASSERT_TRUE(post.outbox.wake_at().has_value());
  const auto probe = post.pump(60'000);
  ASSERT_EQ(probe.size(), 1u);
  post.reply(60'001, probe[0].id, Certainty::kDone, 201);
  EXPECT_TRUE(post.outbox.reachable());
  EXPECT_EQ(post.pump(60'002).size(), 9u);
}

TEST(Outbox, WithdrawnIsOnlyWhatCertainlyNeverLeft) {
  Post post;
  for (const char* body : {"uncertain", "refused", "under way"}) {
    post.outbox.submit(call(Priority::kPermit, body));
  }
  const auto sent = post.pump(0);
  ASSERT_EQ(sent.size(), 3u);
  post.reply(0, sent[0].id, Certainty::kUnknown);
  post.reply(0, sent[1].id, Certainty::kDone, 429);
  post.outbox.submit(call(Priority::kPermit, "waiting"));
  post.outbox.submit(call(Priority::kRest, "another"));
  const auto taken =
      post.outbox.withdraw([](const Call& each) { return each.priority == Priority::kPermit; });
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].body, "waiting");
  EXPECT_EQ(taken[1].body, "refused");
  EXPECT_EQ(post.outbox.waiting(), 2u) << "the uncertain one and the other";
  EXPECT_EQ(post.outbox.in_flight(), 1u);
}

}  // namespace
}  // namespace podcron::engine
