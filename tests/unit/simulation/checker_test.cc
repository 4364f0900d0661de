// Goal: every invariant can break. A checker that cannot fail is a defect.
// Method: one honest run that breaks nothing, then the same run with one lie each.
#include "simulation/checker.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "simulation/api_server.h"

namespace podcron::simulation {
namespace {

using engine::Method;

constexpr std::int64_t kNoon = 1'772'971'200;
constexpr const char* kHolder = "podcron-0_1";
constexpr const char* kOther = "podcron-1_2";
constexpr const char* kPod = "11111111-1111-4111-8111-111111111111";
constexpr const char* kOtherPod = "22222222-2222-4222-8222-222222222222";

/// What a PodCronJob's status says, in short.
struct Entry {
  int second;
  std::string outcome;
  std::string pod_job;
  int count = 1;
};

class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    server_.store().observe([this](const Change& change) { checker_.on_change(change, now_); });
    ledger_.observe_starts([this](const ProcessRecord& p) { checker_.on_process_start(p); });
    send("user", Method::kPost, "podcronjobs", "", R"({"metadata":{"name":"demo"},"spec":{
      "schedule":"*/10 * * * * *","concurrencyPolicy":"Forbid","suspend":false}})");
    now_ = Millis{1000};
    status({}, {}, 1);
  }

  static std::string time(int second) { return to_rfc3339(WallTime{Seconds{kNoon + second}}); }
  static std::string run_name(int second) { return fmt::format("demo-{}-bcdfg", kNoon + second); }

  int send(const std::string& author, Method method, const std::string& plural,
           const std::string& name, const std::string& body, bool late = false) {
    std::string path = "/apis/podcron.dev/v1alpha1/namespaces/shop/" + plural;
    if (!name.empty()) path += "/" + name;
    return server_.handle({method, path, body, {author, late, false}}).status;
  }
  std::string version(Resource resource, const std::string& name) {
    return text_in(server_.store().find(resource, {"shop", name})->json, "metadata",
                   "resourceVersion");
  }
  std::string uid(const std::string& name) {
    return text_in(server_.store().find(Resource::kPodCronJobs, {"shop", name})->json, "metadata",
                   "uid");
  }

  /// Writes the status of "demo" as a replica does.
  void status(const std::vector<int>& active, const std::vector<Entry>& history, int decided,
              bool conditional = true) {
    Json entries = Json::array();
    for (const int second : active) {
      entries.push_back({{"name", run_name(second)},
                         {"scheduledTime", time(second)},
                         {"holder", kHolder},
                         {"state", "Active"}});
    }
    Json items = Json::array();
    for (const Entry& e : history) {
      Json item = {{"from", time(e.second)},
                   {"to", time(e.second + 10 * (e.count - 1))},
                   {"count", e.count},
                   {"outcome", e.outcome},
                   {"reason", "r"}};
      if (!e.pod_job.empty()) item["podJob"] = e.pod_job;
      items.push_back(std::move(item));
    }
    Json body = {{"status",
                  {{"decidedThrough", time(decided)},
                   {"observedSchedule",
                    {{"schedule", "*/10 * * * * *"}, {"suspend", false}, {"since", time(1)}}},
                   {"active", entries},
                   {"history", items}}}};
    if (conditional) {
      body["metadata"]["resourceVersion"] = version(Resource::kPodCronJobs, "demo");
    }
    send(kHolder, Method::kPatch, "podcronjobs", "demo/status", to_text(body));
  }

  void permit(int second, const std::string& author = kHolder, bool late = false) {
    Json body = {
        {"metadata",
         {{"name", run_name(second)},
          {"labels", {{"policy", "Forbid"}}},
          {"annotations", {{"podcron.dev/holder", std::string(kHolder) + "/1"}}},
          {"finalizers", {"podcron.dev/record"}},
          {"ownerReferences", {{{"kind", "PodCronJob"}, {"name", "demo"}, {"uid", uid("demo")}}}}}},
        {"spec",
         {{"activeDeadlineSeconds", 30},
          {"startingDeadlineSeconds", 5},
          {"scheduledTime", time(second)},
          {"targets", {{{"podName", "web-0"}, {"podUID", kPod}}}}}}};
    if (!failure_policy_.empty()) {
      body["spec"]["strategy"] = {{"type", "Webhook"},
                                  {"webhook", {{"failurePolicy", failure_policy_}}}};
    }
    send(author, Method::kPost, "podjobs", "", to_text(body), late);
  }

  /// From now on its draws build on those before them.
  void take_turns() {
    send("user", Method::kPatch, "podcronjobs", "demo",
         R"({"spec":{"podJobTemplate":{"spec":{"strategy":{"type":"RoundRobin"}}}}})");
  }

  std::uint64_t start(int second, const char* pod_uid = kPod, const char* pod = "web-0",
                      const char* index = "0") {
    ProcessRecord process;
    process.task = {"demo", run_name(second), time(second), "1", pod, index};
    process.namespace_ = "shop";
    process.pod = pod;
    process.pod_uid = pod_uid;
    process.started = now_;
    return ledger_.start(process);
  }

  void record(int second, const std::string& phase, const std::string& outcome, int exit_code,
              bool conditional = true) {
    Json target = {{"podName", "web-0"}, {"podUID", kPod}, {"outcome", outcome}};
    if (exit_code >= 0) target["exitCode"] = exit_code;
    Json body = {{"status", {{"phase", phase}, {"reason", "r"}, {"targets", {target}}}}};
    if (conditional) {
      body["metadata"]["resourceVersion"] = version(Resource::kPodJobs, run_name(second));
    }
    send(kHolder, Method::kPatch, "podjobs", run_name(second) + "/status", to_text(body));
  }

  void drop_finalizer(int second) {
    const Json body = {{"metadata",
                        {{"finalizers", Json::array()},
                         {"resourceVersion", version(Resource::kPodJobs, run_name(second))}}}};
    send(kHolder, Method::kPatch, "podjobs", run_name(second), to_text(body));
  }

  /// Claim, permit and process start of the time noon + `second`.
  std::uint64_t run(int second) {
    now_ = Millis{second * 1000 + 20};
    status({second}, {}, second);
    permit(second);
    checker_.on_dial({kHolder, run_name(second)}, now_);
    return start(second);
  }

  void expect_broken(std::string_view invariant) {
    ASSERT_TRUE(checker_.violation()) << "nothing was found";
    EXPECT_EQ(checker_.violation()->invariant, invariant) << checker_.violation()->what;
  }
  void expect_whole() {
    EXPECT_FALSE(checker_.violation())
        << checker_.violation()->invariant << ": " << checker_.violation()->what;
  }

  VirtualTime now_{0};
  std::string failure_policy_;  // of Webhook; empty: another strategy
  Ledger ledger_;
  ApiServer server_{1, [this] { return WallMillis{Seconds{kNoon}} + now_; }};
  Checker checker_{CheckerLimits{WallMillis{Seconds{kNoon}}}, ledger_};
};

