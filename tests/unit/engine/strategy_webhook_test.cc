// Goal: a strategy service is asked once before the claim, and a claim follows only from what it
// said about pods that are still eligible. Method: an engine whose API server and service are
// answered by hand.
#include <gmock/gmock.h>

#include "engine/consultations.h"
#include "reconcile/due_time.h"
#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using testing::Driver;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::OneJob;
using ::testing::SizeIs;

std::string asking(const std::string& webhook) {
  std::string text = testing::template_text();
  text.pop_back();
  return text + R"(,"strategy":{"type":"Webhook","webhook":{"name":"quiet")" + webhook + "}}}";
}

EngineConfig config() {
  EngineConfig config = Driver::config_of();
  config.strategy_services["quiet"] = Seconds{10};
  return config;
}

/// The first time is due and the service is asked.
AskStrategy asked(OneJob& world) {
  world.driver.pass(Seconds{60});
  auto questions = world.driver.take_questions();
  EXPECT_THAT(questions, SizeIs(1));
  return questions.at(0);
}

std::string uid_in(const AskStrategy& question) {
  const std::string key = R"("request":{"uid":")";
  const auto from = question.body.find(key) + key.size();
  return question.body.substr(from, question.body.find('"', from) - from);
}

StrategyReply choosing(const AskStrategy& question, const std::string& pods) {
  return {question.id, 200,
          fmt::format(R"({{"response":{{"uid":"{}","pods":[{}]}}}})", uid_in(question), pods), ""};
}

std::string quoted_pod() { return "\"" + test::serving_pod().meta.name + "\""; }

TEST(StrategyWebhook, AsksBeforeTheClaimAndClaimsWhatItChose) {
  OneJob world(asking(R"(,"timeoutSeconds":3)"), config());
  const AskStrategy question = asked(world);
  EXPECT_EQ(question.service, "quiet");
  EXPECT_EQ(question.timeout, Seconds{3});
  EXPECT_THAT(question.body, HasSubstr(R"("pods":[{"name":)" + quoted_pod()));
  EXPECT_EQ(world.grant_status(), "") << "nothing is claimed before the answer";
  world.driver.step(choosing(question, quoted_pod()));
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  EXPECT_THAT(world.permit(), SizeIs(1));
  EXPECT_THAT(world.driver.take_questions(), IsEmpty());
}

TEST(StrategyWebhook, TheAdministratorsPatienceBoundsTheObjects) {
  OneJob world(asking(R"(,"timeoutSeconds":30)"), config());
  EXPECT_EQ(asked(world).timeout, Seconds{10});
}

TEST(StrategyWebhook, IsNotAskedAgainWhileItThinks) {
  OneJob world(asking(""), config());
  asked(world);
  for (int i = 0; i < 20; ++i) {
    // News of the PodCronJob, so that it is planned again.
    world.driver.put(kube::ObjectKind::kPodCronJob,
                     testing::job_named("digest", 1, asking(""), world.driver.next_version()));
    world.driver.pass(Seconds{1});
  }
  EXPECT_THAT(world.driver.take_questions(), IsEmpty());
}

TEST(StrategyWebhook, AFailureIsAskedAgainLaterAndLaterButNotInALoop) {
  OneJob world(asking(""), config());
  world.driver.step(StrategyReply{asked(world).id, 500, "", ""});
  EXPECT_THAT(world.grant_status(), HasSubstr("strategy service \\\"quiet\\\": HTTP status 500"));
  EXPECT_EQ(world.driver.counted("podcron_strategy_reviews_total"), 1);
  world.driver.pass(Millis{4999});
  EXPECT_THAT(world.driver.take_questions(), IsEmpty());
  world.driver.pass(Millis{1});
  auto second = world.driver.take_questions();
  ASSERT_THAT(second, SizeIs(1));
  world.driver.step(StrategyReply{second[0].id, 0, "", "no answer within 5000 ms"});
  world.driver.pass(Millis{9999});
  EXPECT_THAT(world.driver.take_questions(), IsEmpty());
  world.driver.pass(Millis{1});
  auto third = world.driver.take_questions();
  ASSERT_THAT(third, SizeIs(1));
  EXPECT_NE(uid_in(third[0]), uid_in(second[0]));
  world.driver.step(choosing(third[0], quoted_pod()));
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
}

TEST(StrategyWebhook, AnAnswerToAnotherQuestionClaimsNothing) {
  OneJob world(asking(""), config());
  AskStrategy question = asked(world);
  StrategyReply reply = choosing(question, quoted_pod());
  reply.id.value += 1000;
  world.driver.step(StrategyReply(reply));
  EXPECT_EQ(world.grant_status(), "");
  reply.id = question.id;
  reply.body.replace(reply.body.find(uid_in(question)), 6, "forged");
  world.driver.step(std::move(reply));
  EXPECT_THAT(world.grant_status(), Not(HasSubstr("\"active\":[{")));
}

