// Goal: a bad end is believed only when it is known what became of the container.
// Method: a run that a test feeds by hand, to the end of its task and beyond.
#include "unit/reconcile/run_driver.h"

namespace podcron::reconcile::testing {
namespace {

api::ExecReport killed() {
  api::ExecReport r;
  r.end = api::ExecEnd::kClosed;
  r.status_json = R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[)"
                  R"({"reason":"ExitCode","message":"137"}]}})";
  return r;
}

api::ExecReport lost() {
  api::ExecReport r;
  r.end = api::ExecEnd::kLost;
  return r;
}

TEST(RunHarm, AKilledTaskWaitsForItsContainersFate) {
  Driver d;
  d.to_dial();
  d.feed(over(0, killed()));
  EXPECT_TRUE(d.actions.empty());
  EXPECT_TRUE(d.run.settling(0));
  d.feed(ContainerEnded{0});
  ASSERT_TRUE(d.asks_only_for<InspectTarget>());
  d.now = 3000;
  d.feed(TargetInspected{0, "container app ended with exit code 137 (OOMKilled) during the run"});
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, reason::kTargetHarmed);
  EXPECT_EQ(d.run.status().exit_code, 137);
  EXPECT_EQ(d.run.status().targets[0].took, "0.00s") << "the wait is not the task's";
}

TEST(RunHarm, AnEndWithoutContactIsHarmTooButNotCertain) {
  Driver d;
  d.to_dial();
  d.feed(ContainerEnded{0});
  d.feed(over(0, lost()));
  ASSERT_TRUE(d.asks_only_for<InspectTarget>()) << "the watch was first";
  d.feed(TargetInspected{0, "container app was restarted during the run"});
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kUnknown);
  EXPECT_EQ(d.run.status().reason, reason::kTargetHarmed);
}

TEST(RunHarm, WithoutNewsTheLivePodIsReadOnceAndTheFirstJudgementStands) {
  Driver d;
  d.to_dial();
  d.feed(over(0, killed()));
  d.now = 5000;
  d.feed(Tick{});
  EXPECT_TRUE(d.actions.empty() || d.asks_only_for<WriteStatus>());
  d.now = 7000;
  d.feed(Tick{});
  ASSERT_FALSE(d.actions.empty());
  EXPECT_TRUE(std::holds_alternative<InspectTarget>(d.actions.front()));
  d.feed(ContainerEnded{0});
  EXPECT_TRUE(d.actions.empty()) << "it is being read";
  d.feed(TargetInspected{0, ""});
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, reason::kNonZeroExitCode);
}

TEST(RunHarm, AnOrdinaryEndIsNotHeldUp) {
  Driver d;
  d.to_dial();
  d.feed(over(0, success()));
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kSucceeded);
}

TEST(RunHarm, AContainerThatEndsUnderASilentTaskEndsIt) {
  Driver d;
  d.to_dial();
  d.feed(ContainerEnded{0});
  ASSERT_TRUE(d.run.wake_at());
  d.now = 2500;
  d.feed(Tick{});
  ASSERT_FALSE(d.actions.empty());
  EXPECT_TRUE(std::holds_alternative<Hang>(d.actions.front()));
  api::ExecReport cancelled;
  cancelled.end = api::ExecEnd::kCancelled;
  d.feed(over(0, cancelled));
  ASSERT_TRUE(d.asks_only_for<InspectTarget>());
  d.feed(TargetInspected{0, "container app was restarted during the run"});
  EXPECT_EQ(d.run.status().reason, reason::kTargetHarmed);
}

TEST(RunHarm, WhoeverGivesTheRunUpReadsThePodAtOnce) {
  Driver d;
  d.to_dial();
  d.feed(over(0, killed()));
  d.feed(RecordDeleted{});
  ASSERT_TRUE(d.asks_only_for<InspectTarget>());
  d.feed(TargetInspected{0, ""});
  EXPECT_EQ(d.run.status().reason, reason::kNonZeroExitCode);
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
}

TEST(RunHarm, AProcessThatEndsWaitsForNothing) {
  Driver d;
  d.to_dial();
  d.feed(over(0, killed()));
  d.feed(Draining{true});
  EXPECT_EQ(d.run.status().reason, reason::kNonZeroExitCode);
  EXPECT_TRUE(d.asks_only_for<WriteStatus>());
  Driver late;
  late.to_dial();
  late.feed(Draining{true});
  late.feed(over(0, killed()));
  EXPECT_FALSE(late.run.settling(0)) << "given up before it ended";
}

}  // namespace
}  // namespace podcron::reconcile::testing
