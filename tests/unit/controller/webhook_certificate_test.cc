// Goal: nobody is shown a certificate that the API server was not told of, and a self-made one is
// made anew in time. Method: a configuration that is read and written by hand, and a clock that is
// a parameter.
#include "controller/inbound/webhook_certificate.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "controller/config/kubeconfig.h"
#include "controller/net/server_identity.h"

namespace podcron::inbound {
namespace {

constexpr WallTime kNow{Seconds{1'800'000'000}};
constexpr Seconds kTend{60};

/// The API server's side: one configuration.
class Configuration final : public net::Transport {
 public:
  void start(net::CallId /*id*/, net::Request request, net::OnReply on_reply) override {
    net::Reply reply;
    reply.certainty = engine::Certainty::kDone;
    reply.head.status = 200;
    if (request.method == engine::Method::kPut && meanwhile) std::exchange(meanwhile, nullptr)();
    if (refusal != 0) {
      reply.head.status = refusal;
    } else if (request.method == engine::Method::kGet) {
      reply.body = text;
    } else if (version_of(request.body) != version_of(text)) {
      reply.head.status = 409;
    } else {
      write(request.body);
    }
    on_reply(std::move(reply));
  }
  void cancel(net::CallId /*id*/) override {}
  void cancel_all() override {}

  void write(const std::string& body) {
    auto json = nlohmann::json::parse(body);
    json["metadata"]["resourceVersion"] = std::to_string(++version_);
    text = json.dump();
    ++writes;
  }
  [[nodiscard]] std::string bundle() const {
    const auto json = nlohmann::json::parse(text);
    const auto& client = json["webhooks"][0]["clientConfig"];
    if (!client.contains("caBundle")) return "";
    return *config::decode_base64(client["caBundle"].get<std::string>());
  }

  std::string text = R"({"metadata":{"name":"podcron-sessions","resourceVersion":"1"},)"
                     R"("webhooks":[{"name":"a","clientConfig":{"url":"https://a/sessions"}}]})";
  int refusal = 0;                  // HTTP status; 0: none
  std::function<void()> meanwhile;  // before the next write
  int writes = 0;

 private:
  static std::string version_of(const std::string& body) {
    return nlohmann::json::parse(body)["metadata"]["resourceVersion"];
  }
  int version_ = 1;
};

class Shown final : public Webhook {
 public:
  [[nodiscard]] std::string address() const override { return ""; }
  void show(std::shared_ptr<net::ServerIdentity> identity) override {
    certificates.push_back(identity->certificates);
  }
  void answer(std::uint64_t /*review*/) override {}
  std::vector<std::string> certificates;
};

class WebhookCertificateTest : public ::testing::Test {
 protected:
  WebhookCertificateTest() {
    auto made = WebhookCertificate::open(
        {"", "", {"127.0.0.1"}, "podcron-sessions", "a_1"}, kNow,
        [this](const std::string& error) { complaints_.push_back(error); });
    EXPECT_TRUE(made) << made.error().message;
    certificate_ = *made;
    first_ = certificate_->identity()->certificates;
  }
  void tend(Seconds since) { certificate_->tend(kNow + since, configuration_, shown_); }
  [[nodiscard]] bool trusted(const std::string& certificates) const {
    return configuration_.bundle().find(certificates) != std::string::npos;
  }

  Configuration configuration_;
  Shown shown_;
  std::vector<std::string> complaints_;
  std::shared_ptr<WebhookCertificate> certificate_;
  std::string first_;
};

TEST_F(WebhookCertificateTest, OursIsPutIntoTheBundleOnce) {
  for (int i = 0; i < 5; ++i) tend(kTend * i);
  EXPECT_TRUE(trusted(first_));
  EXPECT_EQ(configuration_.writes, 1);
  EXPECT_TRUE(shown_.certificates.empty()) << "the first one is shown from the start";
}

TEST_F(WebhookCertificateTest, ANewOneIsMadeInTimeAndShownOnlyOnceItIsTrusted) {
  tend(Seconds{0});
  Seconds since = kCertificateValidity * 2 / 3;
  tend(since - kTend);
  EXPECT_EQ(configuration_.writes, 1);
  tend(since += kTend);
  EXPECT_EQ(configuration_.writes, 2);
  EXPECT_TRUE(trusted(first_)) << "others may still be asked with it";
  EXPECT_TRUE(shown_.certificates.empty());
  tend(since += kTend);
  ASSERT_EQ(shown_.certificates.size(), 1U);
  EXPECT_NE(shown_.certificates[0], first_);
  EXPECT_TRUE(trusted(shown_.certificates[0]));
  tend(kCertificateValidity + kTend);
  EXPECT_FALSE(trusted(first_)) << "what is over leaves the bundle";
  EXPECT_TRUE(trusted(shown_.certificates[0]));
}

TEST_F(WebhookCertificateTest, WhatCouldNotBePutThereIsNotShown) {
  tend(Seconds{0});
  configuration_.refusal = 403;
  Seconds since = kCertificateValidity * 2 / 3 + kTend;
  for (int i = 0; i < 3; ++i) tend(since += kTend);
  EXPECT_TRUE(shown_.certificates.empty());
  EXPECT_EQ(complaints_.size(), 1U) << "once, until it is well again";
  configuration_.refusal = 0;
  for (int i = 0; i < 2; ++i) tend(since += kTend);
  ASSERT_EQ(shown_.certificates.size(), 1U);
  EXPECT_TRUE(trusted(shown_.certificates[0]));
}

TEST_F(WebhookCertificateTest, WhatAnotherReplicaWritesAtTheSameTimeIsKept) {
  constexpr const char* kOther = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  configuration_.meanwhile = [&] {
    const std::vector<BundleEntry> theirs{{"b_2", kNow + kCertificateValidity, kOther}};
    configuration_.write(**with_certificates(configuration_.text, theirs, kNow));
  };
  tend(Seconds{0});
  EXPECT_TRUE(trusted(first_));
  EXPECT_TRUE(trusted(kOther));
  EXPECT_TRUE(complaints_.empty());
}

}  // namespace
}  // namespace podcron::inbound
