// Goal: one leads, by its own clock alone, and what is unknown is looked at before it is written.
// Method: one Elector; the Lease at the API server is this test's to say.
#include "engine/elector.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace podcron::engine {
namespace {

constexpr const char* kMe = "me_1";
constexpr const char* kOther = "other_2";

Now at(int seconds) { return {WallMillis{Seconds{seconds}}, MonoTime{Seconds{seconds}}}; }

KubeReply answer(int status, const std::string& holder = "", std::uint64_t version = 0,
                 int transitions = 0) {
  KubeReply reply;
  reply.http_status = status;
  // The times in it are nonsense on purpose: nobody may believe them.
  reply.body =
      fmt::format(R"({{"metadata":{{"name":"podcron","namespace":"podcron","uid":)"
                  R"("0f8fad5b-d9cb-469f-a165-70867728950e","resourceVersion":"{}"}},"spec":{{)"
                  R"("holderIdentity":"{}","leaseDurationSeconds":1,"leaseTransitions":{},)"
                  R"("renewTime":"1990-01-01T00:00:00.000000Z"}}}})",
                  version, holder, transitions);
  return reply;
}

KubeReply no_answer() {
  KubeReply reply;
  reply.certainty = Certainty::kUnknown;
  return reply;
}

api::Lease lease(const std::string& holder, std::uint64_t version, const char* name = "podcron") {
  api::Lease l;
  l.meta.name = name;
  l.meta.resource_version = version;
  l.holder_identity = holder;
  return l;
}

class ElectorTest : public testing::Test {
 protected:
  /// The request that is made now; fails when there is none.
  Call asked(int second, Method method) {
    auto call = elector_.poll(at(second));
    EXPECT_TRUE(call.has_value()) << "nothing is asked for at " << second;
    if (!call) return {};
    EXPECT_EQ(call->method, method) << "at " << second;
    EXPECT_EQ(call->priority, Priority::kLease);
    return *call;
  }
  void quiet(int second) { EXPECT_FALSE(elector_.poll(at(second)).has_value()) << "at " << second; }
  void answered(int second, const KubeReply& reply) { elector_.on_answer(at(second), reply); }
  /// Leads from second 0 on, with version 1.
  void lead() {
    asked(0, Method::kGet);
    answered(0, answer(404));
    asked(0, Method::kPost);
    answered(0, answer(201, kMe, 1));
    ASSERT_TRUE(elector_.leads(at(0)));
  }
  /// Has seen another one lead at second 0, with version 5.
  void stand_by() {
    asked(0, Method::kGet);
    answered(0, answer(200, kOther, 5));
  }

