// Goal: every exec and attach is stored once, nobody is told that it is before it is, and what is
// over goes. Method: requests are taken out and answered by hand.
#include "engine/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "api/codec.h"
#include "engine/self_test.h"

namespace podcron::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Uid kPod{1, 2};
constexpr WallTime kDay = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

Now at(int seconds) { return {WallMillis{kDay} + Seconds{seconds}, MonoTime{Seconds{seconds}}}; }

std::string lease_body(SessionKind kind, const std::string& user, int seconds, int version,
                       const Uid& pod = kPod, const std::string& name = "shop/web-0") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"podcron","uid":"{}","resourceVersion":"{}",)"
      R"("annotations":{{"podcron.dev/pod":"{}"}}}},)"
      R"("spec":{{"holderIdentity":"{}","renewTime":"{}"}}}})",
      lease_name({pod, kind}), Uid{9, 9}.to_string(), version, name, user,
      to_rfc3339_micro(at(seconds).wall));
}

api::Lease lease(SessionKind kind, const std::string& user, int seconds, int version,
                 const Uid& pod = kPod, const std::string& name = "shop/web-0") {
  return *api::Decoder().lease(lease_body(kind, user, seconds, version, pod, name));
}

class SessionsTest : public ::testing::Test {
 protected:
  void note(int seconds, const std::string& user, std::uint64_t review,
            SessionKind kind = SessionKind::kTty) {
    sessions_.note(at(seconds), {"shop", "web-0", kPod, user, kind}, review);
  }
  Call only_call() {
    auto calls = sessions_.poll();
    EXPECT_EQ(calls.size(), 1U);
    return calls.empty() ? Call{} : std::move(calls.front());
  }
  std::optional<std::string> answer(const Call& call, int status, const std::string& body = "{}",
                                    bool seen_to_go = false) {
    KubeReply reply;
    reply.http_status = status;
    reply.body = body;
    return sessions_.on_answer({call, reply}, api::Decoder().lease(body), 1, seen_to_go);
  }
  /// "review:stored" of what was settled.
  std::vector<std::string> settled() {
    std::vector<std::string> text;
    for (const auto& each : sessions_.take_settled()) {
      text.push_back(fmt::format("{}:{}", each.review, each.stored ? "stored" : "failed"));
    }
    return text;
  }
  std::optional<WallTime> last(api::SessionExclusion exclude) const {
    return sessions_.last(kPod, exclude);
  }

  Sessions sessions_{"podcron"};
};

TEST_F(SessionsTest, NobodyIsToldBeforeTheLeaseIsWritten) {
  note(10, "alice", 1);
  const Call call = only_call();
  EXPECT_EQ(call.method, Method::kPost);
  EXPECT_EQ(call.path, "/apis/coordination.k8s.io/v1/namespaces/podcron/leases");
  EXPECT_THAT(call.body, HasSubstr(R"("name":"00000000-0000-0001-0000-000000000002-tty")"));
  EXPECT_THAT(call.body, HasSubstr(R"("podcron.dev/pod":"shop/web-0")"));
  EXPECT_THAT(call.body, HasSubstr(R"("holderIdentity":"alice")"));
  EXPECT_THAT(call.body, HasSubstr(R"("renewTime":"2026-11-22T00:00:10.000000Z")"));
  EXPECT_THAT(settled(), IsEmpty());
  EXPECT_EQ(answer(call, 201, lease_body(SessionKind::kTty, "alice", 10, 5)), "shop/web-0");
  EXPECT_THAT(settled(), ElementsAre("1:stored"));
  EXPECT_EQ(last(api::SessionExclusion::kStdinOrTty), kDay + Seconds{10});
}

TEST_F(SessionsTest, ARefusedWriteIsToldAsSuch) {
  note(10, "alice", 1);
  answer(only_call(), 403);
  EXPECT_THAT(settled(), ElementsAre("1:failed"));
  EXPECT_EQ(last(api::SessionExclusion::kAnyExec), std::nullopt);
}

TEST_F(SessionsTest, ALeaseThatAnotherReplicaMadeIsRenewedInstead) {
  note(10, "alice", 1);
  answer(only_call(), 409);
  const Call renewal = only_call();
  EXPECT_EQ(renewal.method, Method::kPatch);
  EXPECT_THAT(renewal.path, HasSubstr("/leases/00000000-0000-0001-0000-000000000002-tty"));
  EXPECT_THAT(settled(), IsEmpty());
  // And made again, when somebody has cleared it meanwhile.
  answer(renewal, 404);
  EXPECT_EQ(only_call().method, Method::kPost);
}

