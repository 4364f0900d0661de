#include "controller/telemetry/metric_registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <mutex>
#include <sstream>
#include <unordered_map>
#include <variant>

#include "controller/telemetry/process_metrics.h"
#include "observe/metrics.h"

namespace podcron::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Series = std::variant<Counter*, Gauge*, Histogram*>;

const prometheus::Histogram::BucketBoundaries kFallbackBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                               0.5,   1,    2.5,   5,    10,  60};

prometheus::Histogram::BucketBoundaries buckets_of(std::string_view name) {
  const observe::MetricRow* const row = observe::find_metric(name);
  if (row == nullptr || row->buckets.empty()) return kFallbackBuckets;
  return {row->buckets.begin(), row->buckets.end()};
}

// Only constants: the library does not escape help texts.
std::string help_of(std::string_view name) {
  const observe::MetricRow* const row = observe::find_metric(name);
  return row == nullptr ? "No description." : std::string(row->help);
}

std::string key_of(const engine::Metric& metric) {
  std::string key(metric.name);
  for (const auto& [name, value] : metric.labels) {
    key.append(1, '\x1f').append(name).append(1, '\x1e').append(value);
  }
  return key;
}

prometheus::Labels labels_of(const engine::Metric& metric) {
  prometheus::Labels labels;
  for (const auto& [name, value] : metric.labels) labels[std::string(name)] = value;
  return labels;
}

void add_to(const Series& series, double value) {
  if (auto* const* counter = std::get_if<Counter*>(&series)) {
    // The library throws on a step back, which a counter cannot make.
    if (value >= 0) (*counter)->Increment(value);
  } else if (auto* const* gauge = std::get_if<Gauge*>(&series)) {
    (*gauge)->Set(value);
  } else {
    std::get<Histogram*>(series)->Observe(value);
  }
}

}  // namespace

struct MetricRegistry::State {
  std::mutex mutex;
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::shared_ptr<ProcessMetrics> process = std::make_shared<ProcessMetrics>();
  // Guarded by mutex:
  std::unordered_map<std::string, Series> series;
  std::unordered_map<std::string, std::size_t> count_by_family;
  Counter* dropped = nullptr;

  Series make_series(const engine::Metric& metric) {
    const std::string name(metric.name);
    const std::string help = help_of(metric.name);
    const prometheus::Labels labels = labels_of(metric);
    switch (metric.kind) {
      case engine::MetricKind::kCounterAdd:
        return &prometheus::BuildCounter().Name(name).Help(help).Register(*registry).Add(labels);
      case engine::MetricKind::kGaugeSet:
        return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add(labels);
      case engine::MetricKind::kHistogramObserve:
        break;
    }
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(*registry).Add(
        labels, buckets_of(metric.name));
  }

  void apply(const engine::Metric& metric) {
    std::string key = key_of(metric);
    const auto found = series.find(key);
    if (found != series.end()) return add_to(found->second, metric.value);
    std::size_t& count = count_by_family[std::string(metric.name)];
    if (count >= kSeriesPerFamilyMax) return dropped->Increment();
    const Series made = make_series(metric);
    ++count;
    series.emplace(std::move(key), made);
    add_to(made, metric.value);
  }
};

MetricRegistry::MetricRegistry(std::string_view version, std::string_view commit)
    : state_(std::make_unique<State>()) {
  state_->dropped = &prometheus::BuildCounter()
                         .Name("podcron_dropped_series_total")
                         .Help("Samples left out because their metric has too many series.")
                         .Register(*state_->registry)
                         .Add({});
  prometheus::BuildGauge()
      .Name("podcron_build_info")
      .Help("Always 1; the labels say which podcron this is.")
      .Register(*state_->registry)
      .Add({{"version", std::string(version)}, {"commit", std::string(commit)}})
      .Set(1);
}

MetricRegistry::~MetricRegistry() = default;

void MetricRegistry::apply(const engine::Metric& metric) {
  const std::lock_guard lock(state_->mutex);
  // The library throws for bad names and for one name used as two kinds: our bug, but no reason
  // to stop running what is due.
  try {
    state_->apply(metric);
  } catch (const std::exception&) {
    state_->dropped->Increment();
  }
}

std::string MetricRegistry::to_text() const {
  std::vector<prometheus::MetricFamily> families = state_->registry->Collect();
  for (auto& family : state_->process->Collect()) families.push_back(std::move(family));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace podcron::telemetry
