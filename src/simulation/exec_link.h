// Performs ExecTasks: the upgrade, the process in the pod, the frames back, and what goes wrong.
//
// The frames go through kube::ExecSession, as in production. A process that was started goes on
// when the connection is lost, as on a real node.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/effects.h"
#include "kube/exec_session.h"
#include "simulation/lifeline.h"
#include "simulation/task_draw.h"
#include "simulation/wire.h"

namespace podcron::simulation {

class ExecLink {
 public:
  explicit ExecLink(Wire& wire) : wire_(wire) {}

  void perform(engine::ExecTask&& effect);
  /// True if `id` was an exchange under way; it ends cancelled.
  bool cancel(engine::EffectId id);
  /// The network is whole again: frozen exchanges are found to be lost.
  void heal();

 private:
  struct Exchange {
    engine::ExecTask effect;
    kube::ExecSession session;
    TaskCourse course = TaskCourse::kOrdinary;
    VirtualTime connected_at{};  // frames do not come before
    bool connected = false;
  };

  void arrive(engine::EffectId id, const engine::ExecTask& effect, Lifeline::Witness witness);
  void run(engine::EffectId id, const RequestPath& path, TaskIdentity task,
           Lifeline::Witness witness);
  void refuse(engine::EffectId id, ApiAnswer answer, Lifeline::Witness witness);
  void probed(engine::EffectId id, Lifeline::Witness witness);
  void not_started(engine::EffectId id, Lifeline::Witness witness);
  void connect(engine::EffectId id);
  void process_ended(engine::EffectId id, int exit_code, bool killed);
  void close_with_status(engine::EffectId id, const std::string& status);
  void fail(engine::EffectId id, bool request_left, std::string_view error);
  void fail_after(Millis delay, engine::EffectId id, bool request_left, std::string_view error);
  void report_if_ended(engine::EffectId id);
  Exchange* find(engine::EffectId id);

  Wire& wire_;
  std::map<engine::EffectId, Exchange> exchanges_;
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
