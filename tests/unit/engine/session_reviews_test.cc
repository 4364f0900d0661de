// Goal: every review is answered exactly once and in time, and stored first when it is a session of
// somebody else in a pod that could be chosen. Method: an engine that has seen nothing yet is
// asked.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "api/codec.h"
#include "engine/engine.h"
#include "unit/api/objects.h"

namespace podcron::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WallTime kDay = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

class SessionReviews : public ::testing::Test {
 protected:
  SessionReviews() : SessionReviews(EngineConfig{}) {}
  explicit SessionReviews(EngineConfig config) : engine_(with_selector(std::move(config))) {
    step(Wake{});
  }
  static EngineConfig with_selector(EngineConfig config) {
    config.serving_selector = *api::parse_selector("podcron.dev/serving=true");
    config.session_webhook = true;
    return config;
  }

  void step(Input&& input) {
    std::vector<Effect> effects;
    engine_.step({WallMillis{kDay} + since_, MonoTime{since_}}, std::move(input), effects);
    for (Effect& effect : effects) {
      if (auto* request = std::get_if<KubeRequest>(&effect)) requests_.push_back(*request);
      if (auto* answer = std::get_if<AnswerReview>(&effect)) answered_.push_back(answer->review);
      if (auto* stream = std::get_if<OpenStream>(&effect)) streams_.push_back(*stream);
    }
  }
  void ask(std::uint64_t id, const std::string& user = "alice", const std::string& pod = "web-0",
           const std::string& namespace_ = "shop") {
    SessionReview review;
    review.review = id;
    review.connect.uid = "u";
    review.connect.namespace_ = namespace_;
    review.connect.pod = pod;
    review.connect.user = user;
    review.connect.tty = true;
    step(std::move(review));
  }
  /// Requests since the last call, but those of our own Lease.
  std::vector<KubeRequest> requests() {
    std::vector<KubeRequest> taken;
    for (KubeRequest& request : requests_) {
      if (request.body.find("podcron-holder-") == std::string::npos) taken.push_back(request);
    }
    requests_.clear();
    return taken;
  }
  KubeRequest only_request() {
    const auto taken = requests();
    EXPECT_EQ(taken.size(), 1U);
    return taken.empty() ? KubeRequest{} : taken.front();
  }
  void reply(const KubeRequest& request, int status, std::string body = "{}") {
    KubeReply made;
    made.id = request.id;
    made.http_status = status;
    made.body = std::move(body);
    step(std::move(made));
  }
  static std::string pod(const std::string& label = "true") {
    return fmt::format(
        R"({{"metadata":{{"name":"web-0","namespace":"shop","resourceVersion":"5",)"
        R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",)"
        R"("labels":{{"podcron.dev/serving":"{}"}}}},)"
        R"("spec":{{"containers":[{{"name":"app"}}]}},"status":{{"phase":"Running"}}}})",
        label);
  }

  Engine engine_;
  Millis since_{1000};
  std::vector<KubeRequest> requests_;
  std::vector<OpenStream> streams_;
  std::vector<std::uint64_t> answered_;
};

TEST_F(SessionReviews, AnUnknownPodIsReadLiveAndStoredBeforeTheAnswer) {
  ask(1);
  const KubeRequest read = only_request();
  EXPECT_EQ(read.path, "/api/v1/namespaces/shop/pods/web-0");
  ask(2);
  EXPECT_THAT(requests(), IsEmpty()) << "one read serves both";
  reply(read, 200, pod());
  const KubeRequest write = only_request();
  EXPECT_EQ(write.method, Method::kPost);
  EXPECT_THAT(write.body, HasSubstr("0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111-tty"));
  EXPECT_THAT(answered_, IsEmpty());
  reply(write, 201);
  EXPECT_THAT(answered_, ElementsAre(1, 2));
}

TEST_F(SessionReviews, PodsThatCannotBeChosenAreNotStored) {
  ask(1);
  reply(only_request(), 200, pod("false"));
  ask(2);
  reply(only_request(), 404);
  ask(3);
  reply(only_request(), 403);
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_THAT(answered_, ElementsAre(1, 2, 3));
}

TEST_F(SessionReviews, TheAnswerDoesNotWaitForASlowApiServer) {
  ask(1);
  const KubeRequest read = only_request();
  since_ += Millis{1499};
  step(Wake{});
  EXPECT_THAT(answered_, IsEmpty());
  since_ += Millis{1};
  step(Wake{});
  EXPECT_THAT(answered_, ElementsAre(1));
  reply(read, 200, pod());
  reply(only_request(), 201);
  EXPECT_THAT(answered_, ElementsAre(1)) << "stored all the same, and answered once";
}

TEST_F(SessionReviews, WhatCannotBeReadIsAllowedAtOnce) {
  SessionReview review;
  review.review = 7;
  review.fault = "request: missing";
  step(std::move(review));
  EXPECT_THAT(answered_, ElementsAre(7));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(SessionReviews, TheReservedPodIsStoredWhoeverAsks) {
  ask(1, "system:serviceaccount:podcron:podcron", "podcron-self-test", "podcron");
  EXPECT_THAT(only_request().body, HasSubstr("ffffffff-ffff-ffff-ffff-ffffffffffff-tty"));
  ask(2, "alice", "podcron-self-test", "shop");
  EXPECT_EQ(only_request().method, Method::kGet) << "elsewhere it is a pod like any other";
}

TEST_F(SessionReviews, AccountsThatPodCronJobsOfTheNamespaceRunAsAreIgnored) {
  auto job = api::Decoder().pod_cron_job(api::testing::kPodCronJob);
  ASSERT_TRUE(job) << job.error().message;
  job->meta.namespace_ = "shop";
  job->spec.job.service_account_name = "runner";
  const auto jobs = std::find_if(streams_.begin(), streams_.end(), [](const OpenStream& stream) {
    return stream.kind == kube::ObjectKind::kPodCronJob;
  });
  ASSERT_NE(jobs, streams_.end());
  step(StreamBatch{jobs->id, {kube::Apply{*job}}});
  requests();
  ask(1, "system:serviceaccount:shop:runner");
  EXPECT_THAT(answered_, ElementsAre(1));
  EXPECT_THAT(requests(), IsEmpty());
  ask(2, "system:serviceaccount:other:runner");
  ask(3, "system:serviceaccount:shop:runner2", "web-1");
  EXPECT_EQ(requests().size(), 2U);
}

TEST_F(SessionReviews, AFloodTakesNoMoreThanItsOwnPlaces) {
  for (std::uint64_t i = 1; i <= 5000; ++i) ask(i, "alice", fmt::format("no-such-pod-{}", i));
  const auto reads = requests();
  EXPECT_LE(reads.size(), 16U) << "claims and outcomes have theirs";
  EXPECT_GE(answered_.size(), 5000U - 256U) << "what cannot be read is answered at once";
}

class SessionReviewsOfOneNamespace : public SessionReviews {
 protected:
  SessionReviewsOfOneNamespace() : SessionReviews(only_shop()) {}
  static EngineConfig only_shop() {
    EngineConfig config;
    config.namespaces = {"shop"};
    return config;
  }
};

TEST_F(SessionReviewsOfOneNamespace, NobodyElsesPodsAreRead) {
  ask(1, "alice", "web-0", "other");
  EXPECT_THAT(answered_, ElementsAre(1));
  EXPECT_THAT(requests(), IsEmpty());
}

}  // namespace
}  // namespace podcron::engine
