// Goal: a question is posted once, to the service of that name, and what came of it is one reply.
// Method: a transport that the test answers.
#include "controller/handlers/strategy_webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace podcron::handlers {
namespace {

using ::testing::HasSubstr;

/// Keeps the call, so that the test plays the service.
class HeldTransport final : public net::Transport {
 public:
  void start(net::CallId id, net::Request made, net::OnReply reply) override {
    ++calls;
    last_id = id;
    request = std::move(made);
    on_reply = std::move(reply);
  }
  void cancel(net::CallId) override {}
  void cancel_all() override {}
  int calls = 0;
  net::CallId last_id = 0;
  net::Request request;
  net::OnReply on_reply;
};

class StrategyWebhookTest : public ::testing::Test {
 protected:
  void ask(const std::string& service) {
    perform(engine::AskStrategy{{7}, service, "{\"kind\":\"StrategyReview\"}", Millis{1500}},
            services_, mailbox_);
  }
  engine::StrategyReply reply() {
    std::vector<loop::Mailbox::Letter> letters;
    mailbox_.take(letters);
    EXPECT_EQ(letters.size(), 1U);
    return letters.empty() ? engine::StrategyReply{}
                           : std::get<engine::StrategyReply>(letters.front().input);
  }
  std::shared_ptr<HeldTransport> transport_ = std::make_shared<HeldTransport>();
  StrategyServices services_{{"quiet", {transport_, "/choose"}}};
  loop::Mailbox mailbox_;
};

TEST_F(StrategyWebhookTest, TheQuestionIsPostedToItsServiceWithItsLimits) {
  ask("quiet");
  EXPECT_EQ(transport_->calls, 1);
  EXPECT_EQ(transport_->last_id, 7U);
  EXPECT_EQ(transport_->request.method, engine::Method::kPost);
  EXPECT_EQ(transport_->request.path, "/choose");
  EXPECT_EQ(transport_->request.body, "{\"kind\":\"StrategyReview\"}");
  EXPECT_EQ(transport_->request.timeout, Millis{1500});
  EXPECT_EQ(transport_->request.reply_bytes_max, engine::kStrategyReplyBytesMax);
}

TEST_F(StrategyWebhookTest, AnAnswerIsHandedOnAsItCame) {
  ask("quiet");
  net::Reply answer;
  answer.certainty = engine::Certainty::kDone;
  answer.head.status = 302;
  answer.body = "moved";
  transport_->on_reply(std::move(answer));
  const engine::StrategyReply got = reply();
  EXPECT_EQ(got.id.value, 7U);
  EXPECT_EQ(got.http_status, 302);
  EXPECT_EQ(got.body, "moved");
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(transport_->calls, 1) << "no redirect is followed";
}

TEST_F(StrategyWebhookTest, WhatWentWrongIsInTheReply) {
  ask("quiet");
  net::Reply answer;
  answer.error = "connect to 127.0.0.1:1: connection refused";
  transport_->on_reply(std::move(answer));
  EXPECT_EQ(reply().error, "connect to 127.0.0.1:1: connection refused");
}

TEST_F(StrategyWebhookTest, AServiceThatIsNotThereIsAnErrorAndNoCall) {
  ask("loud");
  EXPECT_EQ(transport_->calls, 0);
  EXPECT_THAT(reply().error, HasSubstr("no service \"loud\""));
}

}  // namespace
}  // namespace podcron::handlers
