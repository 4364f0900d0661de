#include "controller/inbound/endpoints.h"

namespace podcron::inbound {

Endpoints::Endpoints(const loop::Pulse& pulse, const telemetry::MetricRegistry& metrics)
    : pulse_(pulse), metrics_(metrics) {}

Answer Endpoints::answer(std::string_view method, std::string_view target, Now now) const {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/metrics" && path != "/healthz" && path != "/readyz") {
    return {404, "text/plain; charset=utf-8", "not found; there is /metrics, /healthz, /readyz\n"};
  }
  if (method != "GET" && method != "HEAD") {
    return {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
  }
  if (path == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_.to_text()};
  }
  return path == "/healthz" ? healthz(now) : readyz(now);
}

Answer Endpoints::healthz(Now now) const {
  if (pulse_.responsive(now.mono)) return {.body = "ok\n"};
  return {500, "text/plain; charset=utf-8", "the engine has not finished a step for 10 s\n"};
}

Answer Endpoints::readyz(Now now) const {
  std::string wrong;
  const engine::EngineHealth health = pulse_.health();
  if (!pulse_.responsive(now.mono)) wrong += "the engine has not finished a step for 10 s\n";
  if (!health.synced) wrong += "not every watched resource was listed once\n";
  if (!health.reachable) wrong += "the API server does not answer, or refuses a watch\n";
  if (!health.held) wrong += "this process does not hold its Lease\n";
  if (wrong.empty()) return {.body = "ok\n"};
  return {503, "text/plain; charset=utf-8", std::move(wrong)};
}

}  // namespace podcron::inbound
