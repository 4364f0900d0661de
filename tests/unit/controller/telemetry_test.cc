// Goal: every log line is one valid JSON object, and no label makes memory grow without end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "controller/telemetry/log_sink.h"
#include "controller/telemetry/metric_registry.h"

namespace podcron::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallMillis kNow{Millis(1'772'971'205'017)};  // 2026-03-08T12:00:05.017Z

TEST(LogSinkTest, ALineIsOneJsonObjectWithTheFactsAsKeys) {
  const engine::Log log{engine::LogLevel::kInfo,
                        "run started",
                        {{"podjob", "digest-1772971200-x7k2p"}, {"start_skew_ms", "12"}}};
  EXPECT_EQ(render_log(log, kNow, LogForm::kJson),
            "{\"ts\":\"2026-03-08T12:00:05.017Z\",\"level\":\"info\",\"msg\":\"run started\","
            "\"podjob\":\"digest-1772971200-x7k2p\",\"start_skew_ms\":12}\n");
}

TEST(LogSinkTest, HostileTextStaysOneValidLine) {
  const std::string hostile = "a\"b\\c\nd\x1b[31m\xff\xc3(";
  const engine::Log log{engine::LogLevel::kError, "failed", {{"error", hostile}, {"count", "1e9"}}};
  const std::string line = render_log(log, kNow, LogForm::kJson);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_THAT(parsed["error"].get<std::string>(), HasSubstr("a\"b\\c\nd\x1b[31m\xef\xbf\xbd"));
  EXPECT_EQ(parsed["count"], "1e9");

  const std::string shown = render_log(log, kNow, LogForm::kTerminal);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1);
  EXPECT_THAT(shown, Not(HasSubstr("d\x1b[31m")));
  EXPECT_THAT(shown, HasSubstr("12:00:05.017"));
}

TEST(LogSinkTest, LinesBelowTheThresholdAreNotWritten) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  LogSink sink(ends[1], engine::LogLevel::kWarning);
  sink.write({engine::LogLevel::kInfo, "quiet", {}});
  sink.write({engine::LogLevel::kWarning, "loud", {}});
  char bytes[512];
  const ssize_t count = ::read(ends[0], bytes, sizeof bytes);
  ASSERT_GT(count, 0);
  const std::string line(bytes, static_cast<std::size_t>(count));
  EXPECT_EQ(nlohmann::json::parse(line)["msg"], "loud");
  ::close(ends[0]);
  ::close(ends[1]);
}

engine::Metric metric(engine::MetricKind kind, std::string_view name, std::string label,
                      double value) {
  return {kind, name, {{"outcome", std::move(label)}}, value};
}

TEST(MetricRegistryTest, CountersGaugesAndHistogramsAreShown) {
  MetricRegistry registry("1.2.3", "abc");
  registry.apply(metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", "Succeeded", 1));
  registry.apply(metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", "Succeeded", 2));
  registry.apply(metric(engine::MetricKind::kGaugeSet, "podcron_runs_active", "x", 4));
  registry.apply(
      metric(engine::MetricKind::kHistogramObserve, "podcron_start_skew_seconds", "x", 0.02));
  const std::string text = registry.to_text();
  EXPECT_THAT(text, HasSubstr("podcron_runs_total{outcome=\"Succeeded\"} 3"));
  EXPECT_THAT(text, HasSubstr("# HELP podcron_runs_total Ended runs by outcome."));
  EXPECT_THAT(text, HasSubstr("podcron_runs_active{outcome=\"x\"} 4"));
  EXPECT_THAT(text, HasSubstr("podcron_start_skew_seconds_bucket{outcome=\"x\",le=\"0.025\"} 1"));
  EXPECT_THAT(text, HasSubstr("podcron_build_info{commit=\"abc\",version=\"1.2.3\"} 1"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

TEST(MetricRegistryTest, AFamilyHasAtMostItsNumberOfSeries) {
  MetricRegistry registry("1", "a");
  for (std::size_t i = 0; i < MetricRegistry::kSeriesPerFamilyMax + 5; ++i) {
    registry.apply(
        metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", std::to_string(i), 1));
  }
  registry.apply(metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", "0", 1));
  const std::string text = registry.to_text();
  EXPECT_THAT(text, HasSubstr("podcron_dropped_series_total 5"));
  EXPECT_THAT(text, HasSubstr("podcron_runs_total{outcome=\"0\"} 2"));
  EXPECT_THAT(text, Not(HasSubstr("outcome=\"1000\"")));
}

TEST(MetricRegistryTest, AWrongUseIsCountedAndHarmless) {
  MetricRegistry registry("1", "a");
  registry.apply(metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", "x", 1));
  registry.apply(metric(engine::MetricKind::kGaugeSet, "podcron_runs_total", "y", 1));
  registry.apply(metric(engine::MetricKind::kCounterAdd, "not a name", "x", 1));
  registry.apply(metric(engine::MetricKind::kCounterAdd, "podcron_runs_total", "x", -1));
  const std::string text = registry.to_text();
  EXPECT_THAT(text, HasSubstr("podcron_dropped_series_total 2"));
  EXPECT_THAT(text, HasSubstr("podcron_runs_total{outcome=\"x\"} 1"));
}

}  // namespace
}  // namespace podcron::telemetry
