// Goal: a PodJob made by hand is taken, permitted and dialled in this order, and what is over goes
// when its lifetime is. Method: an engine whose API server and node are answered by hand.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using kube::ObjectKind;
using testing::Driver;
using ::testing::HasSubstr;
using testing::OneJob;

const Uid kMade{5, 1};

/// A PodJob as the API server shows it. `annotation` empty: nobody has it.
std::string made_text(std::uint64_t version, const std::string& annotation,
                      const std::string& status = "{}", const std::string& more_spec = "",
                      const std::string& parent = "digest") {
  const std::string mark = annotation.empty()
                               ? ""
                               : fmt::format(R"("annotations":{{"podcron.dev/holder":"{}"}},)"
                                             R"("finalizers":["podcron.dev/record"],)",
                                             annotation);
  const std::string spec = testing::template_text();
  const std::string names = parent.empty() ? "" : fmt::format(R"(,"podCronJobName":"{}")", parent);
  return fmt::format(
      R"({{"metadata":{{"name":"made","namespace":"shop",{}"uid":"{}","resourceVersion":"{}",)"
      R"("creationTimestamp":"{}"}},"spec":{}{}{}}},"status":{}}})",
      mark, kMade.to_string(), version, to_rfc3339(test::kNow), spec.substr(0, spec.size() - 1),
      more_spec, names, status);
}

api::PodJob made(std::uint64_t version, const std::string& annotation = "",
                 const std::string& status = "{}", const std::string& more_spec = "",
                 const std::string& parent = "digest") {
  auto record = api::Decoder().pod_job(made_text(version, annotation, status, more_spec, parent));
  EXPECT_TRUE(record) << record.error().message;
  return *record;
}

std::string field_in(const std::string& body, const std::string& name) {
  const auto at = body.find("\"" + name + "\":\"");
  if (at == std::string::npos) return "";
  const auto from = at + name.size() + 4;
  return body.substr(from, body.find('"', from) - from);
}

/// Answers the request that takes the PodJob; the annotation that it is to have.
std::string grant_taking(OneJob& world) {
  const auto take = world.driver.take_request("/podjobs/made", "/made");
  EXPECT_TRUE(take) << "nobody wants it";
  if (!take) return "";
  const std::string mark = field_in(take->body, "podcron.dev/holder");
  EXPECT_THAT(take->body, HasSubstr(R"("finalizers":["podcron.dev/record"])"));
  world.driver.answer(*take, 200, made_text(world.driver.next_version(), mark));
  return mark;
}

std::string status_of(const std::string& patch) {
  const auto at = patch.find("\"status\":");
  return patch.substr(at + 9, patch.size() - at - 10);
}

TEST(HandMade, TakenThenPlacedThenPermittedThenDialled) {
  OneJob world;
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version()));
  const std::string mark = grant_taking(world);
  EXPECT_THAT(mark, HasSubstr(kMade.to_string() + "/"));
  EXPECT_TRUE(world.driver.take_tasks().empty());
  EXPECT_THAT(world.grant_status(),
              HasSubstr(fmt::format(R"("podJobUID":"{}")", kMade.to_string())));
  const auto permit = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(permit);
  EXPECT_THAT(permit->body, HasSubstr(R"("outcome":"Pending")"));
  EXPECT_TRUE(world.driver.take_tasks().empty()) << "not before the permit";
  world.driver.answer(*permit, 200,
                      made_text(world.driver.next_version(), mark, status_of(permit->body)));
  const auto parent = world.driver.take_request("podcronjobs", "/digest");
  ASSERT_TRUE(parent);
  world.driver.answer(*parent, 200, world.job());
  const auto tasks = world.read_pod();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].purpose, "run/" + kMade.to_string());
}

TEST(HandMade, WithoutAPodCronJobNothingElseIsWritten) {
  OneJob world;
  const auto text = [&](const std::string& mark, const std::string& status) {
    return made_text(world.driver.next_version(), mark, status, "", "");
  };
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version(), "", "{}", "", ""));
  const auto take = world.driver.take_request("/podjobs/made", "/made");
  ASSERT_TRUE(take);
  const std::string mark = field_in(take->body, "podcron.dev/holder");
  world.driver.answer(*take, 200, text(mark, "{}"));
  const auto permit = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(permit);
  world.driver.answer(*permit, 200, text(mark, status_of(permit->body)));
  EXPECT_FALSE(world.driver.take_request("podcronjobs"));
  EXPECT_EQ(world.read_pod().size(), 1u);
}