TEST_F(SessionsTest, ALeaseThatComesAndGoesIsNotChasedForEver) {
  note(10, "alice", 1);
  int requests = 0;
  for (auto calls = sessions_.poll(); !calls.empty(); calls = sessions_.poll()) {
    ASSERT_LT(++requests, 20);
    answer(calls.front(), calls.front().method == Method::kPost ? 409 : 404);
  }
  EXPECT_THAT(settled(), ElementsAre("1:failed"));
}

TEST_F(SessionsTest, WhatComesWhileALeaseIsWrittenNeedsAtMostOneMore) {
  note(10, "alice", 1);
  const Call first = only_call();
  note(10, "alice", 2);  // kubectl's second try: the same session
  note(12, "bob", 3);
  note(13, "carol", 4);
  EXPECT_THAT(sessions_.poll(), IsEmpty());
  answer(first, 201, lease_body(SessionKind::kTty, "alice", 10, 5));
  EXPECT_THAT(settled(), ElementsAre("1:stored", "2:stored"));
  const Call second = only_call();
  EXPECT_EQ(second.method, Method::kPatch);
  EXPECT_EQ(second.body,
            R"({"spec":{"holderIdentity":"carol","renewTime":"2026-11-22T00:00:13.000000Z"}})");
  answer(second, 200, lease_body(SessionKind::kTty, "carol", 13, 6));
  EXPECT_THAT(settled(), ElementsAre("3:stored", "4:stored"));
}

TEST_F(SessionsTest, TheSameSessionAgainWithinASecondIsNoWrite) {
  sessions_.apply(lease(SessionKind::kTty, "alice", 10, 5), 1);
  note(10, "alice", 1);
  EXPECT_THAT(settled(), ElementsAre("1:stored"));
  note(11, "alice", 2);
  EXPECT_EQ(only_call().method, Method::kPatch);
}

TEST_F(SessionsTest, ADeleteThatTheWatchHasShownIsNewerThanTheAnswer) {
  note(10, "alice", 1);
  EXPECT_EQ(answer(only_call(), 201, lease_body(SessionKind::kTty, "alice", 10, 5), true),
            std::nullopt);
  EXPECT_THAT(settled(), ElementsAre("1:stored"));
  EXPECT_EQ(last(api::SessionExclusion::kStdinOrTty), std::nullopt);
}

TEST_F(SessionsTest, EachPolicyCountsItsKinds) {
  using enum api::SessionExclusion;
  sessions_.apply(lease(SessionKind::kExec, "alice", 20, 5), 1);
  EXPECT_EQ(last(kStdinOrTty), std::nullopt);
  EXPECT_EQ(last(kAnyExec), kDay + Seconds{20});
  sessions_.apply(lease(SessionKind::kTty, "alice", 10, 6), 1);
  EXPECT_EQ(last(kStdinOrTty), kDay + Seconds{10});
  EXPECT_EQ(last(kAnyExec), kDay + Seconds{20});
  EXPECT_EQ(last(kNone), std::nullopt);
}

TEST_F(SessionsTest, AnOlderVersionChangesNothing) {
  sessions_.apply(lease(SessionKind::kTty, "alice", 20, 6), 1);
  EXPECT_EQ(sessions_.apply(lease(SessionKind::kTty, "bob", 10, 5), 1), std::nullopt);
  EXPECT_EQ(sessions_.erase(lease(SessionKind::kTty, "bob", 10, 5)), std::nullopt);
  EXPECT_EQ(last(api::SessionExclusion::kStdinOrTty), kDay + Seconds{20});
  EXPECT_EQ(sessions_.erase(lease(SessionKind::kTty, "alice", 20, 7)), "shop/web-0");
  EXPECT_EQ(last(api::SessionExclusion::kStdinOrTty), std::nullopt);
}

TEST_F(SessionsTest, ARelistForgetsWhatIsGone) {
  sessions_.apply(lease(SessionKind::kTty, "alice", 20, 6), 1);
  sessions_.apply(lease(SessionKind::kExec, "alice", 20, 7), 2);
  EXPECT_THAT(sessions_.sweep(2), ElementsAre("shop/web-0"));
  EXPECT_EQ(sessions_.size(), 1U);
}

