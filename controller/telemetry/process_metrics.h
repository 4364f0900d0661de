// CPU time, memory and open files of this process, under the names that Prometheus clients share.
//
// Source: proc(5); prometheus.io, "Writing client libraries", process metrics.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace podcron::telemetry {

class ProcessMetrics final : public prometheus::Collectable {
 public:
  ProcessMetrics();
  /// Reads /proc/self each time: about 50 microseconds.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  double started_at_seconds_;
};

}  // namespace podcron::telemetry
