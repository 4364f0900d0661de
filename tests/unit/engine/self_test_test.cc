// Goal: SessionDetection never says Active unless a self-test has come the whole way.
#include "engine/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podcron::engine {
namespace {

using reconcile::Detection;
using ::testing::HasSubstr;

Now at(int seconds) { return {WallMillis{Seconds{seconds}}, MonoTime{Seconds{seconds}}}; }

KubeReply reply(int status, std::string body = "") {
  KubeReply made;
  made.http_status = status;
  made.body = std::move(body);
  return made;
}

TEST(SelfTest, WithoutAListenerNothingIsTried) {
  SelfTest test(false, "podcron");
  EXPECT_FALSE(test.poll(at(0)));
  test.on_stored(at(1));
  EXPECT_EQ(test.detection().state, Detection::kDisabled);
  EXPECT_EQ(test.wake_at(), MonoTime::max());
}

TEST(SelfTest, ConnectsToTheReservedPodAndIsBelievedOnlyWhenItsLeaseComes) {
  SelfTest test(true, "podcron");
  EXPECT_EQ(test.detection().state, Detection::kUnproven);
  const auto call = test.poll(at(0));
  ASSERT_TRUE(call);
  EXPECT_THAT(call->path, HasSubstr("/namespaces/podcron/pods/podcron-self-test/exec?"));
  test.on_answer(at(1), reply(404));
  EXPECT_EQ(test.detection().state, Detection::kUnproven) << "404 is what every pod says";
  test.on_stored(at(2));
  EXPECT_EQ(test.detection().state, Detection::kActive);
  EXPECT_FALSE(test.poll(at(301)));
  EXPECT_TRUE(test.poll(at(302))) << "again after five minutes";
}

TEST(SelfTest, OneLostTestIsAnAccidentTwoAreDegraded) {
  SelfTest test(true, "podcron");
  test.poll(at(0));
  test.on_stored(at(1));
  const std::uint32_t version = test.version();
  ASSERT_TRUE(test.poll(at(301)));
  test.on_answer(at(301), reply(404));
  EXPECT_FALSE(test.poll(at(311))) << "failed; rests for five seconds";
  EXPECT_EQ(test.version(), version);
  ASSERT_TRUE(test.poll(at(316)));
  test.on_answer(at(316), reply(404));
  test.poll(at(326));
  EXPECT_EQ(test.detection().state, Detection::kDegraded);
  EXPECT_THAT(test.detection().why, HasSubstr("did not ask the webhook"));
  EXPECT_NE(test.version(), version);
  EXPECT_TRUE(test.poll(at(356))) << "then every half minute";
  test.on_stored(at(357));
  EXPECT_EQ(test.detection().state, Detection::kActive);
}

TEST(SelfTest, ATestOfAnotherControllerServesAsWell) {
  SelfTest test(true, "podcron");
  test.on_stored(at(0));
  EXPECT_EQ(test.detection().state, Detection::kActive);
  EXPECT_FALSE(test.poll(at(299)));
}

TEST(SelfTest, AMissingRightIsToldWithTheWordsOfTheApiServer) {
  SelfTest test(true, "podcron");
  const auto denied =
      reply(403, R"({"status":"Failure","message":"pods is forbidden","code":403})");
  ASSERT_TRUE(test.poll(at(0)));
  test.on_answer(at(0), denied);
  ASSERT_TRUE(test.poll(at(5)));
  test.on_answer(at(5), denied);
  EXPECT_EQ(test.detection().state, Detection::kDegraded);
  EXPECT_THAT(test.detection().why, HasSubstr("HTTP 403: pods is forbidden"));
}

}  // namespace
}  // namespace podcron::engine
