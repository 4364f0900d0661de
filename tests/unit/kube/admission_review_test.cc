// Goal: a CONNECT review is read as it is, and whatever else comes over the network is refused with
// its path and can still be answered. Method: a review as kube-apiserver 1.36 sends it, changed.
#include "kube/admission_review.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "unit/api/objects.h"

namespace podcron::kube {
namespace {

using api::testing::with;

constexpr std::string_view kExec = R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",
  "request":{"uid":"0df28fbd-5f5f-11e8-bc74-36e6bb280816",
    "kind":{"group":"","version":"v1","kind":"PodExecOptions"},
    "resource":{"group":"","version":"v1","resource":"pods"},"subResource":"exec",
    "name":"shop-7c9d-4xk2p","namespace":"shop","operation":"CONNECT",
    "userInfo":{"username":"alice","groups":["dev","system:authenticated"]},
    "object":{"kind":"PodExecOptions","apiVersion":"v1","stdin":true,"stdout":true,"tty":true,
      "container":"app","command":["sh"]},
    "oldObject":null,"dryRun":false,"options":null}})";

struct Decoded {
  Result<ConnectReview> review = ConnectReview{};
  std::string uid;
};

Decoded decode(std::string_view body) {
  Decoded decoded;
  decoded.review = ReviewDecoder().decode(body, decoded.uid);
  return decoded;
}

std::string error_of(std::string_view body) {
  const Decoded decoded = decode(body);
  return decoded.review ? "no error" : decoded.review.error().message;
}

TEST(ConnectReview, AnExecWithATerminalIsReadWhole) {
  const Decoded decoded = decode(kExec);
  ASSERT_TRUE(decoded.review) << decoded.review.error().message;
  EXPECT_EQ(decoded.uid, "0df28fbd-5f5f-11e8-bc74-36e6bb280816");
  EXPECT_EQ(decoded.review->namespace_, "shop");
  EXPECT_EQ(decoded.review->pod, "shop-7c9d-4xk2p");
  EXPECT_EQ(decoded.review->user, "alice");
  EXPECT_FALSE(decoded.review->attach);
  EXPECT_TRUE(decoded.review->stdin_open);
  EXPECT_TRUE(decoded.review->tty);
}

TEST(ConnectReview, WhatIsFalseIsAbsent) {
  const auto decoded = decode(with(kExec, R"("stdin":true,"stdout":true,"tty":true,)", ""));
  ASSERT_TRUE(decoded.review);
  EXPECT_FALSE(decoded.review->stdin_open);
  EXPECT_FALSE(decoded.review->tty);
}

TEST(ConnectReview, AnAttachHasNoCommand) {
  auto body = with(kExec, R"("subResource":"exec")", R"("subResource":"attach")");
  body = with(body, R"(,"command":["sh"])", "");
  const auto decoded = decode(body);
  ASSERT_TRUE(decoded.review) << decoded.review.error().message;
  EXPECT_TRUE(decoded.review->attach);
}

TEST(ConnectReview, OtherRequestsAreRefusedAndCanBeAnswered) {
  for (const auto& [old, other] :
       {std::pair{R"("subResource":"exec")", R"("subResource":"portforward")"},
        std::pair{R"("operation":"CONNECT")", R"("operation":"CREATE")"},
        std::pair{R"("resource":"pods")", R"("resource":"nodes")"}}) {
    const auto decoded = decode(with(kExec, old, other));
    ASSERT_FALSE(decoded.review) << other;
    EXPECT_NE(decoded.review.error().message.find("CONNECT of pods/exec or pods/attach"),
              std::string::npos);
    EXPECT_EQ(decoded.uid, "0df28fbd-5f5f-11e8-bc74-36e6bb280816");
  }
}

TEST(ConnectReview, WhatIsMissingIsNamedWithItsPath) {
  EXPECT_EQ(error_of("{}"), "request: missing");
  EXPECT_EQ(error_of(with(kExec, R"("name":"shop-7c9d-4xk2p",)", "")), "request.name: missing");
  EXPECT_EQ(error_of(with(kExec, R"("username":"alice",)", "")),
            "request.userInfo.username: missing");
  EXPECT_EQ(error_of(with(kExec, R"("tty":true)", R"("tty":"yes")")),
            R"(request.object.tty: got "yes", wanted true or false)");
}

TEST(ConnectReview, AnyBytesAreFine) {
  for (const std::string_view body :
       {"", "null", "[]", "{", "\"request\"", R"({"request":null})", R"({"request":[]})",
        R"({"request":{"object":[1]}})", R"({"request":{"resource":7}})"}) {
    EXPECT_FALSE(decode(body).review) << body;
  }
  // One byte changed, cut short, or both.
  Prng prng(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string body(kExec);
    body[prng.below(body.size())] = static_cast<char>(prng.below(256));
    if (i % 3 == 0) body.resize(prng.below(body.size()));
    const Decoded decoded = decode(body);
    if (!decoded.review) {
      EXPECT_FALSE(decoded.review.error().message.empty());
    }
  }
}

TEST(ReviewAnswer, IsAlwaysAllowed) {
  EXPECT_EQ(encode_review_answer("a\"b"),
            R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",)"
            R"("response":{"uid":"a\"b","allowed":true}})");
}

TEST(SelfSubjectReview, SaysWhoWeAre) {
  const auto user = decode_self_subject_review(
      R"({"status":{"userInfo":{"username":"system:serviceaccount:podcron-system:podcron"}}})");
  ASSERT_TRUE(user);
  EXPECT_EQ(*user, "system:serviceaccount:podcron-system:podcron");
  EXPECT_FALSE(decode_self_subject_review("{}"));
}

TEST(ConnectReview, NamesThatNoObjectCanHaveAreRefusedAndLongUsersClipped) {
  const auto with_name = [](std::size_t bytes) {
    return with(kExec, "shop-7c9d-4xk2p", std::string(bytes, 'x'));
  };
  EXPECT_EQ(error_of(with_name(253)), "no error");
  EXPECT_NE(error_of(with_name(254)).find("at most 253 bytes"), std::string::npos);
  const auto in = [](std::size_t bytes) {
    return with(kExec, R"("namespace":"shop")",
                R"("namespace":")" + std::string(bytes, 'x') + "\"");
  };
  EXPECT_EQ(error_of(in(63)), "no error");
  EXPECT_NE(error_of(in(64)).find("at most 63 bytes"), std::string::npos);
  const auto named = decode(with(kExec, "alice", std::string(100'000, 'x')));
  ASSERT_TRUE(named.review);
  EXPECT_EQ(named.review->user.size(), 512U);
}

}  // namespace
}  // namespace podcron::kube