TEST_F(CheckerTest, AnHonestRunBreaksNothing) {
  const std::uint64_t process = run(10);
  ledger_.end(process, now_, 0);
  record(10, "Succeeded", "Succeeded", 0);
  status({}, {{10, "Succeeded", run_name(10)}}, 10);
  drop_finalizer(10);
  now_ = Millis{20'010};
  status({20}, {{10, "Succeeded", run_name(10)}}, 20);
  expect_whole();
}

TEST_F(CheckerTest, UniqueClaimATimeIsNotClaimedTwice) {
  run(10);
  status({}, {{10, "Succeeded", run_name(10)}}, 10);
  status({10}, {{10, "Succeeded", run_name(10)}}, 10);
  ASSERT_TRUE(checker_.violation());
}

TEST_F(CheckerTest, UniqueClaimADecidedTimeIsNotClaimed) {
  status({}, {{10, "Skipped", ""}}, 10);
  status({10}, {{10, "Skipped", ""}}, 10);
  expect_broken("S1 unique claim");
}

TEST_F(CheckerTest, TurnsADrawThatIsRememberedWithItsClaimBreaksNothing) {
  take_turns();
  now_ = Millis{10'020};
  const Json body = {{"status", {{"strategyState", {{"web-0", time(10)}}}}},
                     {"metadata", {{"resourceVersion", version(Resource::kPodCronJobs, "demo")}}}};
  send(kHolder, Method::kPatch, "podcronjobs", "demo/status", to_text(body));
  status({10}, {}, 10);
  expect_whole();
}

TEST_F(CheckerTest, TurnsADrawIsNotForgotten) {
  take_turns();
  now_ = Millis{10'020};
  status({10}, {}, 10);
  expect_broken("S16 turns");
}

TEST_F(CheckerTest, CompareAndSwapAStatusIsNotWrittenBlindly) {
  now_ = Millis{10'020};
  status({10}, {}, 10, false);
  expect_broken("S1 compare-and-swap");
}

TEST_F(CheckerTest, CompareAndSwapARecordIsNotWrittenBlindly) {
  run(10);
  record(10, "Running", "Running", -1, false);
  expect_broken("S1 compare-and-swap");
}

TEST_F(CheckerTest, OneStartATargetDoesNotStartTwice) {
  run(10);
  start(10);
  expect_broken("S2 one start");
}

TEST_F(CheckerTest, AdvisedARunIsWhereTheServiceSaid) {
  failure_policy_ = "Fail";
  checker_.advised(run_name(10), "web-0");
  run(10);
  expect_whole();
}

TEST_F(CheckerTest, AdvisedARunIsNotElsewhere) {
  failure_policy_ = "Fail";
  checker_.advised(run_name(10), "web-1");
  checker_.advised(run_name(20), "web-0");
  run(10);
  expect_broken("S17 advised");
}

TEST_F(CheckerTest, AdvisedUnderRandomAnyPodWillDo) {
  failure_policy_ = "Random";
  run(10);
  expect_whole();
}

TEST_F(CheckerTest, OneHolderDials) {
  run(10);
  checker_.on_dial({kOther, run_name(10)}, now_);
  expect_broken("S2 one holder dials");
}

TEST_F(CheckerTest, ClaimBeforePermit) {
  now_ = Millis{10'020};
  permit(10);
  expect_broken("S3 claim before permit");
}

TEST_F(CheckerTest, APermitNamesWhoCreatesIt) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10, kOther);
  expect_broken("S3 claim before permit");
}

TEST_F(CheckerTest, PermitBeforeStart) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  start(10);
  expect_broken("S3 permit before start");
}

TEST_F(CheckerTest, APermitForARunThatIsOverIsNobodys) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  status({}, {{10, "Skipped", run_name(10)}}, 10);
  now_ = Millis{15'020};
  permit(10, kHolder, true);
  expect_whole();
  start(10);
  expect_broken("S3 permit before start");
}

TEST_F(CheckerTest, UniqueClaimARunInActiveHasOnePodJob) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  start(10);
  server_.store().remove(Resource::kPodJobs, {"shop", run_name(10)}, {"user", false, false});
  permit(10);
  expect_broken("S1 unique claim");
}

TEST_F(CheckerTest, AClaimThatIsTakenOverMayHaveAPodJobAfterOneThatWasNeverDialled) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  server_.store().remove(Resource::kPodJobs, {"shop", run_name(10)}, {kHolder, false, true});
  permit(10);
  expect_whole();
}

