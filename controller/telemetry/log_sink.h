// Log lines: JSON for machines, aligned and coloured on a terminal.
//
// {"ts":"2026-03-08T12:00:05.017Z","level":"info","msg":"run started","podjob":"digest-1"}
// One write(2) a line, so that lines of several threads do not mix.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/effects.h"

namespace podcron::telemetry {

enum class LogForm { kJson, kTerminal };

/// Pure: one line with its end. Values that are whole numbers stay numbers for keys that mean one
/// (..._ms, count, exit_code, http_status); invalid UTF-8 becomes U+FFFD.
std::string render_log(const engine::Log& log, WallMillis now, LogForm form);

/// Safe to use from several threads.
class LogSink {
 public:
  /// `fd` stays the caller's; a terminal gets LogForm::kTerminal.
  LogSink(int fd, engine::LogLevel threshold);

  void write(const engine::Log& log);

 private:
  const int fd_;
  const engine::LogLevel threshold_;
  const LogForm form_;
};

}  // namespace podcron::telemetry
