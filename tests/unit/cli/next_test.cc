#include <gtest/gtest.h>

#include "cli/commands.h"
#include "cli/local_time.h"
#include "cli/schedule_source.h"
#include "cli/zone_files.h"
#include "unit/config/temporary_directory.h"

namespace podcron::cli {
namespace {

const std::string kZones = "/usr/share/zoneinfo";

TimeZone zone(const std::string& name) { return *read_zone(kZones, name)->find(name); }
WallTime at(const char* text) { return *parse_rfc3339(text); }

Result<Printout> next(NextCommand command) {
  command.zoneinfo_dir = kZones;
  return run_next(command, {"", "", false, at("2026-03-28T12:00:00Z")});
}

TEST(LocalTime, NamesDayOffsetAndZone) {
  EXPECT_EQ(local_text(zone("Europe/Berlin"), at("2026-03-29T01:00:00Z")),
            "Sun 2026-03-29 03:00:00 CEST");
  EXPECT_EQ(local_text(TimeZone(), at("2026-01-01T00:00:01Z")), "Thu 2026-01-01 00:00:01 UTC");
}

// Goal: the whole local day of a change is marked, and no other. Method: both sides of midnight.
TEST(LocalTime, MarksTheDayOnWhichTheClockChanges) {
  const TimeZone berlin = zone("Europe/Berlin");
  const std::string forward = "clock goes forward, 02:00 to 03:00";
  EXPECT_EQ(clock_change_on_day(berlin, at("2026-03-28T22:59:59Z")), "");
  EXPECT_EQ(clock_change_on_day(berlin, at("2026-03-28T23:00:00Z")), forward);
  EXPECT_EQ(clock_change_on_day(berlin, at("2026-03-29T21:59:59Z")), forward);
  EXPECT_EQ(clock_change_on_day(berlin, at("2026-03-29T22:00:00Z")), "");
  EXPECT_EQ(clock_change_on_day(berlin, at("2026-10-25T00:30:00Z")),
            "clock goes back, 03:00 to 02:00");
  EXPECT_EQ(clock_change_on_day(TimeZone(), at("2026-03-29T00:00:00Z")), "");
  EXPECT_EQ(clock_change_on_day(zone("Pacific/Apia"), at("2011-12-30T10:00:00Z")),
            "clock goes forward, 00:00 to 00:00, a day is left out");
}

TEST(ZoneFiles, AWrongNameFindsTheOneThatWasMeant) {
  const auto found = read_zone(kZones, "europe/berlin")->find("europe/berlin");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("did you mean \"Europe/Berlin\""), std::string::npos);
  EXPECT_FALSE(read_zone(kZones, "../zoneinfo/UTC")->find("../zoneinfo/UTC"));
}

TEST(Next, PrintsJsonOfAnExpression) {
  NextCommand command;
  command.expression = "30 2 * * *";
  command.zone = "Europe/Berlin";
  command.count = 2;
  command.json = true;
  EXPECT_EQ(next(command)->out,
            "{\"times\":[\"2026-03-29T01:00:00Z\",\"2026-03-30T00:30:00Z\"]}\n");
}

TEST(Next, SkipsTheGapUnderAsCronJob) {
  NextCommand command;
  command.expression = "30 2 * * *";
  command.zone = "Europe/Berlin";
  command.daylight_saving = "AsCronJob";
  command.count = 1;
  EXPECT_EQ(next(command)->out,
            "30 2 * * * in Europe/Berlin\n"
            "LOCAL                         UTC\n"
            "Mon 2026-03-30 02:30:00 CEST  2026-03-30T00:30:00Z\n");
}

// Goal: a line says whose times it has where there are several, and is the times alone where not.
TEST(Next, JsonNamesTheObjectsOfAFileWithSeveral) {
  TemporaryDirectory directory;
  const std::string head = "---\napiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\n";
  const std::string one = head + "metadata: {name: a}\nspec: {schedule: '@daily'}\n";
  NextCommand command;
  command.count = 1;
  command.json = true;
  command.file = directory.write("one.yaml", one);
  EXPECT_EQ(next(command)->out, "{\"times\":[\"2026-03-29T00:00:00Z\"]}\n");
  command.file = directory.write("two.yaml",
                                 one + head + "metadata: {name: b}\nspec: {schedule: '@hourly'}\n");
  EXPECT_EQ(next(command)->out,
            "{\"podCronJob\":\"default/a\",\"times\":[\"2026-03-29T00:00:00Z\"]}\n"
            "{\"podCronJob\":\"default/b\",\"times\":[\"2026-03-28T13:00:00Z\"]}\n");
}

TEST(Next, SaysNeverWhenThereIsNoTime) {
  NextCommand command;
  command.expression = "30 2 29 3 *";
  command.zone = "Europe/Berlin";
  command.from = at("2199-06-01T00:00:00Z");
  EXPECT_NE(next(command)->out.find("never"), std::string::npos);
}

TEST(Manifest, FindsEveryPodCronJobAmongDocumentsAndLists) {
  const auto jobs = read_manifest("f.yaml", R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: podcron.dev/v1alpha1
kind: PodCronJob
metadata: {name: a, namespace: shop}
spec: {schedule: "0 3 * * *", timeZone: Asia/Shanghai, spreadSeconds: 60}
---
---
{"kind": "List", "apiVersion": "v1", "items": [{"apiVersion": "podcron.dev/v1alpha1",
 "kind": "PodCronJob", "metadata": {"name": "b"}, "spec": {"schedule": "@daily", "suspend": true}}]}
)",
                                  "here");
  ASSERT_TRUE(jobs) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 2U);
  EXPECT_EQ((*jobs)[0].meta.namespace_, "shop");
  EXPECT_EQ((*jobs)[0].spec.time_zone, "Asia/Shanghai");
  EXPECT_EQ((*jobs)[0].spec.spread_seconds, 60);
  EXPECT_EQ((*jobs)[1].meta.namespace_, "here");
  EXPECT_EQ((*jobs)[1].spec.daylight_saving, "Once");
  EXPECT_TRUE((*jobs)[1].spec.suspend);
}

TEST(Manifest, SaysWhatIsWrongAndWhere) {
  const auto message = [](const char* text) {
    return read_manifest("f.yaml", text, "default").error().message;
  };
  EXPECT_EQ(message("kind: Pod"), "f.yaml: no PodCronJob of podcron.dev/v1alpha1 in this file");
  EXPECT_TRUE(message("a: [").starts_with("f.yaml:1:")) << message("a: [");
  const std::string head = "apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\n";
  EXPECT_EQ(message((head + "metadata: {name: a}\nspec: {schedule: [1]}").c_str()),
            "f.yaml: spec.schedule is not a text");
  EXPECT_EQ(message((head + "metadata: {name: a}\nspec: {}").c_str()),
            "f.yaml: spec.schedule: missing");
}

}  // namespace
}  // namespace podcron::cli
