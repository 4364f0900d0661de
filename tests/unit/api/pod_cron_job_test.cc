// Goal: what a PodCronJob says is read, and its ledger is written so that it reads back the same.
// Method: an object as the API server returns it, and objects with one thing changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "api/codec.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

using ::testing::HasSubstr;
using testing::kPodCronJob;
using ::testing::Not;
using testing::with;

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

PodCronJob decoded(std::string_view json) {
  auto job = Decoder().pod_cron_job(json);
  EXPECT_TRUE(job.has_value()) << (job ? "" : job.error().message);
  return job.value_or(PodCronJob{});
}

/// What a patch is of.
PodCronJob version(std::uint64_t resource_version) {
  PodCronJob job;
  job.meta.resource_version = resource_version;
  return job;
}

std::string refused(std::string_view json) {
  const auto job = Decoder().pod_cron_job(json);
  EXPECT_FALSE(job.has_value());
  return job ? "" : job.error().message;
}

TEST(DecodePodCronJob, ReadsTheSchedule) {
  const PodCronJobSpec spec = decoded(kPodCronJob).spec;
  EXPECT_EQ(spec.schedule, "0 3 * * *");
  EXPECT_EQ(spec.time_zone, "Asia/Shanghai");
  EXPECT_EQ(spec.starting_deadline_seconds, 7200);
  EXPECT_EQ(spec.catch_up_policy, CatchUpPolicy::kLatest);
  EXPECT_EQ(spec.concurrency_policy, ConcurrencyPolicy::kForbid);
  EXPECT_EQ(spec.spread_seconds, 30);
  EXPECT_EQ(spec.template_labels, (StringMap{{"team", "mail"}}));
  EXPECT_EQ(spec.template_annotations, (StringMap{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(spec.not_implemented, "");
}

TEST(DecodePodCronJob, ReadsTheTemplate) {
  const PodJobTemplateSpec job = decoded(kPodCronJob).spec.job;
  EXPECT_EQ(job.target.selector.to_query(), "app=shop,tier in (api,web),!canary");
  ASSERT_TRUE(job.target.workload_ref);
  EXPECT_EQ(job.target.workload_ref->name, "shop");
  EXPECT_EQ(job.target.pod_names, (std::vector<std::string>{"shop-0", "shop-1"}));
  EXPECT_EQ(job.target.container, "app");
  EXPECT_EQ(job.target.min_ready_seconds, 5);
  EXPECT_EQ(job.target.min_eligible, 2);
  EXPECT_EQ(job.strategy.type, "All");
  EXPECT_EQ(job.strategy.max_parallel, (IntOrPercent{50, true}));
  EXPECT_EQ(job.strategy.max_failed, (IntOrPercent{1, false}));
  EXPECT_EQ(job.no_target_policy, NoTargetPolicy::kSkip);
  EXPECT_EQ(job.executor, Executor::kExec);
  EXPECT_EQ(job.exec.command,
            (std::vector<std::string>{"bin/shop", "digest", "$(PODCRON_RUN_ID)"}));
  EXPECT_EQ(job.exec.env, (StringMap{{"A", ""}, {"B", "2"}}));
  EXPECT_EQ(job.active_deadline_seconds, 300);
  EXPECT_EQ(job.output_policy, OutputPolicy::kAlways);
}

TEST(DecodePodCronJob, WhatIsAbsentHasItsDefault) {
  const auto job = decoded(R"({"metadata":{"name":"d","namespace":"n","resourceVersion":"1",
    "uid":"3c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d444"},"spec":{"schedule":"@daily",
    "podJobTemplate":{"spec":{"target":{"selector":{}},"exec":{"command":["x"]}}}}})");
  PodCronJobSpec expected;
  expected.schedule = "@daily";
  expected.job.executor = Executor::kExec;
  expected.job.exec.command = {"x"};
  expected.job_json = R"({"target":{"selector":{}},"exec":{"command":["x"]}})";
  EXPECT_EQ(job.spec, expected);
  EXPECT_EQ(job.status, PodCronJobStatus{});
}

TEST(DecodePodCronJob, TheTemplateIsKeptWhole) {
  const auto job = decoded(with(kPodCronJob, R"("minEligible": 2,)",
                                R"("minEligible": 2, "future": {"x": [1, 2.5, null, "é\n"]},)"));
  EXPECT_THAT(job.spec.job_json, HasSubstr(R"("future":{"x":[1,2.5,null,"é\n"]})"));
  EXPECT_THAT(job.spec.job_json, Not(HasSubstr("\n")));
}

TEST(DecodePodCronJob, ReadsTheLedger) {
  const PodCronJobStatus status = decoded(kPodCronJob).status;
  EXPECT_EQ(status.decided_through, at("2026-03-08T19:00:00Z"));
  ASSERT_TRUE(status.observed_schedule);
  EXPECT_EQ(status.observed_schedule->since, at("2026-03-01T00:00:00Z"));
  ASSERT_EQ(status.active.size(), 1u);
  EXPECT_EQ(status.active[0].holder, "podcron-0/abc");
  EXPECT_EQ(status.active[0].state, ActiveState::kUnknown);
  ASSERT_EQ(status.history.size(), 1u);
  EXPECT_EQ(status.history[0].to, status.history[0].from);
  EXPECT_EQ(status.history[0].count, 1);
  EXPECT_EQ(status.history[0].outcome, Outcome::kSkipped);
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_EQ(status.conditions[0].status, ConditionStatus::kTrue);
}

TEST(DecodePodCronJob, WhatIsWrongIsNamedWithItsPath) {
  EXPECT_EQ(refused(with(kPodCronJob, R"("Forbid")", R"("Perhaps")")),
            "spec.concurrencyPolicy: got \"Perhaps\", wanted one of Forbid, Allow, Replace, Queue");
  EXPECT_EQ(refused(with(kPodCronJob, R"("50%")", R"("half")")),
            "spec.podJobTemplate.spec.strategy.maxParallel: got \"half\", wanted a number or a "
            "percentage such as \"25%\"");
  EXPECT_EQ(refused(with(kPodCronJob, R"("operator": "In")", R"("operator": "Near")")),
            "spec.podJobTemplate.spec.target.selector.matchExpressions[0].operator: got \"Near\", "
            "wanted one of In, NotIn, Exists, DoesNotExist");
  EXPECT_EQ(refused(with(kPodCronJob, R"(, "values": ["web", "api"])", "")),
            "spec.podJobTemplate.spec.target.selector.matchExpressions[0].values: missing");
  EXPECT_EQ(refused(with(kPodCronJob, R"("spreadSeconds": 30)", R"("spreadSeconds": 3000000000)")),
            "spec.spreadSeconds: got 3000000000, wanted a whole number of 32 bits");
  EXPECT_EQ(refused(with(kPodCronJob, R"("decidedThrough": "2026-03-08T19:00:00Z")",
                         R"("decidedThrough": 7)")),
            "status.decidedThrough: got 7, wanted a string");
  EXPECT_EQ(refused(with(kPodCronJob, R"("schedule": "0 3 * * *", "timeZone")", R"("timeZone")")),
            "spec.schedule: missing");
  EXPECT_EQ(refused(with(kPodCronJob, R"("spec": {)", R"("other": {)")), "spec: missing");
}

TEST(DecodePodCronJob, SuspensionHasOneReasonOrNone) {
  const auto reason = [](const char* fields) {
    return decoded(with(kPodCronJob, R"("suspend": false,
      "since")",
                        fmt::format("{}, \"since\"", fields)))
        .status.observed_schedule->suspend_reason;
  };
  EXPECT_EQ(reason(R"("suspend": false)"), "");
  EXPECT_EQ(reason(R"("suspend": false, "suspendReason": "NamespaceSuspended")"), "");
  EXPECT_EQ(reason(R"("suspend": true, "suspendReason": "GloballySuspended")"),
            "GloballySuspended");
  EXPECT_EQ(reason(R"("suspend": true)"), "Suspended") << "of a version that knew one switch";
}

