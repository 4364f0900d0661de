// Goal: a pod that does not pass its servingProbe gets no task, and the probe is no task.
// Method: the state machine is fed by hand.
#include "unit/reconcile/run_driver.h"

namespace podcron::reconcile::testing {
namespace {

/// A run whose target has a servingProbe of 2 seconds, up to the probe.
struct ProbeDriver : Driver {
  static api::PodJobTemplateSpec probing() {
    api::PodJobTemplateSpec s = spec();
    s.target.serving_probe = api::ServingProbe{{"ask"}, std::nullopt, 2};
    return s;
  }
  explicit ProbeDriver(std::vector<api::TargetRef> targets = {pod("web-1", 1)})
      : Driver(std::move(targets), probing()) {
    to_dial();
  }
  [[nodiscard]] bool dials(bool probe) const {
    return asks_only_for<Dial>() && std::get<Dial>(actions[0]).probe == probe;
  }
  [[nodiscard]] const Redraw* redraw() const {
    return asks_only_for<Redraw>() ? &std::get<Redraw>(actions[0]) : nullptr;
  }
};

TEST(RunProbe, TheTaskIsDialledAfterThePodSaidYes) {
  ProbeDriver d;
  ASSERT_TRUE(d.dials(true));
  EXPECT_FALSE(d.run.ever_dialled());
  d.feed(over(0, success()));
  EXPECT_TRUE(d.dials(false));
  EXPECT_TRUE(d.run.ever_dialled());
  d.feed(over(0, success()));
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kSucceeded);
}

TEST(RunProbe, AnyOtherAnswerIsACertainNonStartOfTheTask) {
  api::ExecReport lost;
  lost.end = api::ExecEnd::kLost;
  api::ExecReport no;
  no.end = api::ExecEnd::kClosed;
  no.status_json = R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[)"
                   R"({"reason":"ExitCode","message":"1"}]}})";
  api::ExecReport late;
  late.end = api::ExecEnd::kCancelled;
  for (const api::ExecReport& report : {lost, no, late}) {
    ProbeDriver d;
    d.feed(over(0, report));
    ASSERT_NE(d.redraw(), nullptr);
    EXPECT_TRUE(d.redraw()->pod_failed);
    EXPECT_EQ(d.run.status().targets[0].reason, reason::kServingProbeFailed);
    d.feed(Redrawn{0, pod("web-2", 2)});
    d.feed(ok(record()));
    d.feed(PodChecked{0, ""});
    EXPECT_TRUE(d.dials(true)) << "the other pod is asked as well";
    EXPECT_FALSE(d.run.ever_dialled());
  }
}

TEST(RunProbe, WithoutAnotherPodItSaysWhatThePodAnswered) {
  ProbeDriver d;
  api::ExecReport late;
  late.end = api::ExecEnd::kCancelled;
  d.feed(over(0, late));
  d.feed(Redrawn{0, std::nullopt});
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, reason::kNotStarted);
  EXPECT_EQ(d.run.status().message, "last refusal: ServingProbeFailed: no answer in time");
}

TEST(RunProbe, WhatNeverReachedTheNodeDoesNotBlameThePod) {
  ProbeDriver d;
  d.feed(over(0, api::ExecReport{}));
  ASSERT_NE(d.redraw(), nullptr);
  EXPECT_FALSE(d.redraw()->pod_failed);
}

TEST(RunProbe, IsHungUpAtItsTimeLimit) {
  ProbeDriver d;
  ASSERT_TRUE(d.run.wake_at());
  EXPECT_EQ(*d.run.wake_at(), MonoTime{Millis{2010}});
  d.now = 2009;
  d.feed(Tick{});
  EXPECT_TRUE(d.actions.empty());
  d.now = 2010;
  d.feed(Tick{});
  EXPECT_TRUE(d.asks_only_for<Hang>());
  d.feed(Tick{});
  EXPECT_TRUE(d.actions.empty()) << "once";
  EXPECT_FALSE(d.run.wake_at());
}

TEST(RunProbe, AfterASlowAnswerEverythingIsLookedAtAgainButThePodIsNotAsked) {
  ProbeDriver d;
  d.now = 5000;
  d.feed(over(0, success()));
  ASSERT_TRUE(d.asks_only_for<ReadRecord>());
  d.feed(ok(record()));
  d.feed(ParentReply{parent()});
  EXPECT_TRUE(d.asks_only_for<ReadPod>());
  d.feed(PodChecked{0, ""});
  EXPECT_TRUE(d.dials(false));
}

TEST(RunProbe, AfterTheStartingDeadlineAYesComesTooLate) {
  ProbeDriver d;
  d.now = 61'000;
  d.feed(over(0, success()));
  EXPECT_EQ(d.run.status().reason, reason::kStartingDeadlineExceeded);
  EXPECT_FALSE(d.run.ever_dialled());
}

TEST(RunProbe, AReplacedRunStartsNothingWhateverThePodAnswers) {
  ProbeDriver d;
  d.feed(Replaced{});
  EXPECT_TRUE(d.asks_only_for<Hang>());
  d.feed(over(0, success()));
  EXPECT_EQ(d.run.status().phase, api::PodJobPhase::kFailed);
  EXPECT_EQ(d.run.status().reason, reason::kReplaced);
  EXPECT_FALSE(d.run.ever_dialled());
}

TEST(RunProbe, AShutdownGivesBackWhatWasOnlyProbed) {
  ProbeDriver d;
  d.feed(Draining{false});
  EXPECT_TRUE(d.asks_only_for<GiveBack>());
  d.feed(over(0, success()));
  EXPECT_TRUE(d.actions.empty());
}

}  // namespace
}  // namespace podcron::reconcile::testing