TEST_F(CheckerTest, NoDialWithoutAClaim) {
  checker_.on_dial({kHolder, run_name(10)}, now_);
  expect_broken("S3 permit before start");
}

TEST_F(CheckerTest, NoStartLongAfterTheRunHasLeftActive) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  status({}, {{10, "Unknown", ""}}, 10);
  now_ = Millis{25'000};
  start(10);
  expect_broken("S3 claim before start");
}

TEST_F(CheckerTest, FinalIsFinalHistoryAgreesWithTheRecord) {
  const std::uint64_t process = run(10);
  ledger_.end(process, now_, 0);
  record(10, "Succeeded", "Succeeded", 0);
  status({}, {{10, "Failed", run_name(10)}}, 10);
  expect_broken("S4 final is final");
}

TEST_F(CheckerTest, SuccessNeedsProofInTheLedger) {
  run(10);
  record(10, "Succeeded", "Succeeded", 0);
  expect_broken("S5 success needs proof");
}

TEST_F(CheckerTest, SuccessIsNotClaimedOfAnotherEnd) {
  ledger_.end(run(10), now_, 7);
  record(10, "Succeeded", "Succeeded", 0);
  expect_broken("S5 success needs proof");
}

TEST_F(CheckerTest, FailureAgreesWithTheLedgersExitCode) {
  ledger_.end(run(10), now_, 7);
  record(10, "Failed", "Failed", 8);
  expect_broken("S5 failure is certain");
}

TEST_F(CheckerTest, FailureIsNotSaidOfWhatStillRuns) {
  run(10);
  record(10, "Failed", "Failed", -1);
  expect_broken("S5 failure is certain");
}

TEST_F(CheckerTest, NotStartedIsNotSaidOfWhatHasStarted) {
  ledger_.end(run(10), now_, 0);
  record(10, "Failed", "NotStarted", -1);
  expect_broken("S5 failure is certain");
}

