// Goal: a run and its record are read, and written so that they read back the same.
// Method: an object as the API server returns it, and what the encoders make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

using ::testing::HasSubstr;
using testing::kPodJob;
using ::testing::Not;
using testing::with;

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

PodJob decoded(std::string_view json) {
  auto job = Decoder().pod_job(json);
  EXPECT_TRUE(job.has_value()) << (job ? "" : job.error().message) << '\n' << json;
  return job.value_or(PodJob{});
}

TEST(DecodePodJob, ReadsTheRun) {
  const PodJob job = decoded(kPodJob);
  EXPECT_EQ(job.controller->api_group, "podcron.dev");
  EXPECT_EQ(job.controller->kind, "PodCronJob");
  EXPECT_TRUE(job.has_holder);
  EXPECT_EQ(job.holder, "podcron-0/abc/1");
  EXPECT_TRUE(job.has_record_finalizer);
  EXPECT_EQ(job.other_finalizers, (std::vector<std::string>{"foregroundDeletion"}));
  EXPECT_EQ(job.pod_cron_job_name, "nightly-digest");
  EXPECT_EQ(job.pod_cron_job_generation, 4);
  EXPECT_EQ(job.scheduled_time, at("2026-03-08T19:00:00Z"));
  EXPECT_EQ(job.starting_deadline_seconds, 7200);
  ASSERT_EQ(job.targets.size(), 1u);
  EXPECT_EQ(job.targets[0].pod_uid.to_string(), testing::kPodUid);
  EXPECT_EQ(job.targets[0].container_id, "containerd://abc");
  EXPECT_EQ(job.spec.exec.command, (std::vector<std::string>{"true"}));
}

TEST(DecodePodJob, ReadsTheRecord) {
  const PodJobStatus status = decoded(kPodJob).status;
  EXPECT_EQ(status.phase, PodJobPhase::kFailed);
  EXPECT_EQ(status.exit_code, 7);
  EXPECT_EQ(status.late, "0.02s");
  ASSERT_EQ(status.targets.size(), 1u);
  EXPECT_EQ(status.targets[0].outcome, TargetOutcome::kFailed);
  EXPECT_EQ(status.targets[0].output, "no\n");
  ASSERT_TRUE(status.eligibility);
  EXPECT_EQ(status.eligibility->matched, 5);
  EXPECT_EQ(status.eligibility->reasons, (std::vector<std::pair<std::string, std::int64_t>>{
                                             {"InteractiveSession", 1}, {"PodNotReady", 1}}));
}

TEST(DecodePodJob, AHandMadeOneNeedsNoHolder) {
  const PodJob job = decoded(R"({"metadata":{"name":"d","namespace":"n","resourceVersion":"1",
    "uid":"3c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d444"},"spec":{"target":{},"exec":{"command":["x"]}}})");
  EXPECT_FALSE(job.has_holder || job.has_record_finalizer || job.controller || job.scheduled_time);
  EXPECT_EQ(job.status.phase, PodJobPhase::kPending);
}

TEST(DecodePodJob, AnEmptyHolderWasGivenBack) {
  const PodJob job = decoded(with(kPodJob, "podcron-0/abc/1", ""));
  EXPECT_TRUE(job.has_holder);
  EXPECT_EQ(job.holder, "");
}

struct NewJob {
  StringMap labels{{"team", "mail"}};
  StringMap annotations{{"a", "1"}, {kHolderAnnotation, "forged"}};
  std::vector<TargetRef> targets{
      {"shop-1", Uid::parse(testing::kPodUid).value(), "node-1", "app", "containerd://abc"},
      {"shop-2", Uid::parse(testing::kReplicaSetUid).value(), "", "app", ""}};
  std::string template_json = R"({"target":{"selector":{"matchLabels":{"app":"shop"}}},)"
                              R"("exec":{"command":["a","\"b\""]},"future":{"x":1}})";

  std::string encoded() const {
    return encode_new_pod_job({.namespace_ = "shop",
                               .name = "digest-1772996400-k7x2p",
                               .owner = {"podcron.dev", "PodCronJob", "digest",
                                         Uid::parse(testing::kReplicaSetUid).value()},
                               .holder = "podcron-0/abc/1",
                               .pod_cron_job_name = "digest",
                               .pod_cron_job_generation = 4,
                               .scheduled_time = at("2026-03-08T19:00:00Z"),
                               .targets = targets,
                               .template_labels = labels,
                               .template_annotations = annotations,
                               .job_json = template_json,
                               .starting_deadline_seconds = 7200});
  }
};

/// What the API server would return for a created object.
std::string created(std::string_view body) {
  return with(body, R"("metadata":{)",
              R"("metadata":{"resourceVersion":"1","uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",)");
}

TEST(EncodeNewPodJob, ReadsBackTheSame) {
  const NewJob fresh;
  const std::string body = fresh.encoded();
  const PodJob job = decoded(created(body));
  EXPECT_EQ(job.meta.namespace_, "shop");
  EXPECT_EQ(job.meta.name, "digest-1772996400-k7x2p");
  EXPECT_EQ(job.controller, (OwnerReference{"podcron.dev", "PodCronJob", "digest",
                                            Uid::parse(testing::kReplicaSetUid).value()}));
  EXPECT_EQ(job.holder, "podcron-0/abc/1");
  EXPECT_TRUE(job.has_record_finalizer);
  EXPECT_EQ(job.pod_cron_job_name, "digest");
  EXPECT_EQ(job.pod_cron_job_generation, 4);
  EXPECT_EQ(job.scheduled_time, at("2026-03-08T19:00:00Z"));
  EXPECT_EQ(job.starting_deadline_seconds, 7200);
  EXPECT_EQ(job.targets, fresh.targets);
  EXPECT_EQ(job.spec.exec.command, (std::vector<std::string>{"a", "\"b\""}));
  EXPECT_THAT(body, HasSubstr(R"("blockOwnerDeletion":true)"));
}

