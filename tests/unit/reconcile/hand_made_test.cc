// Goal: a PodJob made by hand is dialled by one holder at the most, under the same rules as a
// scheduled time, and says why it does not run.
// Method: what is known is set by hand; the one next step is compared.
#include "reconcile/hand_made.h"

#include "unit/reconcile/run_driver.h"

namespace podcron::reconcile::testing {
namespace {

using Step = HandMadePlan::Step;
using api::ConcurrencyPolicy;
using api::PodJobPhase;

constexpr WallTime kMade = kScheduled;

struct World {
  api::PodJob made;
  api::PodCronJob job;
  HandMadeView view{made};
  Draw draw{{pod("web-1", 1)}, api::EligibilitySummary{2, 1, {{"PodNotReady", 1}}}};
  int now = 3000;

  World() {
    made.meta = {"shop", "digest-manual-x", kRecord, 50, 1, kMade, std::nullopt};
    made.pod_cron_job_name = "digest";
    made.spec = spec();
    job.meta.uid = kJob;
    job.meta.name = "digest";
    view.parent = &job;
    view.holder = "me_1";
    view.draw = [this] { return draw; };
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  HandMadePlan plan() { return plan_hand_made(view, at(now)); }
  void held_by(const std::string& holder) {
    made.holder = holder_mark(kRecord, holder, 1);
    made.has_holder = true;
  }
  void stands_in_active(const std::string& holder) {
    view.settled.active.push_back(
        {made.meta.name, kMade, holder, 1, api::ActiveState::kActive, kRecord});
  }
  void another_runs() {
    view.settled.active.push_back({"digest-1", kMade, "me_1", 1, api::ActiveState::kActive});
  }
  void permitted() { made.status.targets.emplace_back().pod_name = "web-1"; }
};

void expect_end(const HandMadePlan& plan, PodJobPhase phase, std::string_view why) {
  EXPECT_EQ(plan.step, Step::kEnd);
  EXPECT_EQ(plan.phase, phase);
  EXPECT_EQ(plan.reason, why);
}

TEST(HandMade, RecordThenPlaceThenPermit) {
  World w;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord);
  w.held_by("me_1");
  const HandMadePlan place = w.plan();
  ASSERT_EQ(place.step, Step::kWriteParent);
  ASSERT_EQ(place.status.active.size(), 1u);
  const api::ActiveRun& own = place.status.active[0];
  EXPECT_EQ(own.name, "digest-manual-x");
  EXPECT_EQ(own.pod_job_uid, kRecord);
  EXPECT_EQ(own.holder, "me_1");
  EXPECT_EQ(own.scheduled_time, kMade);
  w.stands_in_active("me_1");
  const HandMadePlan permit = w.plan();
  EXPECT_EQ(permit.step, Step::kPermit);
  EXPECT_EQ(permit.draw.targets, w.draw.targets);
}

TEST(HandMade, WithoutAPodCronJobThereIsNoPlaceToBeTaken) {
  World w;
  w.made.pod_cron_job_name.clear();
  w.view.parent = nullptr;
  w.held_by("me_1");
  EXPECT_EQ(w.plan().step, Step::kPermit);
}

TEST(HandMade, WhatAnotherHoldsIsLeftAloneUntilThatOneIsGone) {
  World w;
  w.held_by("other_9");
  EXPECT_EQ(w.plan().step, Step::kWait);
  EXPECT_TRUE(w.plan().for_holder);
  w.view.holder_gone = true;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord) << "never permitted, so never dialled";
  w.held_by("");
  w.permitted();
  w.view.holder_gone = false;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord) << "given back, so never dialled";
}

TEST(HandMade, ThePlaceThatItsDeadHolderTookIsUsed) {
  World w;
  w.stands_in_active("other_9");
  w.held_by("me_1");
  EXPECT_EQ(w.plan().step, Step::kPermit);
}

TEST(HandMade, APermittedOneOfAGoneHolderIsUnknown) {
  World w;
  w.held_by("other_9");
  w.permitted();
  w.view.holder_gone = true;
  expect_end(w.plan(), PodJobPhase::kUnknown, reason::kHolderGone);
  w.made.meta.deletion_timestamp = kMade;
  expect_end(w.plan(), PodJobPhase::kUnknown, reason::kDeleted);
}

TEST(HandMade, OurOwnPermitIsUsedOnce) {
  World w;
  w.held_by("me_1");
  w.stands_in_active("me_1");
  w.permitted();
  EXPECT_EQ(w.plan().step, Step::kPermit) << "the reply was lost: nothing was dialled";
  w.view.had_run = true;
  expect_end(w.plan(), PodJobPhase::kUnknown, reason::kHolderGone);
}

