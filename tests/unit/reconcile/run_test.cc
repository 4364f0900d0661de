// Goal: a run dials only what it holds, once, and records what is proven.
// Method: the state machine is fed by hand; every action that it asks for is compared.
#include "unit/reconcile/run_driver.h"

namespace podcron::reconcile::testing {
namespace {

TEST(Run, DialsOnlyAfterPermitParentAndPod) {
  Driver d;
  EXPECT_TRUE(d.asks_only_for<CreateRecord>());
  d.feed(ok(record()));
  EXPECT_TRUE(d.asks_only_for<ReadParent>());
  d.feed(ParentReply{parent()});
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.asks_only_for<Dial>());
}

TEST(Run, RecordsSuccessAfterTheTask) {
  Driver d;
  d.to_dial();
  d.now = 250;
  d.feed(over(0, success()));
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kSucceeded);
  EXPECT_EQ(d.run.status().target, "web-1");
  EXPECT_EQ(d.run.status().exit_code, 0);
  EXPECT_EQ(d.run.status().late, "0.01s");
  EXPECT_EQ(d.run.status().took, "0.24s");
  EXPECT_EQ(d.run.status().targets[0].output, "") << "outputPolicy OnFailure";
  EXPECT_EQ(d.run.end(), RunEnd::kNone) << "not before the record is durable";
  d.feed(ok(record()));
  EXPECT_EQ(d.run.end(), RunEnd::kRecorded);
}

TEST(Run, ALostPermitReplyIsConfirmedByOurOwnHolder) {
  Driver d;
  d.feed(reply(RecordReply::Kind::kConflict));
  EXPECT_TRUE(d.asks_only_for<ReadRecord>());
  d.feed(ok(record()));
  EXPECT_TRUE(d.asks_only_for<ReadParent>());
}

TEST(Run, AnotherHoldersPermitEndsOurs) {
  Driver d;
  d.feed(reply(RecordReply::Kind::kConflict));
  d.feed(ok(record("other_9/1")));
  EXPECT_TRUE(d.actions.empty());
  EXPECT_EQ(d.run.end(), RunEnd::kLost);
}

TEST(Run, AForeignObjectWithOurNameIsNeverAdopted) {
  Driver d;
  d.feed(reply(RecordReply::Kind::kConflict));
  api::PodJob foreign = record();
  foreign.controller.reset();
  d.feed(ok(foreign));
  EXPECT_EQ(d.run.end(), RunEnd::kNameTaken);
}

TEST(Run, ARefusedPermitStartsNothing) {
  Driver d;
  d.feed(reply(RecordReply::Kind::kRefused));
  ASSERT_TRUE(d.asks_only_for<ReadRecord>());
  d.feed(reply(RecordReply::Kind::kNotFound));
  EXPECT_EQ(d.run.end(), RunEnd::kDenied);
  EXPECT_EQ(d.run.status().message, "because");
}

TEST(Run, ARefusalBecauseOfAnothersPodJobIsNoDenial) {
  Driver d;
  d.feed(reply(RecordReply::Kind::kRefused));
  d.feed(ok(record("other_9/1")));
  EXPECT_EQ(d.run.end(), RunEnd::kLost);
}

TEST(Run, ADialThatWaitedTooLongIsNotWantedAnyMore) {
  Driver d;
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  d.run.on(at(d.now), PodChecked{0, ""}, d.actions);
  EXPECT_TRUE(d.run.may_dial(at(d.now), 0));
  EXPECT_FALSE(d.run.may_dial(at(61'500), 0)) << "past the starting deadline";
  EXPECT_FALSE(d.run.ever_dialled());
}

TEST(Run, AReplacedRunThatWasNotDialledHasCertainlyFailed) {
  Driver d;
  d.feed(ok(record()));
  ParentReply ending{parent()};
  ending.parent->status.active.front().state = api::ActiveState::kEnding;
  d.feed(std::move(ending));
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, "Replaced");
}

TEST(Run, AReplacedRunIsHungUpAndItsEndIsUnknown) {
  Driver d;
  d.to_dial();
  d.feed(Replaced{});
  ASSERT_TRUE(d.asks_only_for<Hang>());
  api::ExecReport cancelled;
  cancelled.end = api::ExecEnd::kCancelled;
  d.feed(over(0, cancelled));
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kUnknown);
  EXPECT_EQ(d.run.status().reason, "Replaced");
}

TEST(Run, APodJobThatIsBeingDeletedIsNotDialled) {
  Driver d;
  api::PodJob deleting = record();
  deleting.meta.deletion_timestamp = kScheduled;
  d.feed(ok(deleting));
  d.feed(ParentReply{parent()});
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().reason, "Deleted");
}

