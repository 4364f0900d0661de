// Goal: a container that ends under a run is seen as such, and nothing else is.
// Method: fates of a container beside the one that the run was dialled in.
#include "reconcile/harm.h"

#include <gtest/gtest.h>

namespace podcron::reconcile {
namespace {

const Uid kPod{9, 1};

api::TargetRef target() { return {"web-1", kPod, "node-0", "app", "containerd://one"}; }

api::ContainerFate running() {
  api::ContainerFate fate;
  fate.pod = kPod;
  fate.found = true;
  fate.container_id = "containerd://one";
  fate.running = true;
  return fate;
}

TEST(HarmOf, AContainerThatRunsOnIsUnharmedWhateverEndedBeforeIt) {
  api::ContainerFate fate = running();
  EXPECT_EQ(harm_of(fate, target()), "");
  fate.end = api::ContainerEnd{"containerd://zero", "OOMKilled", 137};
  EXPECT_EQ(harm_of(fate, target()), "");
}

TEST(HarmOf, WhatEndedIsNamedWithItsReason) {
  api::ContainerFate fate = running();
  fate.running = false;
  fate.end = api::ContainerEnd{"containerd://one", "OOMKilled", 137};
  EXPECT_EQ(harm_of(fate, target()),
            "container app ended with exit code 137 (OOMKilled) during the run");
  fate = running();
  fate.container_id = "containerd://two";
  fate.end = api::ContainerEnd{"containerd://one", "Error", 1};
  EXPECT_EQ(harm_of(fate, target()), "container app ended with exit code 1 (Error) during the run");
}

TEST(HarmOf, AnotherContainerIsARestartEvenIfItsEndIsForgotten) {
  api::ContainerFate fate = running();
  fate.container_id = "containerd://three";
  fate.end = api::ContainerEnd{"containerd://two", "Error", 1};
  EXPECT_EQ(harm_of(fate, target()), "container app was restarted during the run");
  fate.end.reset();
  EXPECT_EQ(harm_of(fate, target()), "container app was restarted during the run");
}

TEST(HarmOf, AContainerThatWaitsToStartAgainHasEnded) {
  api::ContainerFate fate = running();
  fate.running = false;
  EXPECT_EQ(harm_of(fate, target()), "container app was restarted during the run");
}

TEST(HarmOf, APodThatLeavesOrIsAnotherWasNotHarmed) {
  api::ContainerFate fate = running();
  fate.running = false;
  fate.leaving = true;
  EXPECT_EQ(harm_of(fate, target()), "");
  fate.leaving = false;
  fate.pod = Uid{9, 2};
  EXPECT_EQ(harm_of(fate, target()), "");
}

TEST(NoteHarm, TwoInARowUnderOneSpecAreHarmful) {
  api::PodCronJobStatus status;
  note_harm(status, 3, HarmFact::kHarmed);
  EXPECT_FALSE(is_harmful(status, 3));
  note_harm(status, 3, HarmFact::kHarmed);
  EXPECT_TRUE(is_harmful(status, 3));
  EXPECT_FALSE(is_harmful(status, 4)) << "the spec has changed";
}

TEST(NoteHarm, ARunThatHarmsNothingOrAnotherSpecBeginsAnew) {
  api::PodCronJobStatus status;
  note_harm(status, 3, HarmFact::kHarmed);
  note_harm(status, 3, HarmFact::kUnharmed);
  note_harm(status, 3, HarmFact::kHarmed);
  EXPECT_FALSE(is_harmful(status, 3));
  note_harm(status, 4, HarmFact::kHarmed);
  EXPECT_FALSE(is_harmful(status, 4));
}

TEST(NoteHarm, WhatDidNotRunSaysNothing) {
  api::PodCronJobStatus status;
  note_harm(status, 3, HarmFact::kHarmed);
  note_harm(status, 3, HarmFact::kNothing);
  note_harm(status, 3, HarmFact::kHarmed);
  EXPECT_TRUE(is_harmful(status, 3));
}

TEST(NoteHarm, WhatIsHarmfulStaysSoUntilTheSpecChanges) {
  api::PodCronJobStatus status;
  note_harm(status, 3, HarmFact::kHarmed);
  note_harm(status, 3, HarmFact::kHarmed);
  note_harm(status, 3, HarmFact::kUnharmed);
  EXPECT_TRUE(is_harmful(status, 3));
}

TEST(HarmOf, APodThatTellsNothingOfTheContainerProvesNoHarm) {
  api::ContainerFate fate;
  fate.pod = kPod;
  EXPECT_EQ(harm_of(fate, target()), "");
}

TEST(NoteHarm, TheLateEndOfAnOlderSpecsRunSaysNothing) {
  api::PodCronJobStatus status;
  note_harm(status, 4, HarmFact::kHarmed);
  note_harm(status, 3, HarmFact::kUnharmed);
  note_harm(status, 3, HarmFact::kHarmed);
  EXPECT_EQ(status.target_harm, (api::TargetHarm{4, 1}));
}

}  // namespace
}  // namespace podcron::reconcile
