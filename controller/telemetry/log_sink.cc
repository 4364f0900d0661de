#include "controller/telemetry/log_sink.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "api/utf8.h"
#include "controller/loop/real_clock.h"

namespace podcron::telemetry {
namespace {

constexpr std::size_t kMessageColumns = 32;

std::string_view level_name(engine::LogLevel level) {
  switch (level) {
    case engine::LogLevel::kDebug:
      return "debug";
    case engine::LogLevel::kInfo:
      return "info";
    case engine::LogLevel::kWarning:
      return "warning";
    case engine::LogLevel::kError:
      return "error";
  }
  return "info";
}

/// "2026-03-08T12:00:05.017Z".
std::string stamp(WallMillis now) {
  std::string text = to_rfc3339_micro(now);
  const std::size_t dot = text.rfind('.');
  if (dot != std::string::npos) text.replace(dot + 4, std::string::npos, "Z");
  return text;
}

bool means_number(std::string_view key) {
  constexpr std::array<std::string_view, 3> kNumbers{"count", "exit_code", "http_status"};
  return key.ends_with("_ms") || std::find(kNumbers.begin(), kNumbers.end(), key) != kNumbers.end();
}

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string render_json(const engine::Log& log, WallMillis now) {
  std::string line;
  line.reserve(256);
  line.append("{\"ts\":\"").append(stamp(now));
  line.append("\",\"level\":\"").append(level_name(log.level)).append("\",\"msg\":");
  api::append_json_string(line, log.message);
  for (const auto& [key, value] : log.facts) {
    line += ',';
    api::append_json_string(line, key);
    line += ':';
    if (means_number(key) && is_whole_number(value)) {
      line.append(value);
    } else {
      api::append_json_string(line, value);
    }
  }
  line.append("}\n");
  return line;
}

/// Control characters would move the cursor; a text with blanks needs quotes to be one value.
std::string readable(std::string_view value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '"' && c != '\\' &&
           static_cast<unsigned char>(c) < 0x80;
  });
  if (plain) return std::string(value);
  std::string quoted;
  api::append_json_string(quoted, value);
  return quoted;
}

std::string render_terminal(const engine::Log& log, WallMillis now) {
  constexpr std::string_view kReset = "\x1b[0m";
  constexpr std::string_view kDim = "\x1b[2m";
  constexpr std::array<std::string_view, 4> kColours{"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  constexpr std::array<std::string_view, 4> kNames{"DEBUG", "INFO ", "WARN ", "ERROR"};
  const auto level = static_cast<std::size_t>(log.level);
  std::string line = fmt::format("{} {}{}{} {:<{}}", stamp(now).substr(11, 12), kColours[level],
                                 kNames[level], kReset, log.message, kMessageColumns);
  for (const auto& [key, value] : log.facts) {
    line.append(" ").append(kDim).append(key).append("=").append(kReset).append(readable(value));
  }
  while (line.ends_with(' ')) line.pop_back();
  line += '\n';
  return line;
}

}  // namespace

std::string render_log(const engine::Log& log, WallMillis now, LogForm form) {
  return form == LogForm::kJson ? render_json(log, now) : render_terminal(log, now);
}

LogSink::LogSink(int fd, engine::LogLevel threshold)
    : fd_(fd),
      threshold_(threshold),
      form_(::isatty(fd) == 1 ? LogForm::kTerminal : LogForm::kJson) {}

void LogSink::write(const engine::Log& log) {
  if (log.level < threshold_) return;
  const std::string line = render_log(log, loop::real_now().wall, form_);
  // A full pipe or a closed terminal loses the line: logging never stops the controller.
  [[maybe_unused]] const auto written = ::write(fd_, line.data(), line.size());
}

}  // namespace podcron::telemetry
