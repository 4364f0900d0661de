#include "controller/loop/real_clock.h"

#include <time.h>

namespace podcron::loop {
namespace {

Millis read_clock(clockid_t clock) {
  timespec reading{};
  ::clock_gettime(clock, &reading);
  return Millis(static_cast<std::int64_t>(reading.tv_sec) * 1000 + reading.tv_nsec / 1'000'000);
}

}  // namespace

Now real_now() {
  return {WallMillis(read_clock(CLOCK_REALTIME)), MonoTime(read_clock(CLOCK_BOOTTIME))};
}

}  // namespace podcron::loop
