#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fmt/format.h>

#include "cli/conversion.h"
#include "cli/cron_job_source.h"
#include "cli/schedule_source.h"
#include "cli/yaml_document.h"
#include "cli/yaml_text.h"
#include "cli/zone_files.h"

namespace podcron::cli {
namespace {

const std::string kZones = "/usr/share/zoneinfo";

Conversion convert(std::string_view text, const std::string& zone = "") {
  Conversion conversion;
  convert_cron_jobs(text, {"f.yaml", zone, kZones}, conversion);
  return conversion;
}

/// `spec` and `job` are lines of spec and of its job's spec, in flow style.
std::string cron_job(std::string_view name, std::string_view spec, std::string_view job = "",
                     std::string_view container = "command: [run]") {
  return fmt::format(
      "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {}}}\nspec: {{{}, jobTemplate: "
      "{{spec: {{{}template: {{spec: {{containers: [{{name: c, image: shop, {}}}]}}}}}}}}}}\n",
      name, spec, job, container);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

api::PodCronJob only(const Conversion& conversion) {
  const auto jobs = read_manifest("out", conversion.out(), "default");
  EXPECT_TRUE(jobs && jobs->size() == 1) << conversion.out();
  return jobs ? jobs->front() : api::PodCronJob();
}

YAML::Node run_of(const Conversion& conversion) {
  return YAML::Load(conversion.out())["spec"]["podJobTemplate"]["spec"];
}

TEST(CronJobConversion, KeepsTheTimesOfTheSource) {
  const auto times = [](const Schedule& schedule) {
    std::vector<WallTime> out;
    auto next = schedule.next_after(*parse_rfc3339("2026-03-27T00:00:00Z"));
    for (; next && out.size() < 300; next = schedule.next_after(*next)) out.push_back(*next);
    return out;
  };
  for (const char* zone : {"UTC", "Europe/Berlin", "Australia/Lord_Howe"}) {
    for (const char* text : {"30 2 * * *", "*/20 1-3 * * sun", "@daily", "0 0 L * *"}) {
      const Conversion conversion =
          convert(cron_job("a", fmt::format("schedule: '{}', timeZone: {}", text, zone)));
      const api::PodCronJob job = only(conversion);
      const auto zones = read_zone(kZones, zone);
      // What robfig/cron does on days of daylight saving is podcron's AsCronJob.
      const auto source = Schedule::parse(text, *zones->find(zone), DaylightSaving::kAsCronJob);
      EXPECT_EQ(times(*schedule_of(*zones, job)), times(*source)) << text << zone;
      EXPECT_TRUE(job.spec.suspend);
    }
  }
}

TEST(CronJobConversion, FindsTheZone) {
  const auto zone = [](std::string_view spec, const std::string& flag) {
    return only(convert(cron_job("a", spec), flag)).spec;
  };
  EXPECT_EQ(zone("schedule: '@daily'", "").time_zone, "UTC");
  EXPECT_EQ(zone("schedule: '@daily'", "Asia/Tokyo").time_zone, "Asia/Tokyo");
  EXPECT_EQ(zone("schedule: '@daily', timeZone: Etc/UTC", "Asia/Tokyo").time_zone, "Etc/UTC");
  const auto prefixed = zone("schedule: 'CRON_TZ=Asia/Tokyo  0 3  * * *'", "");
  EXPECT_EQ(prefixed.time_zone, "Asia/Tokyo");
  EXPECT_EQ(prefixed.schedule, "0 3 * * *");
}

TEST(CronJobConversion, WritesDurationsAsTheCrdTakesThem) {
  EXPECT_EQ(only(convert(cron_job("a", "schedule: '@every 1h30m'"))).spec.schedule, "@every 1h30m");
  EXPECT_EQ(only(convert(cron_job("a", "schedule: '@every +90s'"))).spec.schedule, "@every 90s");
}

TEST(CronJobConversion, DefaultsOfACronJobAreNamed) {
  const std::string out = convert(cron_job("a", "schedule: '@every 1h'")).out();
  for (const char* part :
       {"# - spec.concurrencyPolicy: Allow, a CronJob's default", "# - spec.timeZone: missing",
        "# - spec.startingDeadlineSeconds: missing", "# - spec.suspend: true",
        "backoffLimit: missing, which means 6 retries", "activeDeadlineSeconds: missing",
        "counts from the Unix epoch", "no pod is made from \"shop\"",
        "# - spec.podJobTemplate.spec.target.selector: "}) {
    EXPECT_TRUE(has(out, part)) << part << "\n" << out;
  }
  EXPECT_TRUE(has(out, "concurrencyPolicy: Allow\n"));
}

TEST(CronJobConversion, EveryFieldIsCarriedOverOrNamed) {
  const Conversion conversion = convert(cron_job(
      "a",
      "schedule: '0 3 * * *', timeZone: UTC, startingDeadlineSeconds: 0, concurrencyPolicy: "
      "Forbid, failedJobsHistoryLimit: 5000, newInTheFuture: 1",
      "parallelism: 2, completions: 1, ttlSecondsAfterFinished: 60, backoffLimit: 3, "
      "activeDeadlineSeconds: 30, ",
      "args: [x, '$(HOST)'], command: [run], env: [{name: A, value: '1'}, {name: B, valueFrom: {}},"
      " {name: C, valueFrom: {secretKeyRef: {name: s}}}], workingDir: /srv, resources: {}, "
      "volumeMounts: [{name: v}], imagePullPolicy: Always"));
  const std::string& out = conversion.out();
  EXPECT_TRUE(conversion.faults().empty());
  for (const char* part :
       {"startingDeadlineSeconds 0: a PodCronJob takes 1 to", "startingDeadlineSeconds: 1\n",
        "failedJobsHistoryLimit: 1000\n", "spec.newInTheFuture \"1\": left out",
        "parallelism \"2\"", "ttlSecondsAfterFinished: 60\n", "backoffLimit: 3\n",
        "activeDeadlineSeconds: 30\n", "$(NAME) is filled in for podcron's own names only",
        ".workingDir \"/srv\"", ".volumeMounts: left out",
        "would start it late, when that run ends"}) {
    EXPECT_TRUE(has(out, part)) << part << "\n" << out;
  }
  EXPECT_FALSE(has(out, "completions")) << out;
  EXPECT_FALSE(has(out, ".resources")) << out;
  EXPECT_FALSE(has(out, "imagePullPolicy")) << out;
  const YAML::Node exec = run_of(conversion)["exec"];
  EXPECT_EQ(exec["command"].as<std::vector<std::string>>(),
            (std::vector<std::string>{"run", "x", "$(HOST)"}));
  ASSERT_EQ(exec["env"].size(), 1U);
  EXPECT_EQ(exec["env"][0]["name"].as<std::string>(), "A");
  EXPECT_TRUE(has(out, "env: \"B\", \"C\" left out")) << out;
}

TEST(CronJobConversion, AnUnknownProgramIsToBeFilledIn) {
  const Conversion conversion = convert(cron_job("a", "schedule: '@daily'", "", "args: ['-x']"));
  EXPECT_TRUE(has(conversion.out(), "# - spec.podJobTemplate.spec.exec.command: the program"));
  EXPECT_EQ(run_of(conversion)["exec"]["command"][0].as<std::string>(), "fill-in-the-program");
}

TEST(CronJobConversion, NamesFitAndDiffer) {
  const std::string name(52, 'a');
  const Conversion conversion =
      convert(cron_job(name, "schedule: '@daily'") + cron_job(name, "schedule: '@daily'"));
  const auto jobs = read_manifest("out", conversion.out(), "default");
  ASSERT_EQ(jobs->size(), 2U);
  EXPECT_EQ((*jobs)[0].meta.name, std::string(46, 'a'));
  EXPECT_EQ((*jobs)[1].meta.name, std::string(44, 'a') + "-2");
  EXPECT_TRUE(has(conversion.out(), "has 52 characters"));
}

TEST(CronJobConversion, ABadDocumentStopsNoOther) {
  const Conversion conversion = convert(cron_job("good", "schedule: '@daily'") + "---\na: [\n" +
                                        cron_job("bad", "schedule: '0 0 30 2 *', suspend: 7") +
                                        cron_job("seconds", "schedule: '0 0 3 * * *'") +
                                        "---\nkind: ConfigMap\napiVersion: v1\n---\n" +
                                        cron_job("fine", "schedule: '@hourly'"));
  ASSERT_EQ(conversion.faults().size(), 4U);
  EXPECT_TRUE(conversion.faults()[0].starts_with("f.yaml:8:")) << conversion.faults()[0];
  EXPECT_TRUE(has(conversion.faults()[0], "not YAML"));
  EXPECT_TRUE(has(conversion.faults()[1], "f.yaml:12: spec.schedule: day-of-month \"30\" never"));
  EXPECT_EQ(conversion.faults()[2], "f.yaml:12: spec.suspend: got \"7\", wanted true or false");
  EXPECT_TRUE(has(conversion.faults()[3], "a CronJob has no seconds"));
  EXPECT_EQ(read_manifest("out", conversion.out(), "default")->size(), 2U);
}

TEST(CronJobConversion, SaysWhatIsWrongAndWhere) {
  const auto fault = [](const std::string& text) {
    const Conversion conversion = convert(text);
    return conversion.faults().empty() ? "" : conversion.faults().front();
  };
  EXPECT_EQ(fault("kind: CronJob\n"), "f.yaml:1: apiVersion: got nothing, wanted batch/v1");
  EXPECT_EQ(fault("- a\n"), "f.yaml:1: got a list, wanted an object with apiVersion and kind");
  EXPECT_TRUE(has(fault(cron_job("a", "schedule: [1]")), "spec.schedule: got a list, wanted a"));
  EXPECT_TRUE(has(fault(cron_job("a", "schedule: '@reboot'")), "init container"));
  EXPECT_TRUE(has(fault(cron_job("a", "schedule: '@daily', timeZone: europe/berlin")),
                  "did you mean \"Europe/Berlin\""));
  EXPECT_TRUE(has(fault(cron_job("a", "schedule: 'TZ=UTC @daily', timeZone: UTC")),
                  "wanted spec.timeZone alone"));
  EXPECT_TRUE(has(fault(cron_job("a_b", "schedule: '@daily'")), "metadata.name: got \"a_b\""));
  EXPECT_TRUE(has(fault(cron_job("a", "schedule: '@daily', concurrencyPolicy: Queue")),
                  "wanted Allow, Forbid or Replace"));
  EXPECT_TRUE(has(fault(cron_job("a", "<<: {a: b}, schedule: '@daily'")), "merge key"));
}

TEST(CronJobConversion, OpensLists) {
  const Conversion conversion = convert(
      R"({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "batch/v1", "kind": "CronJob",
 "metadata": {"name": "a", "namespace": "shop"}, "spec": {"schedule": "@daily", "jobTemplate":
 {"spec": {"template": {"spec": {"containers": [{"name": "c", "command": ["x"]}]}}}}}},
 {"apiVersion": "batch/v1", "kind": "CronJob"}]})");
  EXPECT_EQ(only(conversion).meta.namespace_, "shop");
  EXPECT_EQ(conversion.faults().front(),
            "f.yaml:4: metadata: got nothing, wanted a map with a name");
}