TEST(EncodePodCronJobStatus, ReadsBackTheSame) {
  PodCronJobStatus status;
  status.decided_through = at("2026-03-08T19:00:00Z");
  status.observed_schedule = ObservedSchedule{
      "0 3 * * *", "Europe/Berlin", "Once", 5, "NamespaceSuspended", at("2026-03-01T00:00:00Z")};
  status.last_schedule_time = at("2026-03-08T18:00:00Z");
  status.last_successful_time = at("2026-03-08T18:00:01Z");
  status.last_failure_time = at("2026-03-07T18:00:01Z");
  status.next_schedule_time = at("2026-03-09T19:00:00Z");
  status.active = {{"a", at("2026-03-08T19:00:00Z"), "h/1", 1, ActiveState::kActive},
                   {"b", at("2026-03-08T19:10:00Z"), "", 2, ActiveState::kEnding}};
  status.history = {{at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"), 24, Outcome::kMissed,
                     "Superseded", ""},
                    {at("2026-03-03T00:00:00Z"), at("2026-03-03T00:00:00Z"), 1, Outcome::kSucceeded,
                     "", "digest-1"}};
  status.strategy_state = {{"shop-0", "2026-03-08T19:00:00Z"}, {"shop-1", ""}};
  status.conditions = {{"Ready", ConditionStatus::kFalse, "NotImplemented", "spec.http: \"x\"\n",
                        at("2026-03-01T00:00:00Z"), 4},
                       {"SessionDetection", ConditionStatus::kUnknown, "Disabled", "",
                        at("2026-03-01T00:00:00Z"), 4}};
  status.observed_generation = 4;
  const std::string patch = encode_status_patch(status, version(900));
  EXPECT_THAT(patch, HasSubstr(R"("metadata":{"resourceVersion":"900"})"));
  // The patch on top of an object without status is the status.
  const auto at_status = patch.find(R"("status":)");
  const auto body = with(kPodCronJob, R"("status": {)", R"("old": {)");
  const auto merged = with(body, R"("old": {)",
                           patch.substr(at_status, patch.size() - at_status - 1) + R"(, "old": {)");
  EXPECT_EQ(decoded(merged).status, status);
}