TEST(StrategyWebhook, APodThatIsGoneWhenTheAnswerComesIsNotClaimed) {
  OneJob world(asking(""), config());
  const AskStrategy question = asked(world);
  api::Pod pod = test::serving_pod();
  pod.ready = false;
  pod.meta.resource_version = world.driver.next_version();
  world.driver.put(kube::ObjectKind::kPod, pod);
  world.driver.step(choosing(question, quoted_pod()));
  EXPECT_THAT(world.grant_status(), Not(HasSubstr("\"active\":[{")));
}

TEST(StrategyWebhook, AnUnknownServiceIsNamedAndNothingIsDecided) {
  OneJob world(asking(""));
  world.driver.pass(Seconds{60});
  EXPECT_THAT(world.driver.take_questions(), IsEmpty());
  world.driver.pass(Seconds{600});
  EXPECT_EQ(world.grant_status(), "");
}

// Method: a claim of a holder that has no Lease, and no PodJob of it.
TEST(StrategyWebhook, WhoTakesAClaimOverAsksForItsPods) {
  const std::string run = reconcile::run_name("digest", Uid{3, 1}, test::kNow);
  const std::string status = fmt::format(
      R"({{"decidedThrough":"{0}","observedSchedule":{{"schedule":"* * * * *","timeZone":"UTC",)"
      R"("daylightSaving":"Once","spreadSeconds":0,"since":"{0}"}},"active":[{{"name":"{1}",)"
      R"("scheduledTime":"{0}","holder":"gone_1","attempt":1,"state":"Active"}}]}})",
      to_rfc3339(test::kNow), run);
  const auto job =
      api::Decoder().pod_cron_job(testing::job_text("digest", 1, 10, asking(""), status));
  ASSERT_TRUE(job) << job.error().message;
  Driver driver(config());
  driver.list(kube::ObjectKind::kPodCronJob, {*job});
  driver.list(kube::ObjectKind::kPod, {test::serving_pod()});
  driver.list_the_rest();
  testing::grant(driver, *driver.take_request("digest/status"), "digest", 1, asking(""));
  const auto look_for_its_record = [&] {
    const auto look = driver.take_request("/podjobs/" + run);
    ASSERT_TRUE(look);
    driver.answer(*look, 404, "{}");
  };
  driver.pass(Seconds{30});
  look_for_its_record();
  const auto questions = driver.take_questions();
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_THAT(questions[0].body, HasSubstr(run));
  EXPECT_FALSE(driver.take_request("digest/status")) << "nothing is taken before the answer";
  driver.step(choosing(questions[0], quoted_pod()));
  look_for_its_record();
  const auto taken = driver.take_request("digest/status");
  ASSERT_TRUE(taken);
  EXPECT_THAT(taken->body, HasSubstr(driver.engine().holder()));
  testing::grant(driver, *taken, "digest", 1, asking(""));
  const auto permit = driver.take_request("namespaces/shop", "/podjobs");
  ASSERT_TRUE(permit);
  EXPECT_THAT(permit->body, HasSubstr(quoted_pod()));
}

// Method: more PodCronJobs than a service has places come due at once, and nobody answers for long.
TEST(StrategyWebhook, ASlowServiceHasSoManyQuestionsAndTheOthersFollow) {
  constexpr std::size_t kJobs = kQuestionsPerServiceMax + 5;
  Driver driver(config());
  std::vector<kube::Object> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) {
    jobs.emplace_back(testing::job_named(fmt::format("job{}", i), i + 1, asking("")));
  }
  driver.list(kube::ObjectKind::kPodCronJob, std::move(jobs));
  driver.list(kube::ObjectKind::kPod, {test::serving_pod()});
  driver.list_the_rest();
  for (std::size_t i = 0; i < kJobs; ++i) {
    const std::string name = fmt::format("job{}", i);
    const auto write = driver.take_request("podcronjobs/" + name + "/status");
    if (write) testing::grant(driver, *write, name, i + 1, asking(""));
  }
  driver.pass(Seconds{60});
  auto first = driver.take_questions();
  ASSERT_THAT(first, SizeIs(kQuestionsPerServiceMax));
  for (std::size_t i = 0; i < 5; ++i) driver.step(StrategyReply{first[i].id, 0, "", "no answer"});
  EXPECT_THAT(driver.take_questions(), SizeIs(5));
}

}  // namespace
}  // namespace podcron::engine
