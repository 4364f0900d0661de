#include "simulation/exec_link.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

/// 61 s without a frame count as lost (ExecTask's contract).
constexpr Millis kSilenceMost{61'000};
/// A dial takes no longer: beyond, it is lost. So a start can be late by this much and no more.
constexpr Millis kDialMost{900};

std::vector<std::string> argv_of(const RequestPath& path) {
  std::vector<std::string> argv;
  for (const auto& [key, value] : path.query) {
    if (key == "command") argv.push_back(value);
  }
  return argv;
}

std::string status_of(int exit_code) {
  if (exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  return fmt::format(
      R"({{"metadata":{{}},"status":"Failure","message":"command terminated with non-zero exit )"
      R"(code","reason":"NonZeroExitCode","details":{{"causes":[{{"reason":"ExitCode",)"
      R"("message":"{}"}}]}}}})",
      exit_code);
}

}  // namespace

ExecLink::Exchange* ExecLink::find(engine::EffectId id) {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : &found->second;
}

void ExecLink::perform(engine::ExecTask&& effect) {
  Environment& env = wire_.environment;
  ++env.report.execs;
  PODCRON_ASSERT(effect.handshake_timeout > Millis{0});
  env.trace.line(wire_.holder, "EXEC #{} {} {}", effect.id.value, effect.purpose, effect.path);
  const engine::EffectId id = effect.id;
  const bool added = exchanges_.emplace(id, Exchange{effect, {}, draw_course(env)}).second;
  PODCRON_ASSERT(added);
  if (env.strikes(FaultKind::kExecNotSent)) {
    return fail_after(wire_.latency(), id, false, "connection refused");
  }
  // A probe starts no task: who gives the run back after it was not the one who dialled it.
  constexpr std::string_view kRun = "run/";
  if (effect.purpose.starts_with(kRun)) {
    wire_.checker.on_dial({wire_.holder, effect.purpose.substr(kRun.size())}, env.timeline.now());
  }
  const bool lost = wire_.partitioned() && wire_.partition.requests_blocked;
  if (lost || env.strikes(FaultKind::kExecLost)) {
    return fail_after(effect.handshake_timeout, id, true, "no answer");
  }
  if (wire_.partitioned()) exchanges_.at(id).course = TaskCourse::kHandshakeLost;
  const Millis delay = std::min(wire_.latency(), kDialMost);
  env.timeline.after(delay, [this, id, effect = std::move(effect), &cluster = wire_.cluster,
                             witness = lifeline_.witness()] {
    // The request has left, so it arrives even if its sender has died. Only the cluster is there
    // then; Wire and link are not.
    if (witness.alive()) return arrive(id, effect, witness);
    const auto path = parse_request_path(effect.path);
    if (!path ||
        cluster.refuse_exec(path->namespace_, path->name, path->query_value("container"))) {
      return;
    }
    if (auto task = task_of(argv_of(*path))) {
      cluster.start_task(path->namespace_, path->name, std::move(*task), {Millis{1000}, 0},
                         nullptr);
    }
  });
}

void ExecLink::arrive(engine::EffectId id, const engine::ExecTask& effect,
                      Lifeline::Witness witness) {
  Environment& env = wire_.environment;
  const auto path = parse_request_path(effect.path);
  if (!path || path->subresource != "exec") return refuse(id, unknown_path(), witness);
  if (env.strikes(FaultKind::kExecRefused)) {
    switch (env.prng.below(4)) {
      case 0:
        return refuse(id, forbidden(type_of(Resource::kPods), path->name, "no pods/exec"), witness);
      case 1:
        return refuse(id, too_many_requests(Seconds{1}), witness);
      case 2:
        return refuse(id, service_unavailable(), witness);
      default:
        return refuse(id, internal_error("error dialing backend: connection refused"), witness);
    }
  }
  auto refusal =
      wire_.cluster.refuse_exec(path->namespace_, path->name, path->query_value("container"));
  if (refusal) return refuse(id, std::move(*refusal), witness);
  if (is_probe(argv_of(*path))) return probed(id, witness);
  auto task = task_of(argv_of(*path));
  if (!task || env.strikes(FaultKind::kExecNotStarted)) return not_started(id, witness);
  run(id, *path, std::move(*task), witness);
}

void ExecLink::run(engine::EffectId id, const RequestPath& path, TaskIdentity task,
                   Lifeline::Witness witness) {
  Environment& env = wire_.environment;
  const Exchange* exchange = find(id);
  const TaskCourse course = exchange != nullptr ? exchange->course : TaskCourse::kCut;
  const TaskBehaviour behaviour = draw_behaviour(env);
  wire_.cluster.start_task(path.namespace_, path.name, std::move(task), behaviour,
                           [this, id, witness](int exit_code, bool killed) {
                             if (witness.alive()) process_ended(id, exit_code, killed);
                           });
  if (exchange == nullptr) return;  // cancelled meanwhile
  if (course == TaskCourse::kHandshakeLost) {
    return fail_after(env.draw(Millis{1}, exchange->effect.handshake_timeout), id, true,
                      "connection reset");
  }
  env.timeline.after(wire_.latency(), [this, id, witness] {
    if (witness.alive()) connect(id);
  });
  if (course == TaskCourse::kCut) {
    fail_after(env.draw(Millis{1}, behaviour.duration + Millis{1}), id, true, "connection reset");
  } else if (course == TaskCourse::kFrozen) {
    fail_after(kSilenceMost, id, true, "no frame for 61 s");
  }
}

void ExecLink::refuse(engine::EffectId id, ApiAnswer answer, Lifeline::Witness witness) {
  wire_.environment.timeline.after(wire_.latency(),
                                   [this, id, answer = std::move(answer), witness] {
                                     Exchange* exchange = witness.alive() ? find(id) : nullptr;
                                     if (exchange == nullptr) return;
                                     exchange->session.on_handshake(answer.status, "", answer.body);
                                     report_if_ended(id);
                                   });
}

void ExecLink::not_started(engine::EffectId id, Lifeline::Witness witness) {
  wire_.environment.timeline.after(wire_.latency(), [this, id, witness] {
    Exchange* exchange = witness.alive() ? find(id) : nullptr;
    if (exchange == nullptr) return;
    exchange->course = TaskCourse::kOrdinary;
    connect(id);
    close_with_status(
        id,
        R"({"metadata":{},"status":"Failure","message":"Internal error occurred: error executing )"
        R"(command in container: failed to exec in container: exec: \"sim-task\": executable )"
        R"(file not found in $PATH","reason":"InternalError","details":{"causes":[{"message":)"
        R"("exec: \"sim-task\": executable file not found in $PATH"}]},"code":500})");
  });
}

/// Mostly at once and well; sometimes badly, and sometimes later than anybody waits.
void ExecLink::probed(engine::EffectId id, Lifeline::Witness witness) {
  Environment& env = wire_.environment;
  const bool slow = env.faults.active() && env.prng.chance(50);
  const bool bad = env.faults.active() && env.prng.chance(100);
  env.timeline.after(slow ? env.draw(Millis{900}, Millis{3000}) : wire_.latency(),
                     [this, id, bad, witness] {
                       Exchange* exchange = witness.alive() ? find(id) : nullptr;
                       if (exchange == nullptr) return;
                       exchange->course = TaskCourse::kOrdinary;
                       connect(id);
                       close_with_status(id, status_of(bad ? 1 : 0));
                     });
}

void ExecLink::connect(engine::EffectId id) {
  Exchange* exchange = find(id);
  if (exchange == nullptr || exchange->connected) return;
  exchange->connected = true;
  exchange->connected_at = wire_.environment.timeline.now();
  exchange->session.on_handshake(101, kube::kExecSubprotocol, "");
  exchange->session.on_message(std::string_view("\x01", 1));
  wire_.deliver(engine::Input(engine::TaskStarted{id}));
  report_if_ended(id);
}

void ExecLink::process_ended(engine::EffectId id, int exit_code, bool killed) {
  const Exchange* exchange = find(id);
  if (exchange == nullptr) return;
  Environment& env = wire_.environment;
  if (exchange->course != TaskCourse::kOrdinary && exchange->course != TaskCourse::kWithoutStatus)
    return;
  // The node may lose the exchange together with the container.
  const bool lost = killed && env.prng.chance(500);
  env.timeline.after(wire_.latency() + Millis{1},
                     [this, id, exit_code, lost, witness = lifeline_.witness()] {
                       Exchange* found = witness.alive() ? find(id) : nullptr;
                       if (found == nullptr) return;
                       // A partition swallows the end, and silence tells in time.
                       if (wire_.partitioned()) {
                         found->course = TaskCourse::kFrozen;
                         return fail_after(kSilenceMost, id, true, "no frame for 61 s");
                       }
                       if (lost) return fail(id, true, "connection reset");
                       connect(id);
                       if ((found = find(id)) == nullptr) return;
                       found->session.on_message(std::string("\x01") + "worked\n");
                       if (found->course == TaskCourse::kWithoutStatus) {
                         found->session.on_closed();
                         return report_if_ended(id);
                       }
                       close_with_status(id, status_of(exit_code));
                     });
}

void ExecLink::close_with_status(engine::EffectId id, const std::string& status) {
  Exchange* exchange = find(id);
  if (exchange == nullptr) return;
  // The status may come in pieces; it counts once the exchange is closed in order.
  const std::size_t half = status.size() / 2;
  exchange->session.on_message("\x03" + status.substr(0, half));
  exchange->session.on_message("\x03" + status.substr(half));
  exchange->session.on_closed();
  report_if_ended(id);
}

void ExecLink::fail(engine::EffectId id, bool request_left, std::string_view error) {
  Exchange* exchange = find(id);
  if (exchange == nullptr) return;
  exchange->session.on_failed(request_left, error);
  report_if_ended(id);
}

void ExecLink::fail_after(Millis delay, engine::EffectId id, bool request_left,
                          std::string_view error) {
  wire_.environment.timeline.after(delay,
                                   [this, id, request_left, error, witness = lifeline_.witness()] {
                                     if (witness.alive()) fail(id, request_left, error);
                                   });
}

bool ExecLink::cancel(engine::EffectId id) {
  Exchange* exchange = find(id);
  if (exchange == nullptr) return false;
  exchange->session.on_cancelled();
  report_if_ended(id);
  return true;
}

void ExecLink::heal() {
  std::vector<engine::EffectId> frozen;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.course == TaskCourse::kFrozen) frozen.push_back(id);
  }
  for (const engine::EffectId id : frozen) fail(id, true, "connection reset");
}

void ExecLink::report_if_ended(engine::EffectId id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end() || !found->second.session.ended()) return;
  api::ExecReport report = found->second.session.take_report();
  wire_.environment.trace.line(wire_.holder, "exec #{} ended {} {} {}", id.value,
                               static_cast<int>(report.end), report.http_status, report.error);
  exchanges_.erase(found);
  wire_.deliver(engine::Input(engine::TaskEnded{id, std::move(report)}));
}

}  // namespace podcron::simulation
