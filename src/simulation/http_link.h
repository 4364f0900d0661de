// Performs HttpTasks: the connection to a pod's address, the request handled in it, the answer, and
// what goes wrong. A request that is being handled goes on when its connection is lost.
#pragma once

#include <map>
#include <string_view>

#include "engine/effects.h"
#include "simulation/lifeline.h"
#include "simulation/task_draw.h"
#include "simulation/wire.h"

namespace podcron::simulation {

class HttpLink {
 public:
  explicit HttpLink(Wire& wire) : wire_(wire) {}

  void perform(engine::HttpTask&& effect);
  /// True if `id` was an exchange under way; it ends cancelled.
  bool cancel(engine::EffectId id);
  /// The network is whole again: frozen exchanges are found to be lost.
  void heal();

 private:
  struct Exchange {
    TaskCourse course = TaskCourse::kOrdinary;
    bool started = false;
  };

  void arrive(engine::EffectId id, const engine::HttpTask& effect, Lifeline::Witness witness);
  void handled(engine::EffectId id, int exit_code, bool killed);
  void answer(engine::EffectId id, int status);
  void end(engine::EffectId id, api::HttpEnd how, std::string_view error, int status = 0);
  void end_after(Millis delay, engine::EffectId id, api::HttpEnd how, std::string_view error);

  Wire& wire_;
  std::map<engine::EffectId, Exchange> exchanges_;
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