TEST_F(SessionsTest, WhatWasWrittenDuringARelistOutlivesIt) {
  note(10, "alice", 1);
  answer(only_call(), 201, lease_body(SessionKind::kTty, "alice", 10, 5));
  EXPECT_THAT(sessions_.sweep(1), IsEmpty());
}

TEST_F(SessionsTest, OtherLeasesAreNone) {
  for (const char* name :
       {"podcron-holder-0123", "leader", "", "00000000-0000-0001-0000-000000000002",
        "00000000-0000-0001-0000-000000000002-", "00000000-0000-0001-0000-000000000002-ttys",
        "00000000-0000-0001-0000-00000000000x-tty"}) {
    EXPECT_EQ(session_named(name), std::nullopt) << name;
  }
  api::Lease timeless = lease(SessionKind::kTty, "alice", 20, 6);
  timeless.renew_time.reset();
  EXPECT_EQ(sessions_.apply(timeless, 1), std::nullopt);
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(SessionsTest, LeasesOfGonePodsAndThoseBeyondEveryCooldownAreRemoved) {
  constexpr Uid kGone{3, 4};
  sessions_.apply(lease(SessionKind::kTty, "alice", 0, 6), 1);
  sessions_.apply(lease(SessionKind::kTty, "alice", 0, 7, kGone, "shop/web-9"), 1);
  sessions_.apply(lease(SessionKind::kExec, "podcron", 0, 8, kSelfTestPod, "podcron/x"), 1);
  const Sessions::Keeping keeping{[](std::string_view, const Uid& pod) { return pod == kPod; },
                                  [](std::string_view namespace_) {
                                    EXPECT_EQ(namespace_, "shop");
                                    return Seconds{7200};
                                  }};
  const auto asked = [&](int seconds) {
    std::vector<std::string> paths;
    for (const Call& call : sessions_.remove_over(at(seconds), keeping)) paths.push_back(call.path);
    return paths;
  };
  const std::string gone = lease_name({kGone, SessionKind::kTty});
  EXPECT_THAT(asked(60), IsEmpty()) << "our watch may be behind";
  EXPECT_THAT(asked(61), ElementsAre("/api/v1/namespaces/shop/pods/web-9"));
  EXPECT_THAT(asked(120), IsEmpty()) << "it was asked a moment ago";
  EXPECT_EQ(sessions_.on_pod_checked(at(121), gone, kGone), std::nullopt)
      << "it is there, without the serving label";
  EXPECT_THAT(asked(420), IsEmpty());
  EXPECT_EQ(asked(421).size(), 1U);
  const auto call = sessions_.on_pod_checked(at(422), gone, std::nullopt);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, Method::kDelete);
  EXPECT_TRUE(call->path.ends_with("/" + gone)) << call->path;
  EXPECT_THAT(call->body, HasSubstr("\"resourceVersion\""));
  EXPECT_TRUE(sessions_.on_pod_checked(at(422), gone, kPod)) << "another pod of that name";
  EXPECT_EQ(asked(7201).size(), 2U) << "never that of the self-test";
}

TEST_F(SessionsTest, WhatPilesUpWhileNothingIsStoredIsBounded) {
  for (std::uint64_t i = 0; i < 1000; ++i) note(0, "alice", i);
  EXPECT_GE(settled().size(), 700U) << "told at once that they are not stored";
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    sessions_.note(at(0), {"shop", "web", Uid{i, 7}, "alice", SessionKind::kTty}, 1000 + i);
  }
  EXPECT_LE(sessions_.poll().size(), 4096U);
}

TEST_F(SessionsTest, AtMostSoManyAreRemovedAtOnce) {
  for (std::uint64_t i = 1; i <= 100; ++i) {
    sessions_.apply(lease(SessionKind::kTty, "alice", 0, 1, Uid{i, i}), 1);
  }
  const Sessions::Keeping none{[](std::string_view, const Uid&) { return false; },
                               [](std::string_view) { return Seconds{0}; }};
  EXPECT_EQ(sessions_.remove_over(at(100), none).size(), Sessions::kRemovalsMax);
  std::size_t rest = 0;
  for (int i = 1; i <= 10; ++i) rest += sessions_.remove_over(at(100 + i), none).size();
  EXPECT_EQ(rest, 100 - Sessions::kRemovalsMax) << "each once, and not the first ones again";
}

}  // namespace
}  // namespace podcron::engine
