#include "cli/input_text.h"

#include <cstddef>
#include <cstdio>

#include <fmt/format.h>

#include "controller/config/file_text.h"

namespace podcron::cli {
namespace {

/// The largest list of objects that people keep in one file is far smaller.
constexpr std::size_t kInputBytesMax = 16u << 20;

Result<std::string> read_stdin() {
  std::string text;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, size);
    if (text.size() > kInputBytesMax) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("standard input: larger than {} bytes", kInputBytesMax));
    }
  }
  return text;
}

}  // namespace

Result<std::string> read_input(const std::string& file) {
  return file == "-" ? read_stdin() : config::read_file(file, kInputBytesMax);
}

std::string input_name(const std::string& file) { return file == "-" ? "standard input" : file; }

}  // namespace podcron::cli