TEST(HandMade, WhoLosesTheRecordDialsNothing) {
  OneJob world;
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version()));
  const auto take = world.driver.take_request("/podjobs/made", "/made");
  ASSERT_TRUE(take);
  world.driver.answer(*take, 409, "{}");
  const auto read = world.driver.take_request("/podjobs/made", "/made");
  ASSERT_TRUE(read);
  world.driver.answer(*read, 200,
                      made_text(world.driver.next_version(), kMade.to_string() + "/other_9/1"));
  EXPECT_FALSE(world.driver.take_request("/podjobs/made"));
  EXPECT_FALSE(world.driver.take_request("podcronjobs"));
}

TEST(HandMade, ForbidIsSaidOnTheWordOfALiveRead) {
  OneJob world;
  world.driver.pass(Seconds{60});
  ASSERT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version()));
  const auto parent = world.driver.take_request("podcronjobs", "/digest");
  ASSERT_TRUE(parent);
  world.driver.answer(*parent, 200, world.job());
  const auto end = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(end);
  EXPECT_THAT(end->body, HasSubstr(R"("phase":"Failed","reason":"ConcurrencyForbidden")"));
  EXPECT_THAT(end->body, HasSubstr(R"("type":"Finished")"));
}

TEST(HandMade, WhyItWaitsStandsInItsStatus) {
  OneJob world(testing::template_text(), Driver::config_of());
  world.driver.remove(ObjectKind::kPod, test::serving_pod());
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version()));
  EXPECT_FALSE(world.driver.take_request("/podjobs/made")) << "not at once";
  world.driver.pass(Seconds{3});
  const auto told = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(told);
  EXPECT_THAT(told->body, HasSubstr(R"("phase":"Pending","reason":"NoEligiblePod")"));
  world.driver.answer(*told, 200,
                      made_text(world.driver.next_version(), "", status_of(told->body)));
  world.driver.pass(Seconds{298});
  const auto end = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(end);
  EXPECT_THAT(end->body, HasSubstr(R"("phase":"Failed","reason":"NoEligiblePod")"));
}

TEST(HandMade, ACopyIsToldSo) {
  OneJob world;
  world.driver.put(ObjectKind::kPodJob,
                   made(world.driver.next_version(), Uid{7, 7}.to_string() + "/gone_1/1"));
  const auto parent = world.driver.take_request("podcronjobs", "/digest");
  ASSERT_TRUE(parent);
  world.driver.answer(*parent, 200, world.job());
  const auto end = world.driver.take_request("/podjobs/made", "/status");
  ASSERT_TRUE(end);
  EXPECT_THAT(end->body, HasSubstr(R"("phase":"Unknown","reason":"RestoredRecord")"));
}

TEST(HandMade, AtShutdownWhatHasNoRunIsGivenBack) {
  OneJob world;
  world.driver.remove(ObjectKind::kPod, test::serving_pod());
  const std::string mark =
      fmt::format("{}/{}/1", kMade.to_string(), world.driver.engine().holder());
  world.driver.put(ObjectKind::kPodJob, made(world.driver.next_version(), mark));
  world.driver.step(Shutdown{});
  const auto back = world.driver.take_request("/podjobs/made", "/made");
  ASSERT_TRUE(back);
  EXPECT_EQ(field_in(back->body, "podcron.dev/holder"), kMade.to_string() + "//1");
}

TEST(Lifetime, AFinishedPodJobGoesAfterItsOwn) {
  OneJob world;
  const std::string over =
      fmt::format(R"({{"phase":"Succeeded","completionTime":"{}"}})", to_rfc3339(test::kNow));
  world.driver.put(ObjectKind::kPodJob,
                   made(2001, "", over, R"(,"ttlSecondsAfterFinished":30)", ""));
  world.driver.pass(Seconds{29});
  EXPECT_FALSE(world.driver.take_request("/podjobs/made"));
  world.driver.pass(Seconds{1});
  const auto gone = world.driver.take_request("/podjobs/made");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->method, Method::kDelete);
  EXPECT_THAT(gone->body,
              HasSubstr(fmt::format(R"("uid":"{}","resourceVersion":"2001")", kMade.to_string())));
}

TEST(Lifetime, OurFinalizerGoesFirst) {
  OneJob world;
  const std::string over = fmt::format(R"({{"phase":"Succeeded","completionTime":"{}"}})",
                                       to_rfc3339(test::kNow - Seconds{60}));
  world.driver.put(ObjectKind::kPodJob, made(2001, kMade.to_string() + "//1", over,
                                             R"(,"ttlSecondsAfterFinished":30)", ""));
  const auto dropped = world.driver.take_request("/podjobs/made");
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->method, Method::kPatch);
  EXPECT_THAT(dropped->body, HasSubstr(R"("finalizers":[])"));
}

}  // namespace
}  // namespace podcron::engine
