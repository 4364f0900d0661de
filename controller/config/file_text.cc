#include "controller/config/file_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace podcron::config {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::string text;
  char piece[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(fd, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      ::close(fd);
      return fail(ErrorCode::kNotFound, fmt::format("{}: {}", path, std::strerror(reason)));
    }
    if (count == 0) break;
    text.append(piece, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) {
      ::close(fd);
      return fail(ErrorCode::kMalformed, fmt::format("{}: larger than {} bytes", path, bytes_max));
    }
  }
  ::close(fd);
  return text;
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace podcron::config
