#include "simulation/task_draw.h"

namespace podcron::simulation {

TaskBehaviour draw_behaviour(Environment& env) {
  if (!env.faults.active()) return {env.draw(Millis{5}, Millis{2000}), 0};
  const std::uint64_t drawn = env.prng.below(100);
  TaskBehaviour behaviour;
  if (drawn < 75) {
    behaviour.duration = env.draw(Millis{1}, Millis{2500});
  } else if (drawn < 88) {
    behaviour.duration = env.draw(Millis{2500}, Millis{9000});
  } else if (drawn < 97) {
    behaviour.duration = env.draw(Millis{9000}, Millis{25'000});
  } else {
    behaviour.duration = env.draw(Millis{25'000}, Millis{70'000});
  }
  if (env.prng.chance(150)) behaviour.exit_code = static_cast<int>(1 + env.prng.below(255));
  return behaviour;
}

TaskCourse draw_course(Environment& env) {
  if (env.strikes(FaultKind::kExecHandshakeLost)) return TaskCourse::kHandshakeLost;
  if (env.strikes(FaultKind::kExecCut)) return TaskCourse::kCut;
  if (env.strikes(FaultKind::kExecFrozen)) return TaskCourse::kFrozen;
  if (env.strikes(FaultKind::kExecWithoutStatus)) return TaskCourse::kWithoutStatus;
  return TaskCourse::kOrdinary;
}

}  // namespace podcron::simulation
