// Goal: an exit code or a success is believed only where the wire says so.
// Method: Status bodies as kubelet, runtime and API server write them.
#include "api/kube_status.h"

#include <gtest/gtest.h>

namespace podcron::api {
namespace {

TEST(KubeStatus, SuccessInBothShapes) {
  // A runtime writes the first, the API server the second.
  EXPECT_TRUE(decode_status(R"({"status":"Success"})")->success);
  EXPECT_TRUE(decode_status(R"({"metadata":{},"status":"Success"})")->success);
}

TEST(KubeStatus, AnExitCodeStandsInItsCause) {
  const auto status = decode_status(
      R"({"metadata":{},"status":"Failure","message":"command terminated with exit code 7",
          "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}})");
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->success);
  EXPECT_EQ(status->reason, "NonZeroExitCode");
  EXPECT_EQ(status->exit_code, 7);
}

TEST(KubeStatus, AnExitCodeThatIsNoNumberIsNotKnown) {
  for (const std::string text : {"", "seven", "7x", " 7", "99999999999"}) {
    const auto status =
        decode_status(R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[)"
                      R"({"reason":"ExitCode","message":")" +
                      text + R"("}]}})");
    ASSERT_TRUE(status);
    EXPECT_FALSE(status->exit_code) << text;
  }
}

TEST(KubeStatus, OnlyNonZeroExitCodeHasAnExitCode) {
  const auto status = decode_status(
      R"({"status":"Failure","reason":"InternalError",
          "details":{"causes":[{"reason":"ExitCode","message":"7"}]}})");
  EXPECT_FALSE(status->exit_code);
}

TEST(KubeStatus, ARefusalSaysWhyAndWhenToComeBack) {
  const auto status = decode_status(
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
          "message":"too many requests","reason":"TooManyRequests",
          "details":{"retryAfterSeconds":2},"code":429})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 429);
  EXPECT_EQ(status->retry_after_seconds, 2);
}

TEST(KubeStatus, ALongMessageIsCutBetweenCharacters) {
  const auto status = decode_status(R"({"status":"Failure","message":")" +
                                    std::string(kStatusMessageBytesMax - 1, 'x') + "\u00e9\"}");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->message, std::string(kStatusMessageBytesMax - 1, 'x'));
}

TEST(KubeStatus, WhatIsNoStatusIsMalformed) {
  for (const std::string_view text :
       {"", "{", "null", "[]", "\"Success\"", "{}", R"({"status":"success"})",
        R"({"status":{"phase":"Running"}})", R"({"status":"Success"} trailing)",
        R"({"status":"Success"}{"status":"Failure"})", "\xff"}) {
    const auto status = decode_status(text);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kMalformed);
  }
}

}  // namespace
}  // namespace podcron::api
