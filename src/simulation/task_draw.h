// What becomes of a task that is dialled, drawn by chance: how long it takes, how it ends, and
// where its exchange breaks.
#pragma once

#include "simulation/cluster.h"

namespace podcron::simulation {

enum class TaskCourse {
  kOrdinary,
  kHandshakeLost,  // it starts, and nothing is heard of it
  kCut,            // the connection breaks while it runs
  kFrozen,         // the connection stands still
  kWithoutStatus,  // it ends, and how is not said
};

TaskCourse draw_course(Environment& environment);
TaskBehaviour draw_behaviour(Environment& environment);

}  // namespace podcron::simulation
