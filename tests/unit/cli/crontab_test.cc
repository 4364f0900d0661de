#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/conversion.h"
#include "cli/crontab_line.h"
#include "cli/crontab_source.h"
#include "cli/schedule_source.h"

namespace podcron::cli {
namespace {

CrontabEntry entry(std::string_view line, bool with_user = false) {
  auto parsed = parse_crontab_line(line, with_user);
  EXPECT_TRUE(parsed) << parsed.error().message;
  const auto* found = parsed ? std::get_if<CrontabEntry>(&*parsed) : nullptr;
  EXPECT_TRUE(found) << line;
  return found == nullptr ? CrontabEntry() : *found;
}

CrontabSetting setting(std::string_view line) {
  auto parsed = parse_crontab_line(line, false);
  const auto* found = parsed ? std::get_if<CrontabSetting>(&*parsed) : nullptr;
  EXPECT_TRUE(found) << line;
  return found == nullptr ? CrontabSetting() : *found;
}

Conversion convert(std::string_view text, bool with_user = false) {
  Conversion conversion;
  convert_crontab(text, with_user, {"jobs", "", "/usr/share/zoneinfo"}, conversion);
  return conversion;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(CrontabLine, TakesSettingsEntriesAndCommentsApart) {
  for (const char* line : {"", "  \t", "# 0 3 * * * x", " # A=b"}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*parse_crontab_line(line, false))) << line;
  }
  EXPECT_EQ(setting("MAILTO = \"a b\" ").value, "a b");
  EXPECT_EQ(setting("'MAILTO'=").name, "MAILTO");
  EXPECT_EQ(setting("A='b\"").value, "'b\"");
  EXPECT_EQ(entry(" 0\t3 * *  * A=b x  y ").schedule, "0 3 * * *");
  EXPECT_EQ(entry(" 0\t3 * *  * A=b x  y\r").command, "A=b x  y");
  EXPECT_EQ(entry("@daily x").schedule, "@daily");
  EXPECT_EQ(entry("@every 5m x").schedule, "@every 5m");
  EXPECT_EQ(entry("0 3 * * * root x y", true).user, "root");
  EXPECT_EQ(entry("@daily root x y", true).command, "x y");
}

// Source: crontab(5), "The sixth field".
TEST(CrontabLine, PercentEndsTheCommandUnlessItIsEscaped) {
  EXPECT_EQ(entry("* * * * * date +\\%F").command, "date +%F");
  EXPECT_EQ(entry("* * * * * date +\\%F").input, "");
  EXPECT_EQ(entry("* * * * * mail x%Hi%there\\%").command, "mail x");
  EXPECT_EQ(entry("* * * * * mail x%Hi%there\\%").input, "Hi\nthere%\n");
  EXPECT_EQ(entry("* * * * * a\\b\\").command, "a\\b\\");
}

TEST(CrontabLine, SaysWhatIsMissing) {
  for (const char* line : {"0 3 * *", "0 3 * * *", "@daily", "0 3 * * * %x", "hello"}) {
    const auto parsed = parse_crontab_line(line, false);
    ASSERT_FALSE(parsed) << line;
    EXPECT_TRUE(has(parsed.error().message, "got ") && has(parsed.error().message, "wanted "));
  }
  EXPECT_FALSE(parse_crontab_line("0 3 * * * root", true));
}

TEST(CrontabSchedule, SundayIsZero) {
  const auto weekdays = [](const std::string& field) {
    return podcron_schedule("0 3 * * " + field)->substr(8);
  };
  EXPECT_EQ(weekdays("7"), "0");
  EXPECT_EQ(weekdays("5-7"), "5-6,0");
  EXPECT_EQ(weekdays("1-7"), "0-6");
  EXPECT_EQ(weekdays("0-7"), "0-6");
  EXPECT_EQ(weekdays("fri-7/2,1"), "5,0,1");
  EXPECT_EQ(weekdays("0-7/7"), "0,0");
  EXPECT_EQ(weekdays("1-5"), "1-5");
  EXPECT_EQ(weekdays("*/7"), "*/7");
  EXPECT_EQ(weekdays("9-7"), "9-7");  // the schedule's own parser says what is wrong
}

// Goal: no schedule is taken whose days podcron would choose otherwise. Source: Vixie cron joins
// the day fields with "and" if either begins with *, podcron (as robfig) with "or" unless one is
// all.
TEST(CrontabSchedule, RefusesDaysThatMustBothMatch) {
  EXPECT_FALSE(podcron_schedule("0 0 */2 * 1"));
  EXPECT_FALSE(podcron_schedule("0 0 1 * */2"));
  EXPECT_FALSE(podcron_schedule("0 0 *,5 * 1"));
  EXPECT_TRUE(podcron_schedule("0 0 */2 * *"));
  EXPECT_TRUE(podcron_schedule("0 0 * * */2"));
  EXPECT_TRUE(podcron_schedule("0 0 */1 * 1"));
  EXPECT_TRUE(podcron_schedule("0 0 1 * 1"));
}

TEST(CrontabSchedule, RefusesWhatIsNoTime) {
  EXPECT_TRUE(has(podcron_schedule("@reboot").error().message, "init container"));
  EXPECT_TRUE(has(podcron_schedule("0~59 * * * *").error().message, "H(a-b)"));
}

TEST(Crontab, SettingsHoldForTheLinesBelowThem) {
  const Conversion conversion = convert(
      "0 3 * * * /opt/first.sh $$\n"
      "SHELL=/bin/bash\nMAILTO=me\nCRON_TZ=Asia/Tokyo\nLC_ALL=C\n"
      "0 4 * * * second\n");
  EXPECT_TRUE(conversion.faults().empty());
  const std::string& out = conversion.out();
  const std::size_t second = out.rfind("---\n");
  const std::string before = out.substr(0, second);
  const std::string after = out.substr(second);
  EXPECT_TRUE(has(before, "timeZone: UTC\n") && has(before, "name: first\n")) << before;
  EXPECT_TRUE(has(before, "- \"/bin/sh\"\n") && has(before, "- \"/opt/first.sh $$$$\"")) << before;
  EXPECT_TRUE(has(before, "host's zone") && has(before, "no mail")) << before;
  EXPECT_FALSE(has(before, "MAILTO")) << before;
  EXPECT_TRUE(has(after, "timeZone: Asia/Tokyo\n") && has(after, "- \"/bin/bash\"\n")) << after;
  EXPECT_TRUE(has(after, "- name: LC_ALL\n          value: C\n")) << after;
  for (const char* name : {"SHELL=", "MAILTO=", "CRON_TZ=", "LC_ALL="}) {
    EXPECT_TRUE(has(after, std::string("# - ") + name)) << name;
  }
}

TEST(Crontab, ABadLineStopsNoOther) {
  const Conversion conversion =
      convert("61 * * * * x\n0 3 * * * good\n@reboot x\nPODCRON_X=1\n0 4 * * 7 good\n\x01\n");
  ASSERT_EQ(conversion.faults().size(), 4U);
  EXPECT_TRUE(conversion.faults()[0].starts_with("jobs:1: minute \"61\" is out of range 0-59"));
  EXPECT_TRUE(conversion.faults()[1].starts_with("jobs:3: got @reboot"));
  EXPECT_TRUE(conversion.faults()[2].starts_with("jobs:4: got \"PODCRON_X\""));
  EXPECT_TRUE(conversion.faults()[3].starts_with("jobs:6: "));
  const auto jobs = read_manifest("out", conversion.out(), "default");
  ASSERT_TRUE(jobs) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 2U);
  EXPECT_EQ((*jobs)[0].meta.name, "good");
  EXPECT_EQ((*jobs)[1].meta.name, "good-2");
  EXPECT_EQ((*jobs)[1].spec.schedule, "0 4 * * 0");
  EXPECT_TRUE((*jobs)[1].spec.suspend);
}

TEST(Crontab, TheUserColumnIsNamed) {
  const Conversion conversion = convert("17 * * * * www-data cd /srv && run %in\n", true);
  EXPECT_TRUE(has(conversion.out(), "# - user \"www-data\": left out")) << conversion.out();
  EXPECT_TRUE(has(conversion.out(), "stdin: \"in\\n\"")) << conversion.out();
}

TEST(Crontab, TooManySettingsAndFaultsAreBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "A" + std::to_string(i) + "=b\n";
  const Conversion conversion = convert(text + "0 3 * * * x\n");
  EXPECT_TRUE(conversion.full());
  EXPECT_LE(conversion.faults().size(), 101U);
}

}  // namespace
}  // namespace podcron::cli