TEST(HandMade, ACopyFromABackupIsNeverRun) {
  for (const std::string& mark :
       std::vector<std::string>{holder_mark(Uid{7, 7}, "gone_1", 1), "gone_1/1", ""}) {
    World w;
    w.made.holder = mark;
    w.made.has_holder = true;
    EXPECT_EQ(w.plan().step, Step::kAskParent) << mark;
    w.view.parent_is_live = true;
    expect_end(w.plan(), PodJobPhase::kUnknown, reason::kRestoredRecord);
    // The one that it was made from may still run: that run ends first.
    w.view.settled.active.push_back(
        {w.made.meta.name, kMade, "gone_1", 1, api::ActiveState::kActive, Uid{7, 7}});
    EXPECT_EQ(w.plan().step, Step::kWait);
  }
}

TEST(HandMade, ForbidRefusesAtOnceOnTheWordOfALiveRead) {
  World w;
  w.another_runs();
  EXPECT_EQ(w.plan().step, Step::kAskParent);
  w.view.parent_is_live = true;
  const HandMadePlan plan = w.plan();
  expect_end(plan, PodJobPhase::kFailed, reason::kConcurrencyForbidden);
  EXPECT_EQ(plan.message, "run digest-1 of PodCronJob digest is not over");
}

TEST(HandMade, AllowRunsBesideOthers) {
  World w;
  w.another_runs();
  w.job.spec.concurrency_policy = ConcurrencyPolicy::kAllow;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord);
}

TEST(HandMade, QueueWaitsUntilItsDeadline) {
  World w;
  w.another_runs();
  w.job.spec.concurrency_policy = ConcurrencyPolicy::kQueue;
  EXPECT_EQ(w.plan().step, Step::kWait);
  EXPECT_EQ(w.plan().wake_at, WallMillis(kMade + Seconds{301}));
  w.now = 300'999;
  EXPECT_EQ(w.plan().step, Step::kWait);
  w.now = 301'000;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kStartingDeadlineExceeded);
}

TEST(HandMade, ReplaceAsksTheOthersToEndAndWaits) {
  World w;
  w.another_runs();
  w.job.spec.concurrency_policy = ConcurrencyPolicy::kReplace;
  const HandMadePlan plan = w.plan();
  ASSERT_EQ(plan.step, Step::kWriteParent);
  EXPECT_EQ(plan.status.active[0].state, api::ActiveState::kEnding);
  w.view.settled = plan.status;
  EXPECT_EQ(w.plan().step, Step::kWait);
}

TEST(HandMade, ANewerRunMayTakeItsPlace) {
  World w;
  w.held_by("me_1");
  w.stands_in_active("me_1");
  w.view.settled.active[0].state = api::ActiveState::kEnding;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kReplaced);
}

TEST(HandMade, SuspendHoldsOnlyTheScheduleBack) {
  World w;
  w.job.spec.suspend = true;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord);
}

TEST(HandMade, TheOtherSwitchesHoldItBack) {
  World w;
  w.view.globally_suspended = true;
  EXPECT_EQ(w.plan().step, Step::kWait);
  EXPECT_EQ(w.plan().reason, reason::kGloballySuspended);
  w.view.namespace_suspended = true;
  EXPECT_EQ(w.plan().reason, reason::kNamespaceSuspended);
  w.now = 301'000;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kNamespaceSuspended);
}

TEST(HandMade, WithoutAPodItWaitsOrGivesUpAsItsPolicySays) {
  World w;
  w.draw = {{},
            api::EligibilitySummary{1, 0, {{"PodNotReady", 1}}},
            reason::kNoEligiblePod,
            "0 of 1 pods eligible: 1 PodNotReady",
            true};
  EXPECT_EQ(w.plan().step, Step::kWait);
  EXPECT_TRUE(w.plan().for_pod);
  EXPECT_EQ(w.plan().reason, reason::kNoEligiblePod);
  w.now = 301'000;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kNoEligiblePod);
  EXPECT_EQ(w.plan().draw.eligibility->matched, 1);
  w.now = 3000;
  w.made.spec.no_target_policy = api::NoTargetPolicy::kSkip;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kNoEligiblePod);
}

TEST(HandMade, ItsOwnDeadlineCounts) {
  World w;
  w.made.starting_deadline_seconds = 2;
  EXPECT_EQ(w.plan().step, Step::kEnd);
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kStartingDeadlineExceeded);
  w.now = 2999;
  EXPECT_EQ(w.plan().step, Step::kTakeRecord);
}

TEST(HandMade, ABoundHoldsItBack) {
  World w;
  w.view.capacity = false;
  EXPECT_EQ(w.plan().step, Step::kWait);
  EXPECT_TRUE(w.plan().for_bounds);
}

TEST(HandMade, APodCronJobThatIsNotThereIsWaitedFor) {
  World w;
  w.view.parent = nullptr;
  EXPECT_EQ(w.plan().message, "there is no PodCronJob digest");
  EXPECT_EQ(w.plan().step, Step::kWait);
  w.now = 301'000;
  EXPECT_EQ(w.plan().step, Step::kAskParent);
  w.view.parent_is_live = true;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kStartingDeadlineExceeded);
}

TEST(HandMade, NothingIsTakenForAPodCronJobThatIsBeingDeleted) {
  World w;
  w.job.meta.deletion_timestamp = kMade;
  EXPECT_EQ(w.plan().step, Step::kWait);
}

