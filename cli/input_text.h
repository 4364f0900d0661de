// What -f FILE names: a file, or standard input.
#pragma once

#include <string>

#include "base/result.h"

namespace podcron::cli {

/// The whole of `file`, at most 16 MiB; "-" is standard input.
/// Errors: kNotFound, kMalformed (too large); the text names the file.
Result<std::string> read_input(const std::string& file);

/// `file` as messages name it.
std::string input_name(const std::string& file);

}  // namespace podcron::cli
