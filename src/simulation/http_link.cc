#include "simulation/http_link.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

/// A request takes no longer on its way: beyond, it is lost. So a start can be late by this much.
constexpr Millis kWayMost{900};
constexpr int kOk = 200;
constexpr int kServerError = 500;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

void HttpLink::perform(engine::HttpTask&& effect) {
  Environment& env = wire_.environment;
  ++env.report.requests_to_pods;
  PODCRON_ASSERT(effect.connect_timeout > Millis{0} && effect.port == 8080);
  env.trace.line(wire_.holder, "HTTP #{} {} {}:{}{}", effect.id.value, effect.purpose,
                 effect.address, effect.port, effect.path);
  const engine::EffectId id = effect.id;
  const bool added = exchanges_.emplace(id, Exchange{draw_course(env), false}).second;
  PODCRON_ASSERT(added);
  if (env.strikes(FaultKind::kExecNotSent)) {
    return end_after(wire_.latency(), id, api::HttpEnd::kNotConnected, "connection refused");
  }
  const bool probe = !effect.purpose.starts_with("run/");
  if (!probe) {
    wire_.checker.on_dial({wire_.holder, effect.purpose.substr(4)}, env.timeline.now());
  }
  const bool lost = wire_.partitioned() && wire_.partition.requests_blocked;
  if (lost || env.strikes(FaultKind::kExecLost)) {
    return end_after(effect.connect_timeout, id, api::HttpEnd::kNotConnected, "no connection");
  }
  if (wire_.partitioned()) exchanges_.at(id).course = TaskCourse::kHandshakeLost;
  const Millis delay = std::min(wire_.latency(), kWayMost);
  env.timeline.after(delay, [this, id, effect = std::move(effect), &cluster = wire_.cluster,
                             witness = lifeline_.witness()] {
    if (witness.alive()) return arrive(id, effect, witness);
    // The request has left, so it arrives even if its sender has died.
    const auto pod = cluster.pod_at(effect.address);
    auto task = task_of(words_of(effect.body));
    if (pod && task) {
      cluster.start_task(pod->namespace_, pod->name, std::move(*task), {Millis{1000}, 0}, nullptr);
    }
  });
}

void HttpLink::arrive(engine::EffectId id, const engine::HttpTask& effect,
                      Lifeline::Witness witness) {
  Environment& env = wire_.environment;
  const auto pod = wire_.cluster.pod_at(effect.address);
  if (!pod) return end(id, api::HttpEnd::kNotConnected, "connection refused");
  const auto at = exchanges_.find(id);
  const TaskCourse course = at != exchanges_.end() ? at->second.course : TaskCourse::kCut;
  if (at != exchanges_.end()) {
    at->second.started = true;
    wire_.deliver(engine::Input(engine::TaskStarted{id}));
  }
  auto task = task_of(words_of(effect.body));
  if (!task) {  // a probe
    return answer(id, env.faults.active() && env.prng.chance(100) ? kServerError : kOk);
  }
  // An application that is busy says so at once.
  const bool busy = env.strikes(FaultKind::kExecRefused);
  const TaskBehaviour behaviour = busy ? TaskBehaviour{Millis{1}, 1} : draw_behaviour(env);
  wire_.cluster.start_task(pod->namespace_, pod->name, std::move(*task), behaviour,
                           [this, id, witness](int exit_code, bool killed) {
                             if (witness.alive()) handled(id, exit_code, killed);
                           });
  if (course == TaskCourse::kCut || course == TaskCourse::kHandshakeLost) {
    end_after(env.draw(Millis{1}, behaviour.duration + Millis{1}), id, api::HttpEnd::kLost,
              "connection reset");
  }
}

void HttpLink::handled(engine::EffectId id, int exit_code, bool killed) {
  const auto at = exchanges_.find(id);
  if (at == exchanges_.end()) return;
  if (killed) return end(id, api::HttpEnd::kLost, "end of file");
  const int status = exit_code == 0 ? kOk : kServerError;
  switch (at->second.course) {
    case TaskCourse::kOrdinary:
      return answer(id, status);
    case TaskCourse::kWithoutStatus:
      return end(id, api::HttpEnd::kLost, "partial message", status);
    case TaskCourse::kHandshakeLost:
    case TaskCourse::kCut:
    case TaskCourse::kFrozen:
      return;
  }
}

void HttpLink::answer(engine::EffectId id, int status) {
  wire_.environment.timeline.after(wire_.latency() + Millis{1},
                                   [this, id, status, witness = lifeline_.witness()] {
                                     if (!witness.alive()) return;
                                     const auto at = exchanges_.find(id);
                                     if (at == exchanges_.end()) return;
                                     // A partition swallows the answer, and nobody says so.
                                     if (wire_.partitioned()) {
                                       at->second.course = TaskCourse::kFrozen;
                                       return;
                                     }
                                     end(id, api::HttpEnd::kAnswered, "", status);
                                   });
}

void HttpLink::end(engine::EffectId id, api::HttpEnd how, std::string_view error, int status) {
  if (exchanges_.erase(id) == 0) return;
  api::HttpReport report;
  report.end = how;
  report.error = error;
  report.status = status;
  wire_.environment.trace.line(wire_.holder, "http #{} ended {} {} {}", id.value,
                               static_cast<int>(how), status, error);
  wire_.deliver(engine::Input(engine::TaskEnded{id, std::move(report)}));
}

void HttpLink::end_after(Millis delay, engine::EffectId id, api::HttpEnd how,
                         std::string_view error) {
  wire_.environment.timeline.after(delay, [this, id, how, error, witness = lifeline_.witness()] {
    if (witness.alive()) end(id, how, error);
  });
}

bool HttpLink::cancel(engine::EffectId id) {
  if (!exchanges_.contains(id)) return false;
  end(id, api::HttpEnd::kCancelled, "cancelled");
  return true;
}

void HttpLink::heal() {
  std::vector<engine::EffectId> frozen;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.course == TaskCourse::kFrozen) frozen.push_back(id);
  }
  for (const engine::EffectId id : frozen) end(id, api::HttpEnd::kLost, "connection reset");
}

}  // namespace podcron::simulation
