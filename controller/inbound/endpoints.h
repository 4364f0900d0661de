// What the listener answers: /metrics, /healthz, /readyz, and nothing else. No socket here.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "controller/loop/pulse.h"
#include "controller/telemetry/metric_registry.h"

namespace podcron::inbound {

struct Answer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class Endpoints {
 public:
  Endpoints(const loop::Pulse& pulse, const telemetry::MetricRegistry& metrics);

  /// `target` may carry a query, which is ignored. 404 for other paths, 405 for methods other
  /// than GET and HEAD (whose body the listener leaves out).
  [[nodiscard]] Answer answer(std::string_view method, std::string_view target, Now now) const;

 private:
  [[nodiscard]] Answer healthz(Now now) const;
  [[nodiscard]] Answer readyz(Now now) const;

  const loop::Pulse& pulse_;
  const telemetry::MetricRegistry& metrics_;
};

}  // namespace podcron::inbound
