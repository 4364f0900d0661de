// Goal: a standby knows all and starts nothing; who leads no more keeps what it has dialled and
// hands on what it has not; a shutdown lets go of the lead first.
// Method: an engine whose API server and node are answered by hand; the election's Lease is kept
// by a few lines here.
#include <gmock/gmock.h>

#include "unit/engine/engine_driver.h"

namespace podcron::engine {
namespace {

using testing::Driver;
using ::testing::HasSubstr;
using testing::OneJob;

EngineConfig electing() {
  EngineConfig config = Driver::config_of();
  config.election.emplace();
  return config;
}

struct World : OneJob {
  explicit World(std::string leader) : OneJob(testing::template_text(), electing()) {
    holder = std::move(leader);
    serve();
    grant_status();
  }
  /// The API server, as far as the election asks it.
  void serve() {
    while (const auto request = driver.take_request("/leases")) {
      if (request->method != Method::kGet) {
        const std::string field = R"("holderIdentity":")";
        const auto from = request->body.find(field) + field.size();
        holder = request->body.substr(from, request->body.find('"', from) - from);
        ++version;
      }
      driver.answer(*request, 200,
                    fmt::format(R"({{"metadata":{{"name":"podcron","namespace":"podcron",)"
                                R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222",)"
                                R"("resourceVersion":"{}"}},"spec":{{"holderIdentity":"{}"}}}})",
                                version, holder));
    }
  }
  /// The watch says that somebody made the Lease name `name`.
  void rename(std::string name) {
    holder = std::move(name);
    ++version;
    api::Lease lease;
    lease.meta.name = "podcron";
    lease.meta.namespace_ = "podcron";
    lease.meta.uid = Uid{7, 7};
    lease.meta.resource_version = version;
    lease.holder_identity = holder;
    driver.put(kube::ObjectKind::kLease, std::move(lease));
  }
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      driver.pass(Seconds{1});
      serve();
    }
  }
  [[nodiscard]] bool leads() { return driver.engine().health().leads; }
  /// The next due time's run is dialled.
  ExecTask dial_next() {
    pass(60);
    EXPECT_THAT(grant_status(), HasSubstr("\"active\":[{"));
    auto tasks = permit();
    EXPECT_EQ(tasks.size(), 1u);
    return tasks.at(0);
  }

  std::string holder;
  std::uint64_t version = 5'000;
};

TEST(Leadership, WhoHasNotListedEverythingDoesNotStand) {
  Driver driver(electing());
  driver.list(kube::ObjectKind::kPodCronJob);
  driver.pass(Seconds{60});
  EXPECT_FALSE(driver.take_request("/leases"));
  driver.list(kube::ObjectKind::kPod);
  for (const auto kind : {kube::ObjectKind::kPodJob, kube::ObjectKind::kNamespace}) {
    driver.list(kind);
  }
  EXPECT_FALSE(driver.take_request("/leases"));
  driver.list(kube::ObjectKind::kLease);
  EXPECT_TRUE(driver.take_request("/leases/podcron"));
}

TEST(Leadership, AStandbyIsReadyAndStartsNothing) {
  World world("other_2");
  for (int i = 0; i < 10; ++i) {
    world.rename("other_2");  // renewed
    world.pass(10);
  }
  EXPECT_FALSE(world.leads());
  EXPECT_TRUE(world.driver.engine().health().synced);
  EXPECT_TRUE(world.driver.engine().health().held);
  EXPECT_FALSE(world.driver.take_request("podcronjobs"));
  EXPECT_FALSE(world.driver.take_request("podjobs"));
  EXPECT_FALSE(world.driver.take_request("events"));
}

TEST(Leadership, WhenTheLeaderLetsGoTheStandbyClaimsInTheSameSecond) {
  World world("other_2");
  world.pass(1);
  world.rename("");
  world.serve();
  EXPECT_TRUE(world.leads());
  EXPECT_EQ(world.holder, world.driver.engine().holder());
  EXPECT_THAT(world.grant_status(), HasSubstr("decidedThrough"));
}

TEST(Leadership, WhoLeadsNoMoreFinishesWhatItHasDialled) {
  World world("");
  const ExecTask task = world.dial_next();
  world.rename("other_2");
  EXPECT_FALSE(world.leads());
  EXPECT_FALSE(world.driver.cancelled(task.id));
  world.end(task, OneJob::exited(0));
  EXPECT_THAT(world.grant_record(), HasSubstr("Succeeded"));
  for (int i = 0; i < 6; ++i) {
    world.rename("other_2");
    world.pass(1);
  }
  const std::string settled = world.grant_status();
  EXPECT_THAT(settled, HasSubstr("\"history\":[{"));
  EXPECT_FALSE(world.leads());
  world.pass(1);
  const auto finalizer = world.driver.take_request("/podjobs/");
  ASSERT_TRUE(finalizer);
  EXPECT_THAT(finalizer->body, HasSubstr("\"finalizers\":[]"));
}

TEST(Leadership, WhoLeadsNoMoreGivesBackWhatItHasNotDialled) {
  World world("");
  world.pass(60);
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  world.rename("other_2");
  EXPECT_TRUE(world.permit_only());
  const auto back = world.driver.take_request("/podjobs/");
  ASSERT_TRUE(back);
  EXPECT_THAT(back->body, HasSubstr(R"("podcron.dev/holder":"")"));
  EXPECT_TRUE(world.driver.take_tasks().empty());
}

TEST(Leadership, AClaimThatIsAnsweredTooLateIsHandedOn) {
  World world("");
  world.pass(60);
  world.rename("other_2");
  EXPECT_THAT(world.grant_status(), HasSubstr("\"active\":[{"));
  EXPECT_TRUE(world.permit_only());
  const auto back = world.driver.take_request("/podjobs/");
  ASSERT_TRUE(back);
  EXPECT_THAT(back->body, HasSubstr(R"("podcron.dev/holder":"")"));
}

TEST(Leadership, AProcessThatWasPausedStartsNothingWhenItComesBack) {
  World world("");
  world.pass(58);
  EXPECT_TRUE(world.leads());
  world.driver.pass(Seconds{40});
  EXPECT_FALSE(world.leads()) << "before anybody has told it";
  EXPECT_EQ(world.grant_status(), "");
}

TEST(Leadership, AShutdownLetsGoBeforeItsRunsEnd) {
  World world("");
  const ExecTask task = world.dial_next();
  world.driver.step(Shutdown{});
  world.serve();
  EXPECT_EQ(world.holder, "");
  EXPECT_FALSE(world.leads());
  EXPECT_FALSE(world.driver.cancelled(task.id));
  world.pass(5);
  EXPECT_EQ(world.holder, "") << "it does not take it again";
}

}  // namespace
}  // namespace podcron::engine
