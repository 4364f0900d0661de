// Assertions for our own bugs. They stay on in release builds and never guard input.
#pragma once

namespace podcron {

/// Prints `file:line: expression` and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace podcron

#define PODCRON_ASSERT(expression) \
  ((expression) ? (void)0 : ::podcron::assertion_failed(#expression, __FILE__, __LINE__))
