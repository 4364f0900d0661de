#include "simulation/trace.h"

namespace podcron::simulation {

std::string clock_text(VirtualTime time) {
  const std::int64_t millis = time.count();
  return fmt::format("{:02}:{:02}:{:02}.{:03}", millis / 3'600'000, millis / 60'000 % 60,
                     millis / 1000 % 60, millis % 1000);
}

}  // namespace podcron::simulation
