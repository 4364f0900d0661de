#include "controller/config/environment.h"

#include <cstdlib>

namespace podcron::config {

std::string environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): main() changes it before any thread starts
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace podcron::config
