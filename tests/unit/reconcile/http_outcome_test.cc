// Goal: what became of an HTTP request is never taken for more than it proves.
// Method: one report per row of the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/reasons.h"
#include "reconcile/outcome.h"

namespace podcron::reconcile {
namespace {

namespace reason = observe::reason;
using api::HttpEnd;
using api::TargetOutcome;
using ::testing::HasSubstr;

api::HttpReport report(HttpEnd end, int status, std::string proxy = "") {
  api::HttpReport made;
  made.end = end;
  made.status = status;
  made.proxy = std::move(proxy);
  made.error = "what the transport said";
  made.tail = "body";
  return made;
}
TaskResult judged(HttpEnd end, int status, std::string proxy = "") {
  return judge(report(end, status, std::move(proxy)), {{200, 299}, {409, 409}});
}

TEST(HttpOutcome, AnExpectedStatusWithItsWholeBodySucceeds) {
  for (const int status : {200, 204, 299, 409}) {
    const TaskResult result = judged(HttpEnd::kAnswered, status);
    EXPECT_EQ(result.outcome, TargetOutcome::kSucceeded) << status;
    EXPECT_EQ(result.http_status, status);
    EXPECT_EQ(result.output, "body");
  }
}

TEST(HttpOutcome, AnExpectedStatusWithoutItsWholeBodyIsUnknown) {
  const TaskResult result = judged(HttpEnd::kLost, 200);
  EXPECT_EQ(result.outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(result.reason, reason::kContactLost);
  EXPECT_EQ(result.http_status, 200);
}

TEST(HttpOutcome, AnyOtherStatusIsAFailureWithOrWithoutItsBody) {
  for (const int status : {101, 302, 400, 404, 500, 503}) {
    for (const HttpEnd end : {HttpEnd::kAnswered, HttpEnd::kLost}) {
      const TaskResult result = judged(end, status);
      EXPECT_EQ(result.outcome, TargetOutcome::kFailed) << status;
      EXPECT_EQ(result.reason, reason::kUnexpectedStatus);
    }
  }
  EXPECT_THAT(judged(HttpEnd::kAnswered, 302).message, HasSubstr("not followed"));
}

TEST(HttpOutcome, AProxyThatLostThePodsAnswerProvesNothing) {
  for (const int status : {502, 503, 504}) {
    const TaskResult result = judged(HttpEnd::kAnswered, status, "envoy");
    EXPECT_EQ(result.outcome, TargetOutcome::kUnknown) << status;
    EXPECT_THAT(result.message, HasSubstr("service mesh"));
  }
  EXPECT_EQ(judged(HttpEnd::kAnswered, 500, "envoy").outcome, TargetOutcome::kFailed);
  EXPECT_EQ(judged(HttpEnd::kAnswered, 200, "envoy").outcome, TargetOutcome::kSucceeded);
}

TEST(HttpOutcome, WhatCouldNotBeSentIsCertainlyNotStarted) {
  const TaskResult ours = judged(HttpEnd::kNotSent, 0);
  EXPECT_EQ(ours.outcome, TargetOutcome::kNotStarted);
  EXPECT_FALSE(ours.blames_pod);
  EXPECT_FALSE(ours.reached_pod);
  const TaskResult theirs = judged(HttpEnd::kNotConnected, 0);
  EXPECT_EQ(theirs.outcome, TargetOutcome::kNotStarted);
  EXPECT_TRUE(theirs.blames_pod);
}

TEST(HttpOutcome, WithoutAnAnswerNothingIsKnownButAHintIsGiven) {
  const TaskResult result = judged(HttpEnd::kLost, 0);
  EXPECT_EQ(result.outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(result.reason, reason::kContactLost);
  EXPECT_THAT(result.message, HasSubstr("service mesh"));
  EXPECT_FALSE(result.http_status);
  EXPECT_TRUE(judged(HttpEnd::kCancelled, 0).gave_up);
  EXPECT_EQ(judged(HttpEnd::kCancelled, 0).outcome, TargetOutcome::kUnknown);
}

TEST(HttpOutcome, TheApiServersOwnRefusalIsCertainlyNotStarted) {
  api::HttpReport refused = report(HttpEnd::kAnswered, 403);
  refused.refusal =
      R"({"kind":"Status","status":"Failure","message":"pods \"web-1\" is forbidden"})";
  const TaskResult result = judge(std::move(refused), {{200, 299}});
  EXPECT_EQ(result.outcome, TargetOutcome::kNotStarted);
  EXPECT_THAT(result.message, HasSubstr("is forbidden"));
}

}  // namespace
}  // namespace podcron::reconcile