TEST(Run, AClaimThatWasTakenOverIsNotRun) {
  Driver d;
  d.feed(ok(record()));
  ParentReply taken{parent()};
  taken.parent->status.active.front().holder = "other_9";
  d.feed(std::move(taken));
  EXPECT_TRUE(d.asks_only_for<RemoveRecord>());
}

TEST(Run, AfterASlowLookAtThePodEverythingIsLookedAtAgain) {
  api::PodJobTemplateSpec s = spec();
  s.strategy.max_parallel = {2, false};
  Driver d({pod("web-1", 1), pod("web-2", 2)}, s);
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  d.now += 2500;
  d.feed(PodChecked{0, ""});
  ASSERT_TRUE(d.asks_only_for<ReadRecord>());
  d.feed(PodChecked{1, ""});
  EXPECT_TRUE(d.actions.empty());
  d.feed(ok(record()));
  ASSERT_TRUE(d.asks_only_for<ReadParent>());
  d.feed(ParentReply{parent()});
  EXPECT_EQ(d.actions.size(), 2U) << "both pods are read again";
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.asks_only_for<Dial>());
}

TEST(Run, ARecordThatIsGoneBeforeASlowDialIsMissing) {
  Driver d;
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  d.now += 2500;
  d.feed(PodChecked{0, ""});
  d.feed(reply(RecordReply::Kind::kNotFound));
  EXPECT_EQ(d.run.end(), RunEnd::kMissing);
}

TEST(Run, AParentThatNoLongerListsTheRunMeansRemoval) {
  for (const int change : {0, 1, 2, 3}) {
    Driver d;
    d.feed(ok(record()));
    ParentReply gone{parent()};
    if (change == 0) gone.parent.reset();
    if (change == 1) gone.parent->meta.uid = Uid{7, 7};
    if (change == 2) gone.parent->meta.deletion_timestamp = kScheduled;
    if (change == 3) gone.parent->status.active.clear();
    d.feed(std::move(gone));
    EXPECT_TRUE(d.asks_only_for<RemoveRecord>()) << change;
  }
}

TEST(Run, NothingIsDialledAfterTheStartingDeadline) {
  Driver d;
  d.feed(ok(record()));
  d.now = 61'500;
  d.feed(ParentReply{parent()});
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, observe::reason::kStartingDeadlineExceeded);
}

TEST(Run, ACertainNonStartDrawsAnotherPodAndFencesBeforeTheDial) {
  Driver d;
  d.to_dial();
  d.feed(over(0, not_found()));
  ASSERT_TRUE(d.asks_only_for<Redraw>());
  EXPECT_TRUE(d.run.tried(Uid{9, 1}));
  d.feed(Redrawn{0, pod("web-2", 2)});
  EXPECT_TRUE(d.asks_only_for<WriteStatus>()) << "the choice is durable before it is dialled";
  d.feed(ok(record()));
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.asks_only_for<Dial>());
  d.feed(over(0, success()));
  EXPECT_EQ(d.run.status().target, "web-2");
}

TEST(Run, APodThatRefusedItselfIsToldSoThatItRests) {
  Driver d({pod("web-1", 1)});
  d.to_dial();
  d.feed(over(0, not_found()));
  ASSERT_TRUE(d.asks_only_for<Redraw>());
  EXPECT_TRUE(std::get<Redraw>(d.actions[0]).pod_failed);
  Driver unreachable({pod("web-1", 1)});
  unreachable.to_dial();
  unreachable.feed(over(0, api::ExecReport{}));
  ASSERT_TRUE(unreachable.asks_only_for<Redraw>());
  EXPECT_FALSE(std::get<Redraw>(unreachable.actions[0]).pod_failed);
  Driver changed({pod("web-1", 1)});
  changed.feed(ok(record()));
  changed.feed(ParentReply{parent()});
  changed.feed(PodChecked{0, "PodNotReady"});
  ASSERT_TRUE(changed.asks_only_for<Redraw>());
  EXPECT_FALSE(std::get<Redraw>(changed.actions[0]).pod_failed) << "the rules say so themselves";
}

