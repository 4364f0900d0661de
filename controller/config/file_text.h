// Small files, read whole.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace podcron::config {

/// Errors: kNotFound naming the path and the system's reason; kMalformed above `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Without blanks and line ends on both sides.
std::string trimmed(const std::string& text);

}  // namespace podcron::config
