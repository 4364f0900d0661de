// engine::Metric effects as Prometheus series, with bounds: a label that takes too many values
// costs a dropped series, not memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/effects.h"

namespace podcron::telemetry {

/// Safe to use from several threads.
class MetricRegistry {
 public:
  static constexpr std::size_t kSeriesPerFamilyMax = 1'000;

  /// Adds podcron_build_info and the process's own metrics.
  MetricRegistry(std::string_view version, std::string_view commit);
  ~MetricRegistry();

  /// A name that observe::metrics() does not list gets a generic help text. A name used as two
  /// kinds counts as dropped. Cost: one hash look-up, about 0.2 microseconds.
  void apply(const engine::Metric& metric);

  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string to_text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::telemetry