TEST(Run, WithoutAnotherPodTheRunIsNotStarted) {
  Driver d;
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  d.feed(PodChecked{0, "PodTerminating"});
  ASSERT_TRUE(d.asks_only_for<Redraw>());
  d.feed(Redrawn{0, std::nullopt});
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, observe::reason::kNotStarted);
  EXPECT_NE(d.run.status().message.find("PodTerminating"), std::string::npos);
}

TEST(Run, ALostConnectionIsNeverRedialled) {
  Driver d;
  d.to_dial();
  api::ExecReport lost;
  lost.end = api::ExecEnd::kLost;
  d.feed(over(0, lost));
  EXPECT_TRUE(d.actions.empty()) << "its container may tell more";
  d.feed(ContainerEnded{0});
  d.feed(TargetInspected{0, ""});
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kUnknown);
  EXPECT_EQ(d.run.status().reason, observe::reason::kContactLost);
}

TEST(Run, AFencedHolderStops) {
  Driver d;
  d.to_dial();
  d.feed(over(0, success()));
  d.feed(reply(RecordReply::Kind::kConflict));
  EXPECT_TRUE(d.asks_only_for<ReadRecord>());
  api::PodJob taken = record("other_9/1");
  taken.status.phase = api::PodJobPhase::kUnknown;
  d.feed(ok(taken));
  EXPECT_EQ(d.run.end(), RunEnd::kLost);
}

TEST(Run, AConflictWithAHarmlessWriterIsWrittenAgain) {
  Driver d;
  d.to_dial();
  d.feed(over(0, success()));
  d.feed(reply(RecordReply::Kind::kConflict));
  api::PodJob labelled = record();
  labelled.meta.resource_version = 77;
  d.feed(ok(labelled));
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.resource_version(), 77u);
}

TEST(Run, TheDeadlineGivesUpAndSaysUnknown) {
  Driver d;
  d.to_dial();
  d.now = 1'100;
  d.feed(Tick{});
  EXPECT_TRUE(d.asks_only_for<WriteStatus>()) << "Running, after a second";
  d.feed(ok(record()));
  d.now = 100'050;
  ASSERT_TRUE(d.run.wake_at().has_value());
  EXPECT_LE(*d.run.wake_at(), at(100'050).mono);
  d.feed(Tick{});
  ASSERT_TRUE(d.asks_only_for<Hang>());
  api::ExecReport cancelled;
  cancelled.end = api::ExecEnd::kCancelled;
  d.feed(over(0, cancelled));
  ASSERT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kUnknown);
  EXPECT_EQ(d.run.status().reason, observe::reason::kDeadlineExceeded);
}

TEST(Run, ShutdownGivesBackWhatIsNotDialled) {
  Driver d;
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  d.feed(Draining{});
  ASSERT_TRUE(d.asks_only_for<GiveBack>());
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.actions.empty()) << "a check that was under way dials nothing";
  d.feed(ok(record("")));
  EXPECT_EQ(d.run.end(), RunEnd::kGivenBack);
}

TEST(Run, ShutdownWaitsForWhatIsDialledUntilTheGraceIsOver) {
  Driver d;
  d.to_dial();
  d.feed(Draining{});
  EXPECT_TRUE(d.actions.empty());
  d.feed(Draining{true});
  ASSERT_TRUE(d.asks_only_for<Hang>());
  api::ExecReport cancelled;
  cancelled.end = api::ExecEnd::kCancelled;
  d.feed(over(0, cancelled));
  EXPECT_EQ(d.run.status().reason, observe::reason::kControllerShutdown);
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kUnknown);
}