TEST_F(CheckerTest, NothingStartsAfterAFailure) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  record(10, "Failed", "NotStarted", -1);
  start(10);
  expect_broken("S5 failure is certain");
}

TEST_F(CheckerTest, TheRecordComesBeforeTheHistory) {
  run(10);
  status({}, {{10, "Succeeded", run_name(10)}}, 10);
  expect_broken("S5 record first");
}

TEST_F(CheckerTest, ConservationADueTimeDoesNotVanish) {
  status({}, {}, 10);
  expect_broken("S6 conservation");
}

TEST_F(CheckerTest, ConservationADueTimeIsNotCountedTwice) {
  status({}, {{10, "Skipped", "", 2}}, 10);
  expect_broken("S6 conservation");
}

TEST_F(CheckerTest, ConservationARunThatLeavesActiveStandsInHistory) {
  run(10);
  status({}, {}, 10);
  expect_broken("S6 conservation");
}

TEST_F(CheckerTest, ConservationOnlyAFullHistoryDropsItsOldest) {
  std::vector<Entry> history;
  for (int i = 1; i <= 10; ++i) history.push_back({i * 10, i % 2 == 0 ? "Skipped" : "Missed", ""});
  status({}, history, 100);
  expect_whole();
  history.erase(history.begin());
  history.push_back({110, "Missed", ""});
  status({}, history, 110);
  expect_whole();
  history.erase(history.begin());
  status({}, history, 110);
  expect_broken("S6 conservation");
}

TEST_F(CheckerTest, ConservationOnlyScheduledTimesAreClaimed) {
  now_ = Millis{20'000};
  status({13}, {{10, "Missed", ""}}, 13);
  ASSERT_TRUE(checker_.violation());
}

TEST_F(CheckerTest, NotClaimedWhileSuspended) {
  send("user", Method::kPatch, "podcronjobs", "demo", R"({"spec":{"suspend":true}})");
  run(10);
  expect_broken("S11 no claim when suspended");
}

TEST_F(CheckerTest, NotClaimedBeforeTheServersClock) {
  status({10}, {}, 10);
  expect_broken("S8 not early");
}

TEST_F(CheckerTest, NotStartedBeforeItsTime) {
  now_ = Millis{5500};
  status({10}, {}, 10);
  permit(10);
  start(10);
  expect_broken("S8 not early");
}

TEST_F(CheckerTest, NotStartedAfterItsDeadline) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  now_ = Millis{22'000};
  start(10);
  expect_broken("S10 starting deadline");
}

TEST_F(CheckerTest, ForbidClaimsOneAtATime) {
  run(10);
  now_ = Millis{20'010};
  status({10, 20}, {}, 20);
  expect_broken("S9 one at a time");
}

TEST_F(CheckerTest, ForbidStartsNothingBesideAProcessThatRuns) {
  run(10);
  record(10, "Unknown", "Unknown", -1);
  status({}, {{10, "Unknown", run_name(10)}}, 10);
  now_ = Millis{20'010};
  status({20}, {{10, "Unknown", run_name(10)}}, 20);
  permit(20);
  start(20);
  expect_broken("S9 one at a time");
}

TEST_F(CheckerTest, ForbidLetsUnknownGiveUpItsPlaceAfterDeadlineAndLease) {
  run(10);
  record(10, "Unknown", "Unknown", -1);
  now_ = Millis{60'010};
  status({60}, {{10, "Unknown", run_name(10)}, {20, "Skipped", "", 4}}, 60);
  permit(60);
  start(60);
  expect_whole();
}

TEST_F(CheckerTest, TheRecordedPodIsWhereItRuns) {
  now_ = Millis{10'020};
  status({10}, {}, 10);
  permit(10);
  start(10, kOtherPod);
  expect_broken("S13 recorded pod");
}

TEST_F(CheckerTest, TheFinalizerStaysWhileTheRunIsInActive) {
  ledger_.end(run(10), now_, 0);
  record(10, "Succeeded", "Succeeded", 0);
  drop_finalizer(10);
  expect_broken("S15 record is kept");
}

TEST_F(CheckerTest, UnsettledWorkIsFoundAtTheEnd) {
  now_ = Millis{90'000};
  checker_.on_settled(server_.store(), now_, Millis{10'000});
  expect_broken("L1 settles");
}

}  // namespace
}  // namespace podcron::simulation