TEST(CronJobConversion, HostileTextEnds) {
  EXPECT_FALSE(convert("items: &a [{items: *a, kind: CronJob, apiVersion: batch/v1}]\n").empty());
  EXPECT_FALSE(convert(std::string(100'000, '[')).faults().empty());
  EXPECT_FALSE(convert("a: \xff\n").faults().empty());
  EXPECT_FALSE(
      convert(cron_job("a", "schedule: '@daily'", "", "command: [\"a\\0b\"]")).faults().empty());
  EXPECT_FALSE(read_manifest("f", "items: &a [{items: *a}]\n", "default"));
  std::string words;
  for (int i = 0; i < 129; ++i) words += "x,";
  EXPECT_TRUE(has(convert(cron_job("a", "schedule: '@daily'", "", "command: [" + words + "x]"))
                      .faults()
                      .front(),
                  "got 130 words with args, wanted at most 128"));
}

// Goal: what a user wrote comes back as it was, whatever it holds, and never leaves its comment.
TEST(YamlText, ComesBackAsItWas) {
  for (const char* text : {"",
                           "plain",
                           "true",
                           "No",
                           "1",
                           "0x1",
                           "a: b",
                           "- a",
                           "#a",
                           "'",
                           "\"",
                           "\\",
                           "a\nb\t\r\x7f",
                           "über",
                           "\u0085\u2028\u2029\ufeff",
                           "{}",
                           "@every 1h",
                           "~",
                           "null",
                           "1.5e3",
                           "a b "}) {
    EXPECT_EQ(YAML::Load("a: " + yaml_scalar(text) + "\n")["a"].Scalar(), text)
        << yaml_scalar(text);
    EXPECT_TRUE(YAML::Load("# " + yaml_comment(text) + "\n").IsNull()) << text;
  }
  EXPECT_EQ(yaml_scalar("Europe/Berlin"), "Europe/Berlin");
  EXPECT_EQ(yaml_scalar("yes"), "\"yes\"");
  EXPECT_EQ(yaml_comment("a\nkind: Pod\u2028"), "a?kind: Pod?");
  EXPECT_TRUE(is_utf8("ü\U0001F600"));
  for (const char* text : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xc3"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(YamlDocuments, KnowTheirFirstLine) {
  const auto documents = yaml_documents("a\n--- # b\nc\n----\n---\nd\n...\ne");
  ASSERT_EQ(documents.size(), 4U);
  EXPECT_EQ(documents[1].first, 2);
  EXPECT_EQ(documents[1].second, "--- # b\nc\n----\n");
  EXPECT_EQ(documents[2], std::make_pair(5, std::string("---\nd\n")));
  EXPECT_EQ(documents[3], std::make_pair(8, std::string("e")));
}

// yaml-cpp itself never comes to an end with these.
TEST(YamlDocuments, ABracketTooManyIsAnError) {
  for (const char* text : {"{}}", "{a: b}}c: d", "[]]", "a: {}\n}"}) {
    const auto root = parse_yaml("f", 3, text);
    ASSERT_FALSE(root) << text;
    EXPECT_TRUE(root.error().message.starts_with("f:3:") ||
                root.error().message.starts_with("f:4:"))
        << root.error().message;
  }
  EXPECT_TRUE(parse_yaml("f", 1, "# nothing\n")->IsNull());
  EXPECT_TRUE(parse_yaml("f", 1, "--- {a: b}\n# more\n")->IsMap());
}

}  // namespace
}  // namespace podcron::cli
