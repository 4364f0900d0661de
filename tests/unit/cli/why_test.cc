// Goal: each due time is answered from the best that is left of it, and never made up.
#include "cli/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/schedule_source.h"
#include "cli/zone_files.h"

namespace podcron::cli {
namespace {

using ::testing::HasSubstr;

WallTime at(const char* text) { return *parse_rfc3339(text); }
const WallTime kNow = at("2026-11-23T12:00:30Z");

/// shop/digest, every ten minutes since midnight, decided through 12:00.
struct Case {
  Case() {
    job.meta.namespace_ = "shop";
    job.meta.name = "digest";
    job.meta.uid = Uid{9, 9};
    job.spec.schedule = "*/10 * * * *";
    job.status.decided_through = at("2026-11-23T12:00:00Z");
    job.status.observed_schedule.emplace();
    job.status.observed_schedule->since = at("2026-11-23T00:00:00Z");
  }
  api::PodJob& run(const char* scheduled, api::PodJobPhase phase) {
    api::PodJob& record = runs.emplace_back();
    record.meta.name = std::string("digest-") + scheduled;
    record.controller = api::OwnerReference{"podcron.dev", "PodCronJob", "digest", job.meta.uid};
    record.scheduled_time = at(scheduled);
    record.targets.push_back({"shop-1", Uid{1, 1}, "node", "app", "id"});
    record.status.phase = phase;
    record.status.target = "shop-1";
    record.status.exit_code = 0;
    record.status.took = "41s";
    record.status.late = "0.3s";
    record.status.eligibility = api::EligibilitySummary{7, 5, {{"PodNotReady", 2}}};
    return record;
  }
  void history(const char* from, const char* to, std::int64_t count, api::Outcome outcome,
               const char* reason) {
    job.status.history.push_back({at(from), at(to), count, outcome, reason, ""});
  }
  [[nodiscard]] Result<WhyAnswer> ask(const char* moment = nullptr) const {
    const auto zones = read_zone("/usr/share/zoneinfo", "UTC");
    std::optional<std::vector<Stretch>> asked;
    if (moment != nullptr) asked = *parse_moment(moment, TimeZone(), kNow);
    return why(job, runs, schedule_of(*zones, job), asked, kNow);
  }
  [[nodiscard]] std::string text(const char* moment = nullptr) const {
    const auto answer = ask(moment);
    return answer ? to_text(*answer, TimeZone(), false) : "error: " + answer.error().message;
  }
  api::PodCronJob job;
  std::vector<api::PodJob> runs;
};

TEST(Why, ARunIsToldFromItsRecordInAFewLines) {
  Case world;
  world.run("2026-11-23T12:00:00Z", api::PodJobPhase::kSucceeded);
  EXPECT_EQ(world.text(),
            "2026-11-23 12:00 UTC  Succeeded  exit 0, 41s, 0.3s late\n"
            "ran on    shop-1   (Random, 1 of 5 eligible)\n"
            "left out  2 PodNotReady\n");
}

TEST(Why, WithoutARecordTheHistorySpeaks) {
  Case world;
  world.history("2026-11-23T11:00:00Z", "2026-11-23T11:40:00Z", 5, api::Outcome::kSkipped,
                "Suspended");
  world.history("2026-11-23T11:50:00Z", "2026-11-23T11:50:00Z", 1, api::Outcome::kFailed,
                "NonZeroExitCode");
  EXPECT_EQ(world.text("11:30"),
            "2026-11-23 11:30 UTC  Skipped  Suspended\n"
            "why       spec.suspend was true\n"
            "one of    5 in a row, 2026-11-23 11:00 UTC to 2026-11-23 11:40 UTC\n");
  EXPECT_THAT(world.text("11:50"), HasSubstr("its PodJob is gone: only this is left"));
}

TEST(Why, WhatNothingIsLeftOfIsNotMadeUp) {
  EXPECT_EQ(Case().ask("10:00")->times.at(0).knowledge, Knowledge::kForgotten);
  EXPECT_THAT(Case().text("10:00"), HasSubstr("NotOnRecord"));
}

TEST(Why, ATimeThatWaitsSaysWhatHoldsItBack) {
  Case world;
  world.job.status.decided_through = at("2026-11-23T11:50:00Z");
  world.job.status.conditions.push_back({"Ready", api::ConditionStatus::kFalse, "NoEligiblePod",
                                         "0 of 3 pods eligible: 3 PodNotReady", kNow, 1});
  EXPECT_EQ(world.text(),
            "2026-11-23 12:00 UTC  Undecided\n"
            "why       due, but not decided yet: NoEligiblePod: 0 of 3 pods eligible: 3 "
            "PodNotReady\n");
}

TEST(Why, AClaimWithoutARecordNamesItsHolder) {
  Case world;
  world.job.status.active.push_back(
      {"digest-x", at("2026-11-23T12:00:00Z"), "podcron-0_1", 1, api::ActiveState::kActive});
  EXPECT_THAT(world.text(), HasSubstr("Pending\nwhy       claimed by podcron-0_1"));
}

TEST(Why, ATimeToComeIsNotDue) {
  EXPECT_THAT(Case().text("2026-11-23T12:10"), HasSubstr("NotDue\nwhy       it is not due yet"));
}

TEST(Why, NoDueTimeThenNamesItsNeighbours) {
  EXPECT_EQ(Case().text("11:55"),
            "error: PodCronJob shop/digest: no due time then; before it: 2026-11-23T11:50:00Z; "
            "after it: 2026-11-23T12:00:00Z");
}

TEST(Why, ARecordOfANamesakeThatWasDeletedDoesNotCount) {
  Case world;
  world.run("2026-11-23T12:00:00Z", api::PodJobPhase::kSucceeded).controller->uid = Uid{8, 8};
  EXPECT_EQ(world.ask()->times.at(0).knowledge, Knowledge::kForgotten);
}

TEST(Why, OfADayTheLastTenAreShownAndTheOthersCounted) {
  const auto answer = *Case().ask("2026-11-23");
  ASSERT_EQ(answer.times.size(), kDueTimesShown);
  EXPECT_EQ(answer.times.back().scheduled_time, at("2026-11-23T23:50:00Z"));
  // 00:10 is the first: the schedule is observed since midnight.
  EXPECT_EQ(answer.earlier, 143U - kDueTimesShown);
}

TEST(Why, WhatRanUnderAnEarlierScheduleIsFound) {
  Case world;
  world.run("2026-11-23T11:55:00Z", api::PodJobPhase::kFailed);
  EXPECT_THAT(world.text("11:55"), HasSubstr("Failed"));
}

TEST(Why, AScheduleThatCannotBeReadLeavesTheRecords) {
  Case world;
  world.run("2026-11-23T12:00:00Z", api::PodJobPhase::kSucceeded);
  world.job.spec.schedule = "61 * * * *";
  EXPECT_EQ(world.ask()->times.at(0).knowledge, Knowledge::kRecord);
}

TEST(Why, OfManyTargetsThoseThatDidNotSucceedAreNamed) {
  Case world;
  api::PodJob& record = world.run("2026-11-23T12:00:00Z", api::PodJobPhase::kFailed);
  record.targets.push_back({"shop-2", Uid{1, 2}, "node", "app", "id"});
  record.status.target = "2 pods";
  record.status.exit_code.reset();
  api::TargetStatus good;
  good.pod_name = "shop-1";
  good.outcome = api::TargetOutcome::kSucceeded;
  api::TargetStatus bad;
  bad.pod_name = "shop-2";
  bad.outcome = api::TargetOutcome::kFailed;
  bad.exit_code = 3;
  bad.reason = "NonZeroExitCode";
  record.status.targets = {good, bad};
  const std::string text = world.text();
  EXPECT_THAT(text, HasSubstr("ran on    2 pods   (Random, 2 of 5 eligible)\n"));
  EXPECT_THAT(text, HasSubstr("          shop-2  Failed exit 3 NonZeroExitCode\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("shop-1")));
}

TEST(Why, JsonHasWhatTheTextHas) {
  Case world;
  world.run("2026-11-23T12:00:00Z", api::PodJobPhase::kSucceeded);
  EXPECT_EQ(
      to_json(*world.ask()),
      "{\"podCronJob\":\"shop/digest\",\"times\":[{\"scheduledTime\":\"2026-11-23T12:00:00Z\","
      "\"outcome\":\"Succeeded\",\"podJob\":\"digest-2026-11-23T12:00:00Z\",\"late\":\"0.3s\","
      "\"took\":\"41s\",\"strategy\":\"Random\",\"eligible\":5,\"matched\":7,"
      "\"leftOut\":{\"PodNotReady\":2},\"targets\":[]}],\"earlier\":0}\n");
}

TEST(Why, EveryReasonOfTheContractHasAMeaning) {
  for (const char* reason :
       {"Suspended", "NamespaceSuspended", "GloballySuspended", "ScheduleChanged", "ApiUnavailable",
        "CatchUpDisabled", "Superseded", "CatchUpLimit", "StartingDeadlineExceeded", "ActiveLimit",
        "ConcurrencyForbidden", "NoEligiblePod", "Denied"}) {
    EXPECT_NE(meaning_of_reason(reason), "") << reason;
  }
}

}  // namespace
}  // namespace podcron::cli
