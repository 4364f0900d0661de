// The environment of the process.
#pragma once

#include <string>

namespace podcron::config {

/// The value of the variable; empty when it is not set. Reads only: nothing of podcron changes its
/// environment once a second thread runs.
std::string environment(const char* name);

}  // namespace podcron::config
