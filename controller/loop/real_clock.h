// The only place that reads the clocks for the engine.
#pragma once

#include "base/time.h"

namespace podcron::loop {

/// CLOCK_REALTIME and CLOCK_BOOTTIME, which goes on while the machine sleeps. No system call.
Now real_now();

}  // namespace podcron::loop