TEST(Run, DeletingTheRecordEndsTheRun) {
  Driver before;
  before.feed(ok(record()));
  before.feed(ParentReply{parent()});
  before.feed(RecordDeleted{});
  before.feed(PodChecked{0, ""});
  ASSERT_TRUE(before.asks_only_for<WriteStatus>());
  EXPECT_EQ(before.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(before.run.status().reason, observe::reason::kDeleted);

  Driver after;
  after.to_dial();
  after.feed(RecordDeleted{});
  EXPECT_TRUE(after.asks_only_for<Hang>());
}

TEST(Run, AllRunsInWavesOfMaxParallel) {
  api::PodJobTemplateSpec s = spec();
  s.strategy.type = "All";
  s.strategy.max_parallel = {2, false};
  Driver d({pod("a", 1), pod("b", 2), pod("c", 3)}, s);
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  EXPECT_EQ(d.actions.size(), 2u);
  d.feed(PodChecked{0, ""});
  d.feed(PodChecked{1, ""});
  d.feed(over(0, success()));
  ASSERT_TRUE(d.asks_only_for<ReadPod>());
  EXPECT_EQ(std::get<ReadPod>(d.actions[0]).target, 2u);
}

TEST(Run, WithoutMaxParallelAQuarterOfTheTargetsRunAtOnceWhateverTheStrategy) {
  for (const char* type : {"All", "Random", "PerTopology", "Percent"}) {
    api::PodJobTemplateSpec s = spec();
    s.strategy.type = type;
    std::vector<api::TargetRef> pods;
    for (std::uint64_t i = 0; i < 9; ++i) pods.push_back(pod("web-" + std::to_string(i), i + 1));
    Driver d(pods, s);
    d.feed(ok(record()));
    d.feed(ParentReply{parent()});
    EXPECT_EQ(d.actions.size(), 2U) << type;
  }
}

/// How a run of four targets ends of which so many fail.
api::PodJobPhase with_failures(int failures, api::IntOrPercent max_failed) {
  api::PodJobTemplateSpec s = spec();
  s.strategy.type = "All";
  s.strategy.max_parallel = {4, false};
  s.strategy.max_failed = max_failed;
  Driver d({pod("a", 1), pod("b", 2), pod("c", 3), pod("d", 4)}, s);
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  api::ExecReport failure = success();
  failure.status_json = R"({"status":"Failure","reason":"NonZeroExitCode",)"
                        R"("details":{"causes":[{"reason":"ExitCode","message":"3"}]}})";
  for (std::uint32_t i = 0; i < 4; ++i) d.feed(PodChecked{i, ""});
  for (std::uint32_t i = 0; i < 4; ++i) {
    d.feed(over(i, static_cast<int>(i) < failures ? failure : success()));
  }
  return d.run.status().phase;
}

TEST(Run, FailsWhenMoreThanMaxFailedTargetsFail) {
  using Phase = api::PodJobPhase;
  EXPECT_EQ(with_failures(0, {0, false}), Phase::kSucceeded);
  EXPECT_EQ(with_failures(1, {0, false}), Phase::kFailed);
  EXPECT_EQ(with_failures(2, {2, false}), Phase::kSucceeded);
  EXPECT_EQ(with_failures(3, {2, false}), Phase::kFailed);
  EXPECT_EQ(with_failures(1, {49, true}), Phase::kSucceeded);
  EXPECT_EQ(with_failures(2, {49, true}), Phase::kFailed);
}

TEST(Run, AContainerWithoutEnvIsDialledAgainWithoutIt) {
  Driver d;
  d.to_dial();
  EXPECT_TRUE(std::get<Dial>(d.actions[0]).through_env);
  api::ExecReport report;
  report.end = api::ExecEnd::kClosed;
  report.status_json = R"({"status":"Failure","reason":"InternalError",)"
                       R"("message":"exec: \"env\": executable file not found in $PATH"})";
  d.feed(over(0, report));
  ASSERT_TRUE(d.asks_only_for<Dial>());
  EXPECT_FALSE(std::get<Dial>(d.actions[0]).through_env);
}

TEST(Run, APodThatGoesAwayIsGivenUpAfterAShortGrace) {
  Driver d;
  d.to_dial();
  d.now = 100;
  d.feed(TargetGone{0});
  d.now = 2'200;
  d.feed(Tick{});
  const bool hangs = std::any_of(d.actions.begin(), d.actions.end(), [](const RunAction& a) {
    return std::holds_alternative<Hang>(a);
  });
  EXPECT_TRUE(hangs);
}

TEST(Run, APermittedRecordThatVanishesIsMissing) {
  Driver d;
  d.to_dial();
  d.feed(over(0, success()));
  d.feed(reply(RecordReply::Kind::kNotFound));
  EXPECT_EQ(d.run.end(), RunEnd::kMissing);
}

TEST(Run, WhatAPodBecameIsWrittenOnceAndTheRunGoesOn) {
  Driver d;
  d.to_dial();
  d.feed(Unexpected{0, "EphemeralContainerRunning"});
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().targets[0].unexpected, "EphemeralContainerRunning");
  d.feed(ok(record()));
  d.feed(Unexpected{0, "SelectorMismatch"});
  EXPECT_TRUE(d.actions.empty());
  EXPECT_EQ(d.run.status().targets[0].unexpected, "EphemeralContainerRunning");
  d.feed(over(0, success()));
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kSucceeded);
}

}  // namespace
}  // namespace podcron::reconcile::testing