TEST(EncodePodCronJobStatus, TimesOfAnyDayAndYearAreRfc3339) {
  PodCronJobStatus status;
  for (const auto* text : {"2026-03-08T23:59:59Z", "1969-12-31T23:59:59Z", "2000-02-29T00:00:00Z",
                           "9999-12-31T12:34:56Z", "0001-01-01T00:00:01Z"}) {
    status.history.push_back({at(text), at(text), 1, Outcome::kMissed, "", ""});
    EXPECT_THAT(encode_status_patch(status, version(1)), HasSubstr(text));
  }
}

TEST(EncodePodCronJobStatus, WhatIsAbsentIsRemoved) {
  const std::string patch =
      encode_status_patch(PodCronJobStatus{}, version(18446744073709551615ULL));
  EXPECT_EQ(patch, R"({"metadata":{"resourceVersion":"18446744073709551615"},"status":{)"
                   R"("observedGeneration":0,"decidedThrough":null,"observedSchedule":null,)"
                   R"("lastScheduleTime":null,"lastSuccessfulTime":null,"lastFailureTime":null,)"
                   R"("nextScheduleTime":null,"active":[],"history":[],"strategyState":null,)"
                   R"("conditions":[]}})");
}

TEST(EncodePodCronJobStatus, EntriesOfTheStrategyStateThatAreGoneAreNamed) {
  PodCronJob before = version(7);
  before.status.strategy_state = {{"a\"b", "1"}, {"kept", "2"}, {"last", "3"}};
  PodCronJobStatus status;
  status.strategy_state = {{"kept", "4"}, {"new", "5"}};
  EXPECT_THAT(encode_status_patch(status, before),
              HasSubstr(R"("strategyState":{"kept":"4","new":"5","a\"b":null,"last":null},)"));
  status.strategy_state.clear();
  EXPECT_THAT(encode_status_patch(status, before), HasSubstr(R"("strategyState":null,)"));
}

TEST(DecodePodCronJob, ReadsTheParametersOfEachStrategy) {
  const auto strategy = [](const char* json) {
    return decoded(
               with(kPodCronJob, R"({"type": "All", "maxParallel": "50%", "maxFailed": 1})", json))
        .spec.job.strategy;
  };
  EXPECT_EQ(strategy(R"({"type": "Ordinal", "ordinal": 3})").ordinal, 3);
  EXPECT_EQ(strategy(R"({"type": "Ordinal", "ordinal": 3})").fallback, OrdinalFallback::kNone);
  EXPECT_EQ(strategy(R"({"type": "Ordinal", "ordinal": 3, "fallback": "Random"})").fallback,
            OrdinalFallback::kRandom);
  EXPECT_EQ(strategy(R"({"type": "PerTopology", "topologyKey": "x"})").topology_key, "x");
  EXPECT_EQ(strategy(R"({"type": "Percent", "percent": 40})").percent, 40);
}

}  // namespace
}  // namespace podcron::api
