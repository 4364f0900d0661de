// Goal: a pod that did not start a run rests for longer each time, from that PodCronJob alone.
// Method: laws one by one, on a clock that the test moves.
#include "engine/start_back_off.h"

#include <gtest/gtest.h>

namespace podcron::engine {
namespace {

const Uid kJob{1, 1};
const Uid kOther{1, 2};
const Uid kPod{2, 1};
constexpr std::int64_t kGeneration = 4;

MonoTime at(int seconds) { return MonoTime{Seconds{seconds}}; }

api::TargetRef target(const Uid& pod = kPod, const std::string& container_id = "containerd://a") {
  return {"web-0", pod, "node-0", "app", container_id};
}

api::Pod pod_with(const std::string& container_id) {
  api::Pod pod;
  pod.meta.uid = kPod;
  pod.statuses = {{"proxy", "containerd://p", true, true, true},
                  {"app", container_id, true, true, true}};
  return pod;
}

bool rests(const StartBackOff& table, MonoTime now, const Uid& job = kJob) {
  return table.rests(now, job, kGeneration, kPod);
}

TEST(StartBackOff, TenSecondsDoubledToFiveMinutes) {
  StartBackOff table;
  int now = 0;
  for (const int seconds : {10, 20, 40, 80, 160, 300, 300}) {
    table.failed(at(now), kJob, kGeneration, target());
    EXPECT_TRUE(rests(table, at(now + seconds) - Millis{1})) << seconds;
    EXPECT_EQ(table.next_end(at(now), kJob), at(now + seconds));
    now += seconds;
    EXPECT_FALSE(rests(table, at(now))) << seconds;
    EXPECT_FALSE(table.next_end(at(now), kJob));
  }
}

TEST(StartBackOff, AnotherPodCronJobStillUsesThePod) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  EXPECT_TRUE(rests(table, at(1)));
  EXPECT_FALSE(rests(table, at(1), kOther));
  EXPECT_FALSE(table.next_end(at(1), kOther));
}

TEST(StartBackOff, AStartEndsIt) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  table.failed(at(10), kJob, kGeneration, target());
  table.started(kJob, kPod);
  EXPECT_FALSE(rests(table, at(11)));
  table.failed(at(12), kJob, kGeneration, target());
  EXPECT_FALSE(rests(table, at(22))) << "the first failure again";
}

TEST(StartBackOff, AnotherContainerHasNotFailed) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  table.observe(pod_with("containerd://a"));
  EXPECT_TRUE(rests(table, at(1)));
  table.observe(pod_with("containerd://b"));
  EXPECT_FALSE(rests(table, at(1)));
  EXPECT_EQ(table.size(), 0u);
  // Also when only the failure shows it.
  table.failed(at(0), kJob, kGeneration, target());
  table.failed(at(10), kJob, kGeneration, target(kPod, "containerd://c"));
  EXPECT_FALSE(rests(table, at(20)));
}

TEST(StartBackOff, AnEditEndsIt) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  EXPECT_FALSE(table.rests(at(1), kJob, kGeneration + 1, kPod)) << "the command may be another";
  table.failed(at(10), kJob, kGeneration + 1, target());
  EXPECT_FALSE(table.rests(at(20), kJob, kGeneration + 1, kPod)) << "counted anew";
}

TEST(StartBackOff, LongAgoIsForgotten) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  table.failed(at(10), kJob, kGeneration, target());  // until 30
  table.failed(at(30 + 600), kJob, kGeneration, target());
  EXPECT_FALSE(rests(table, at(640)));
}

TEST(StartBackOff, ADeletedPodCronJobLeavesNothing) {
  StartBackOff table;
  table.failed(at(0), kJob, kGeneration, target());
  table.failed(at(0), kJob, kGeneration, target(Uid{2, 2}));
  table.failed(at(0), kOther, kGeneration, target());
  table.forget(kJob);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_TRUE(rests(table, at(1), kOther));
}

TEST(StartBackOff, IsBoundedAndForgetsWhatIsOverFirst) {
  StartBackOff table;
  for (std::uint64_t i = 0; i < kRestsMax; ++i) {
    table.failed(at(static_cast<int>(i / 5000)), kJob, kGeneration, target(Uid{2, i}));
  }
  table.failed(at(3), kOther, kGeneration, target());
  EXPECT_EQ(table.size(), kRestsMax);
  EXPECT_TRUE(rests(table, at(4), kOther));
  EXPECT_FALSE(table.rests(at(4), kJob, kGeneration, Uid{2, 0}));
  EXPECT_TRUE(table.rests(at(4), kJob, kGeneration, Uid{2, kRestsMax - 1}));
}

}  // namespace
}  // namespace podcron::engine
