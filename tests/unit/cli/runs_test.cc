// Goal: runs are listed newest first, each once, from the best that is left of them.
#include "cli/runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "reconcile/due_time.h"

namespace podcron::cli {
namespace {

using ::testing::HasSubstr;

WallTime at(const char* text) { return *parse_rfc3339(text); }

api::PodCronJob digest() {
  api::PodCronJob job;
  job.meta.namespace_ = "shop";
  job.meta.name = "digest";
  job.meta.uid = Uid{9, 9};
  return job;
}

api::PodJob record(const std::string& name, const char* made) {
  api::PodJob record;
  record.meta.name = name;
  record.meta.creation_timestamp = at(made);
  record.pod_cron_job_name = "digest";
  record.controller = api::OwnerReference{"podcron.dev", "PodCronJob", "digest", Uid{9, 9}};
  return record;
}

TEST(Runs, ScheduledOnesAndThoseByHandStandInOneRow) {
  api::PodJob scheduled = record("digest-1", "2026-11-23T12:00:01Z");
  scheduled.scheduled_time = at("2026-11-23T12:00:00Z");
  scheduled.status.phase = api::PodJobPhase::kSucceeded;
  scheduled.status.target = "shop-1";
  scheduled.status.late = "0.02s";
  scheduled.status.took = "0.41s";
  scheduled.status.exit_code = 0;
  api::PodJob by_hand = record("digest-manual-x", "2026-11-23T12:00:10Z");
  by_hand.status.phase = api::PodJobPhase::kFailed;
  by_hand.status.reason = "ConcurrencyForbidden";
  const auto text = runs_to_text("shop/digest", runs_of(digest(), {scheduled, by_hand}),
                                 at("2026-11-23T12:02:10Z"), false);
  EXPECT_EQ(
      text,
      "RUN              SCHEDULED             PHASE      REASON                TARGET  LATE   "
      "TOOK   EXIT  AGE\n"
      "digest-manual-x  by hand               Failed     ConcurrencyForbidden                 "
      "             2m\n"
      "digest-1         2026-11-23T12:00:00Z  Succeeded                        shop-1  0.02s  "
      "0.41s  0     2m\n");
}

TEST(Runs, OfOthersNoneIsShown) {
  api::PodJob other = record("x", "2026-11-23T12:00:01Z");
  other.controller->uid = Uid{1, 1};
  api::PodJob unowned = record("mine", "2026-11-23T12:00:01Z");
  unowned.controller.reset();
  const auto runs = runs_of(digest(), {other, unowned});
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].name, "mine");
}

TEST(Runs, HistoryKnowsWhatHasNoPodJobAnyMore) {
  api::PodCronJob job = digest();
  const WallTime due = at("2026-11-23T11:00:00Z");
  const std::string name = reconcile::run_name("digest", job.meta.uid, due);
  job.status.history = {
      {due, due, 1, api::Outcome::kUnknown, "HolderGone", name},
      {at("2026-11-23T11:30:00Z"), at("2026-11-23T11:30:00Z"), 1, api::Outcome::kSucceeded, "",
       "digest-manual-x"},
      {at("2026-11-23T11:40:00Z"), at("2026-11-23T11:50:00Z"), 2, api::Outcome::kSkipped,
       "Suspended", ""},
      {at("2026-11-23T11:55:00Z"), at("2026-11-23T11:55:00Z"), 1, api::Outcome::kFailed, "", "y"}};
  const auto runs = runs_of(job, {record("y", "2026-11-23T11:55:00Z")});
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].name, "y");
  EXPECT_TRUE(runs[0].recorded);
  EXPECT_EQ(runs[1].name, "digest-manual-x");
  EXPECT_FALSE(runs[1].scheduled_time);
  EXPECT_FALSE(runs[1].recorded);
  EXPECT_EQ(runs[2].scheduled_time, due);
  const std::string json = runs_to_json("shop/digest", runs);
  EXPECT_THAT(json, HasSubstr(R"({"podCronJob":"shop/digest","runs":[{"name":"y","byHand":true,)"));
  EXPECT_THAT(json, HasSubstr(R"("scheduledTime":"2026-11-23T11:00:00Z","phase":"Unknown",)"
                              R"("reason":"HolderGone","recorded":false)"));
}

TEST(Runs, NoneIsSaid) {
  EXPECT_EQ(runs_to_text("shop/digest", {}, {}, false), "no runs of shop/digest on record\n");
}

TEST(Runs, APhaseIsOneLine) {
  api::PodJob run = record("digest-manual-x", "2026-11-23T12:00:10Z");
  EXPECT_EQ(phase_line(run), "Pending");
  run.status.reason = "NoEligiblePod";
  run.status.message = "0 of 2 pods eligible:\n\x1b[2J";
  EXPECT_EQ(phase_line(run), "Pending    NoEligiblePod, 0 of 2 pods eligible:??[2J");
  run.status = {};
  run.status.phase = api::PodJobPhase::kFailed;
  run.status.reason = "NonZeroExitCode";
  run.status.message = "exit code 7";
  run.status.exit_code = 7;
  EXPECT_EQ(phase_line(run), "Failed     NonZeroExitCode, exit code 7");
  run.status = {};
  run.status.phase = api::PodJobPhase::kSucceeded;
  run.status.exit_code = 0;
  run.status.took = "0.41s";
  run.status.target = "shop-1";
  EXPECT_EQ(phase_line(run), "Succeeded  exit 0, 0.41s, in shop-1");
}

}  // namespace
}  // namespace podcron::cli