TEST(HandMade, DeletedBeforeTheStartItCertainlyDidNotRun) {
  World w;
  w.held_by("me_1");
  w.made.meta.deletion_timestamp = kMade;
  expect_end(w.plan(), PodJobPhase::kFailed, reason::kDeleted);
}

TEST(HandMade, WhatThisBuildCannotDoIsSaid) {
  World w;
  w.made.spec.not_implemented = "http";
  const HandMadePlan plan = w.plan();
  expect_end(plan, PodJobPhase::kFailed, observe::condition::kNotImplemented);
  EXPECT_EQ(plan.message, "spec.http: this version of podcron cannot do that yet; nothing ran");
}

TEST(HandMade, OnlyTheSameStrategysTurnsAreTaken) {
  World w;
  w.held_by("me_1");
  w.job.spec.job.strategy.type = "RoundRobin";
  w.view.settled.strategy_state = {{"web-0", "2026-03-08T11:00:00Z"}};
  EXPECT_EQ(w.plan().status.strategy_state, w.view.settled.strategy_state) << "it is Random";
  w.made.spec.strategy.type = "RoundRobin";
  const api::StringMap expected{{"web-1", to_rfc3339(kMade)}};
  EXPECT_EQ(w.plan().status.strategy_state, expected);
}

TEST(HandMade, TheMarkNamesThePodJobAndItsHolder) {
  const std::string mark = holder_mark(kRecord, "me_1", 2);
  EXPECT_EQ(mark, kRecord.to_string() + "/me_1/2");
  EXPECT_EQ(parse_holder_mark(mark)->pod_job, kRecord);
  EXPECT_EQ(parse_holder_mark(mark)->holder, "me_1");
  EXPECT_EQ(parse_holder_mark(holder_mark(kRecord, "", 1))->holder, "");
  for (const char* other : {"", "me_1/1", "/", "//", "x/me_1/1"}) {
    EXPECT_FALSE(parse_holder_mark(other)) << other;
  }
}

// ---- The run that follows ----

api::PodJob taken(const std::string& holder = "me_1") {
  api::PodJob record;
  record.meta = {"shop", "digest-manual-x", kRecord, 60, 1, kMade, std::nullopt};
  record.has_holder = true;
  record.holder = holder_mark(kRecord, holder, 1);
  record.spec = spec();
  return record;
}

RunOrigin origin_by_hand(bool has_parent) {
  RunOrigin o = origin();
  o.run = "digest-manual-x";
  o.pod_job_uid = kRecord;
  if (!has_parent) o.pod_cron_job.clear();
  return o;
}

Driver driver_by_hand(bool has_parent = true) {
  Driver d;
  d.actions.clear();
  d.run = Run::made_by_hand(origin_by_hand(has_parent), taken(), {pod("web-1", 1)});
  d.run.start(at(d.now), d.actions);
  return d;
}

api::PodCronJob lists_it(const Uid& uid = kRecord) {
  api::PodCronJob p;
  p.meta.uid = kJob;
  p.status.active.push_back(
      {"digest-manual-x", kMade, "other_9", 1, api::ActiveState::kActive, uid});
  return p;
}

TEST(RunByHand, DialsAfterPodCronJobAndPod) {
  Driver d = driver_by_hand();
  EXPECT_TRUE(d.asks_only_for<ReadParent>());
  d.feed(ParentReply{lists_it()});
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.asks_only_for<Dial>());
  EXPECT_EQ(d.run.origin().run_id(), kRecord.to_string());
}

TEST(RunByHand, WithoutAPodCronJobThePodIsReadAtOnce) {
  Driver d = driver_by_hand(false);
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
  d.now = 5000;
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.asks_only_for<ReadRecord>()) << "what was read is too old by now";
  d.feed(ok(taken()));
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
}

TEST(RunByHand, WhatIsNotListedStaysAndSaysSo) {
  for (const bool gone : {true, false}) {
    Driver d = driver_by_hand();
    d.feed(gone ? ParentReply{} : ParentReply{lists_it(Uid{7, 7})});
    ASSERT_TRUE(d.asks_only_for<WriteStatus>()) << "a user's PodJob is not removed";
    EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
    EXPECT_EQ(d.run.status().reason, gone ? reason::kDeleted : reason::kNotStarted);
  }
}

TEST(RunByHand, AnotherHoldersMarkEndsOurs) {
  Driver d = driver_by_hand(false);
  d.now = 5000;
  d.feed(PodChecked{0, ""});
  d.feed(ok(taken("other_9")));
  EXPECT_EQ(d.run.end(), RunEnd::kLost);
}

TEST(RunByHand, GivenBackItKeepsItsUid) {
  Driver d = driver_by_hand(false);
  d.feed(Draining{});
  EXPECT_TRUE(d.asks_only_for<GiveBack>());
  EXPECT_EQ(d.run.given_back_annotation(), kRecord.to_string() + "//1");
}

}  // namespace
}  // namespace podcron::reconcile::testing