TEST(EncodeNewPodJob, TheTemplateIsSplicedInUnchanged) {
  const NewJob fresh;
  EXPECT_THAT(fresh.encoded(),
              HasSubstr(fresh.template_json.substr(0, fresh.template_json.size() - 1) + ","));
}

TEST(EncodeNewPodJob, ATemplateCannotForgeTheHolder) {
  EXPECT_THAT(NewJob{}.encoded(), Not(HasSubstr("forged")));
}

TEST(EncodeNewPodJob, AnEmptyTemplateIsNoSyntaxError) {
  for (const auto* text : {"{}", ""}) {
    NewJob fresh;
    fresh.template_json = text;
    fresh.labels.clear();
    EXPECT_EQ(decoded(created(fresh.encoded())).pod_cron_job_name, "digest");
  }
}

std::string merged(const PodJobStatus& status) {
  const std::string patch = encode_status_patch(status, 7, at("2026-03-08T19:00:05Z"));
  EXPECT_THAT(patch, HasSubstr(R"({"metadata":{"resourceVersion":"7"},"status":{)"));
  const auto start = patch.find(R"("status":)");
  return with(with(kPodJob, R"("status": {)", R"("old": {)"), R"("old": {)",
              patch.substr(start, patch.size() - start - 1) + R"(, "old": {)");
}

PodJobStatus finished() {
  PodJobStatus status;
  status.phase = PodJobPhase::kFailed;
  status.reason = "NonZeroExitCode";
  status.message = "exit code 7 of \"x\"";
  status.start_time = at("2026-03-08T19:00:00Z");
  status.completion_time = at("2026-03-08T19:00:05Z");
  status.target = "2 pods";
  status.exit_code = 7;
  status.late = "0.02s";
  status.took = "5.00s";
  status.targets = {
      {"a", Uid::parse(testing::kPodUid).value(), "app", 1, TargetOutcome::kFailed,
       "NonZeroExitCode", "m", 7, std::nullopt, "1.00s", "line 1\nline 2\n", "OptedOut"},
      {"b", Uid::parse(testing::kReplicaSetUid).value(), "app", 2, TargetOutcome::kNotStarted, "",
       "", std::nullopt, 503, "", "", ""}};
  status.eligibility = EligibilitySummary{5, 3, {{"PodNotReady", 2}}};
  return status;
}

TEST(EncodePodJobStatus, ReadsBackTheSame) {
  EXPECT_EQ(decoded(merged(finished())).status, finished());
  EXPECT_EQ(decoded(merged(PodJobStatus{})).status, PodJobStatus{});
}

TEST(EncodePodJobStatus, ConditionsFollowFromThePhase) {
  const auto conditions = [](PodJobPhase phase) {
    PodJobStatus status;
    status.phase = phase;
    const std::string patch = encode_status_patch(status, 7, at("2026-03-08T19:00:05Z"));
    return patch.substr(patch.find(R"("conditions":)"));
  };
  const auto one = [](std::string type, std::string reason) {
    return R"({"type":")" + type +
           R"(","status":"True","lastTransitionTime":"2026-03-08T19:00:05Z","reason":")" + reason +
           R"(","message":""})";
  };
  const auto list = [](std::string text) { return R"("conditions":[)" + text + "]}}"; };
  EXPECT_EQ(conditions(PodJobPhase::kPending), list(""));
  EXPECT_EQ(conditions(PodJobPhase::kRunning), list(""));
  EXPECT_EQ(conditions(PodJobPhase::kSucceeded),
            list(one("Complete", "Succeeded") + "," + one("Finished", "Succeeded")));
  EXPECT_EQ(conditions(PodJobPhase::kFailed),
            list(one("Failed", "Failed") + "," + one("Finished", "Failed")));
  EXPECT_EQ(conditions(PodJobPhase::kUnknown), list(one("Finished", "Unknown")));
}

TEST(EncodePodJobStatus, NoTextIsLongerThanTheContractAllows) {
  PodJobStatus status = finished();
  const std::string endless(1'000'000, 'x');
  status.reason = status.message = endless;
  status.targets[0].reason = status.targets[0].message = status.targets[0].output = endless;
  const PodJobStatus back = decoded(merged(status)).status;
  EXPECT_EQ(back.reason.size(), 128u);
  EXPECT_EQ(back.message.size(), 32'768u);
  EXPECT_EQ(back.targets[0].message.size(), 4096u);
  EXPECT_EQ(back.targets[0].output.size(), 8192u);
}

TEST(EncodePodJobStatus, OutputThatIsNoTextIsReplaced) {
  PodJobStatus status = finished();
  status.targets[0].output = std::string("\xff\x00\x1b[31m", 7);
  EXPECT_EQ(decoded(merged(status)).status.targets[0].output,
            "\uFFFD" + std::string("\0\x1b[31m", 6));
}

TEST(EncodePodJobStatus, AReasonThatIsGoneIsRemoved) {
  PodJobStatus status = finished();
  status.eligibility->reasons = {{"PodNotReady", 0}, {"PodPending", 1}};
  EXPECT_THAT(merged(status), HasSubstr(R"("reasons":{"PodNotReady":null,"PodPending":1})"));
}

}  // namespace
}  // namespace podcron::api