  Elector elector_{Election{}, "podcron", kMe};
};

TEST_F(ElectorTest, ALeaseThatIsNotThereIsTaken) {
  EXPECT_FALSE(elector_.leads(at(0)));
  lead();
  EXPECT_FALSE(elector_.leads(at(10))) << "not renewed";
}

TEST_F(ElectorTest, LeadingCountsFromWhenTheRenewalWasAskedFor) {
  asked(0, Method::kGet);
  answered(3, answer(404));
  asked(3, Method::kPost);
  answered(6, answer(201, kMe, 1));
  EXPECT_TRUE(elector_.leads(at(12)));
  EXPECT_FALSE(elector_.leads(at(13)));
  EXPECT_LE(elector_.wake_at(), at(13).mono) << "its end is noticed";
}

TEST_F(ElectorTest, ItIsRenewedEachRetryPeriod) {
  lead();
  quiet(1);
  const Call renewal = asked(2, Method::kPut);
  EXPECT_NE(renewal.body.find(R"("resourceVersion":"1")"), std::string::npos) << renewal.body;
  quiet(3);
  answered(3, answer(200, kMe, 2));
  EXPECT_TRUE(elector_.leads(at(11)));
  EXPECT_FALSE(elector_.leads(at(12)));
}

TEST_F(ElectorTest, AnotherOnesIsTakenWhenItStoodStillForTheWholeDuration) {
  stand_by();
  for (int second = 2; second < 15; second += 2) {
    asked(second, Method::kGet);
    answered(second, answer(200, kOther, 5));
  }
  EXPECT_LE(elector_.wake_at(), at(15).mono);
  const Call take = asked(15, Method::kPut);
  EXPECT_NE(take.body.find(R"("holderIdentity":"me_1")"), std::string::npos) << take.body;
  EXPECT_NE(take.body.find(R"("resourceVersion":"5")"), std::string::npos) << take.body;
  EXPECT_NE(take.body.find(R"("leaseTransitions":1)"), std::string::npos) << take.body;
  answered(15, answer(200, kMe, 6, 1));
  EXPECT_TRUE(elector_.leads(at(15)));
}

TEST_F(ElectorTest, ARenewalThatIsSeenAnywhereStartsTheDurationAnew) {
  stand_by();
  elector_.apply(at(9), lease(kOther, 6));
  asked(15, Method::kGet);
  answered(15, answer(200, kOther, 7));
  asked(29, Method::kGet);
  answered(29, answer(200, kOther, 7));
  asked(30, Method::kPut);
}

TEST_F(ElectorTest, OneThatNamesNobodyIsTakenAtOnce) {
  stand_by();
  elector_.apply(at(1), lease("", 6));
  asked(1, Method::kPut);
}

TEST_F(ElectorTest, OneThatIsDeletedIsMadeAtOnce) {
  stand_by();
  elector_.erase(at(1), lease(kOther, 6));
  asked(1, Method::kPost);
}

TEST_F(ElectorTest, WhoLosesTheRaceReadsWhoWon) {
  stand_by();
  elector_.apply(at(1), lease("", 6));
  asked(1, Method::kPut);
  answered(1, answer(409));
  EXPECT_FALSE(elector_.leads(at(1)));
  asked(1, Method::kGet);
  answered(1, answer(200, kOther, 7));
  quiet(2);
}

TEST_F(ElectorTest, WhoSeesAnotherNameLeadsNoMore) {
  lead();
  elector_.apply(at(1), lease(kOther, 2));
  EXPECT_FALSE(elector_.leads(at(1)));
}

TEST_F(ElectorTest, WhatTheWatchSaysLateIsIgnored) {
  lead();
  asked(2, Method::kPut);
  answered(2, answer(200, kMe, 8));
  elector_.apply(at(3), lease(kOther, 7));
  EXPECT_TRUE(elector_.leads(at(3)));
  elector_.erase(at(3), lease(kOther, 7));
  quiet(3);
}

TEST_F(ElectorTest, AnAnswerThatComesBehindTheWatchIsNoVictory) {
  stand_by();
  elector_.apply(at(1), lease("", 6));
  asked(1, Method::kPut);
  elector_.apply(at(2), lease(kOther, 8));
  answered(3, answer(200, kMe, 7));
  EXPECT_FALSE(elector_.leads(at(3)));
}

TEST_F(ElectorTest, AfterALostAnswerItIsReadBeforeItIsWritten) {
  lead();
  asked(2, Method::kPut);
  answered(6, no_answer());
  EXPECT_TRUE(elector_.leads(at(6))) << "the last renewal still holds";
  asked(8, Method::kGet);
  answered(8, answer(200, kMe, 2));
  const Call renewal = asked(8, Method::kPut);
  EXPECT_NE(renewal.body.find(R"("resourceVersion":"2")"), std::string::npos);
  answered(8, answer(200, kMe, 3));
  EXPECT_TRUE(elector_.leads(at(17)));
}

TEST_F(ElectorTest, ALostAnswerLeavesTimeForAnotherRenewal) {
  lead();
  const Call renewal = asked(2, Method::kPut);
  ASSERT_TRUE(renewal.timeout);
  EXPECT_LT(at(2).mono + *renewal.timeout + Seconds{2}, at(10).mono);
}

TEST_F(ElectorTest, AfterARestoreTheReadIsBelievedThoughItsVersionIsLower) {
  stand_by();
  asked(2, Method::kGet);
  answered(2, answer(200, "", 3));
  const Call take = asked(2, Method::kPut);
  EXPECT_NE(take.body.find(R"("resourceVersion":"3")"), std::string::npos);
}

TEST_F(ElectorTest, OneThatSomebodyMadeNameUsIsRenewedBeforeWeLead) {
  stand_by();
  elector_.apply(at(1), lease(kMe, 6));
  EXPECT_FALSE(elector_.leads(at(1)));
  asked(2, Method::kPut);
  answered(2, answer(200, kMe, 7));
  EXPECT_TRUE(elector_.leads(at(2)));
}

TEST_F(ElectorTest, OtherLeasesMeanNothing) {
  stand_by();
  elector_.apply(at(1), lease("", 6, "podcron-holder-0123"));
  elector_.erase(at(1), lease("", 7, "podcron-holder-0123"));
  quiet(1);
}

TEST_F(ElectorTest, AReleaseNamesNobodyAndIsFinal) {
  lead();
  elector_.release(at(1));
  EXPECT_FALSE(elector_.leads(at(1)));
  EXPECT_FALSE(elector_.released());
  const Call release = asked(1, Method::kPut);
  EXPECT_NE(release.body.find(R"("holderIdentity":"")"), std::string::npos) << release.body;
  answered(1, answer(200, "", 2));
  quiet(1);
  EXPECT_TRUE(elector_.released());
  elector_.apply(at(2), lease("", 3));
  quiet(40);
  EXPECT_FALSE(elector_.leads(at(40)));
}

TEST_F(ElectorTest, AReleaseWaitsForTheRenewalUnderWay) {
  lead();
  asked(2, Method::kPut);
  elector_.release(at(3));
  quiet(3);
  answered(4, answer(200, kMe, 2));
  EXPECT_FALSE(elector_.leads(at(4)));
  const Call release = asked(4, Method::kPut);
  EXPECT_NE(release.body.find(R"("resourceVersion":"2")"), std::string::npos);
}

TEST_F(ElectorTest, AReleaseThatGotNoAnswerIsReadAndRepeated) {
  lead();
  elector_.release(at(1));
  asked(1, Method::kPut);
  answered(2, no_answer());
  asked(4, Method::kGet);
  answered(4, answer(200, kMe, 1));
  asked(4, Method::kPut);
  answered(4, answer(409));
  asked(4, Method::kGet);
  answered(4, answer(200, kOther, 9));
  quiet(4);
  EXPECT_TRUE(elector_.released()) << "it names another one";
}

TEST_F(ElectorTest, WhoNeverAskedForItHasNothingToRelease) {
  stand_by();
  elector_.release(at(1));
  EXPECT_TRUE(elector_.released());
  quiet(20);
}

TEST(Elector, WithoutElectionEverybodyLeadsAndNobodyAsks) {
  Elector elector(std::nullopt, "podcron", kMe);
  EXPECT_TRUE(elector.leads(at(0)));
  EXPECT_FALSE(elector.poll(at(0)).has_value());
  EXPECT_EQ(elector.wake_at(), MonoTime::max());
  elector.release(at(1));
  EXPECT_TRUE(elector.released());
}

}  // namespace
}  // namespace podcron::engine
