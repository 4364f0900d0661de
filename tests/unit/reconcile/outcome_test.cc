// Goal: every fact of the exec wire maps to the outcome that it proves, and to no better one.
// Method: one report per row of docs/adr/0007-exec.md.
#include "reconcile/outcome.h"

#include <gtest/gtest.h>

#include "observe/reasons.h"

namespace podcron::reconcile {
namespace {

using api::ExecEnd;
using api::ExecReport;
using api::TargetOutcome;

ExecReport closed(std::string status) {
  ExecReport report;
  report.end = ExecEnd::kClosed;
  report.http_status = 101;
  report.subprotocol = "v4.channel.k8s.io";
  report.status_json = std::move(status);
  return report;
}

constexpr const char* kSuccess = R"({"metadata":{},"status":"Success"})";
constexpr const char* kExit7 = R"({"status":"Failure","reason":"NonZeroExitCode",)"
                               R"("details":{"causes":[{"reason":"ExitCode","message":"7"}]}})";

std::string failure(const std::string& message) {
  return R"({"status":"Failure","reason":"InternalError","message":")" + message + R"("})";
}

ExecReport refused(int http_status, std::string body) {
  ExecReport report;
  report.end = ExecEnd::kRefused;
  report.http_status = http_status;
  report.http_body = std::move(body);
  return report;
}

TEST(Outcome, TheNodesSuccessAndAnOrderlyEndAreSuccess) {
  const TaskResult result = judge(closed(kSuccess));
  EXPECT_EQ(result.outcome, TargetOutcome::kSucceeded);
  EXPECT_EQ(result.exit_code, 0);
}

TEST(Outcome, SuccessWithoutAnOrderlyEndIsUnknown) {
  ExecReport report = closed(kSuccess);
  report.end = ExecEnd::kLost;
  EXPECT_EQ(judge(ExecReport(report)).outcome, TargetOutcome::kUnknown);
}

TEST(Outcome, AnExitCodeIsAFailureWithThatCode) {
  const TaskResult result = judge(closed(kExit7));
  EXPECT_EQ(result.outcome, TargetOutcome::kFailed);
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.reason, observe::reason::kNonZeroExitCode);
}

TEST(Outcome, AnExitCodeStandsEvenIfTheConnectionThenBreaks) {
  ExecReport report = closed(kExit7);
  report.end = ExecEnd::kLost;
  EXPECT_EQ(judge(ExecReport(report)).outcome, TargetOutcome::kFailed);
}

TEST(Outcome, ACommandThatIsNotThereWasNotStarted) {
  const TaskResult result =
      judge(closed(failure("exec: \\\"nope\\\": executable file not found in $PATH")));
  EXPECT_EQ(result.outcome, TargetOutcome::kNotStarted);
  EXPECT_FALSE(result.env_missing);
}

TEST(Outcome, AContainerWithoutEnvIsRecognised) {
  const TaskResult result =
      judge(closed(failure("exec: \\\"env\\\": executable file not found in $PATH")));
  EXPECT_EQ(result.outcome, TargetOutcome::kNotStarted);
  EXPECT_TRUE(result.env_missing);
}

TEST(Outcome, AFailureThatNamesNoNonStartIsUnknown) {
  EXPECT_EQ(judge(closed(failure("stream broke"))).outcome, TargetOutcome::kUnknown);
}

TEST(Outcome, AnEndWithoutStatusIsUnknown) {
  const TaskResult result = judge(closed(""));
  EXPECT_EQ(result.outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(result.reason, observe::reason::kNoStatus);
}

TEST(Outcome, AStatusThatCannotBeReadIsUnknown) {
  EXPECT_EQ(judge(closed("{\"status\":")).outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(judge(closed("[]")).outcome, TargetOutcome::kUnknown);
}

TEST(Outcome, ARequestThatNeverLeftStartedNothing) {
  ExecReport report;
  report.end = ExecEnd::kNotConnected;
  EXPECT_EQ(judge(ExecReport(report)).outcome, TargetOutcome::kNotStarted);
}

TEST(Outcome, ALostConnectionIsUnknown) {
  ExecReport report;
  report.end = ExecEnd::kLost;
  report.http_status = 101;
  EXPECT_EQ(judge(ExecReport(report)).outcome, TargetOutcome::kUnknown);
}

TEST(Outcome, ACancelledExchangeIsUnknown) {
  ExecReport report;
  report.end = ExecEnd::kCancelled;
  EXPECT_EQ(judge(ExecReport(report)).outcome, TargetOutcome::kUnknown);
}

TEST(Outcome, ARefusalByTheApiServerStartedNothing) {
  for (const int status : {400, 401, 403, 404}) {
    EXPECT_EQ(judge(refused(status, failure("no"))).outcome, TargetOutcome::kNotStarted) << status;
  }
}

TEST(Outcome, AnUnreachedNodeStartedNothing) {
  const auto body = failure("error dialing backend: dial tcp 127.0.0.1:1: connection refused");
  EXPECT_EQ(judge(refused(500, body)).outcome, TargetOutcome::kNotStarted);
}

TEST(Outcome, AServerErrorThatMayHaveReachedTheNodeIsUnknown) {
  EXPECT_EQ(judge(refused(500, failure("unexpected EOF"))).outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(judge(refused(502, "")).outcome, TargetOutcome::kUnknown);
  EXPECT_EQ(judge(refused(504, "")).outcome, TargetOutcome::kUnknown);
}

TEST(Phase, MoreThanMaxFailedFailsTheRunAndUnknownComesNext) {
  const auto target = [](TargetOutcome outcome) {
    api::TargetStatus status;
    status.outcome = outcome;
    return status;
  };
  const auto ok = target(TargetOutcome::kSucceeded);
  const auto bad = target(TargetOutcome::kFailed);
  const auto unknown = target(TargetOutcome::kUnknown);
  const auto idle = target(TargetOutcome::kNotStarted);
  EXPECT_EQ(phase_of({ok, ok}, 0), api::PodJobPhase::kSucceeded);
  EXPECT_EQ(phase_of({ok, bad}, 0), api::PodJobPhase::kFailed);
  EXPECT_EQ(phase_of({ok, idle}, 0), api::PodJobPhase::kFailed);
  EXPECT_EQ(phase_of({ok, bad}, 1), api::PodJobPhase::kSucceeded);
  EXPECT_EQ(phase_of({unknown, bad}, 1), api::PodJobPhase::kUnknown);
  EXPECT_EQ(phase_of({unknown, bad}, 0), api::PodJobPhase::kFailed);
}

TEST(BlamesPod, WhatThePodOrItsNodeRefusedIsTheirsWhateverElseIsNot) {
  const auto refused = [](int status, const std::string& message) {
    api::ExecReport report;
    report.end = api::ExecEnd::kRefused;
    report.http_status = status;
    report.http_body = R"({"kind":"Status","status":"Failure","message":")" + message + "\"}";
    return report;
  };
  EXPECT_TRUE(judge(refused(404, "pods not found")).blames_pod);
  EXPECT_TRUE(judge(refused(400, "container app is not valid for pod web-0")).blames_pod);
  EXPECT_TRUE(
      judge(refused(500, "dial tcp 10.0.0.1:10250: connect: connection refused")).blames_pod);
  EXPECT_TRUE(judge(refused(500, "unable to upgrade connection: container not found")).blames_pod);
  EXPECT_FALSE(judge(refused(500, "failed calling webhook: dial tcp 10.0.0.9:443")).blames_pod);
  EXPECT_FALSE(judge(refused(403, "pods is forbidden")).blames_pod);
  EXPECT_FALSE(judge(refused(401, "Unauthorized")).blames_pod);
  EXPECT_FALSE(judge(refused(429, "too many requests")).blames_pod);
  api::ExecReport report;
  report.end = api::ExecEnd::kNotConnected;
  EXPECT_FALSE(judge(ExecReport(report)).blames_pod);
  report.end = api::ExecEnd::kClosed;
  report.status_json = R"({"status":"Failure","message":"executable file not found in $PATH"})";
  EXPECT_TRUE(judge(ExecReport(report)).blames_pod);
}

}  // namespace
}  // namespace podcron::reconcile
