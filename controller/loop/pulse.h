// What the engine thread shows to the others: is it alive, and what does the engine think?
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "engine/engine.h"

namespace podcron::loop {

/// Written by the engine thread, read by any.
class Pulse {
 public:
  /// A step runs for microseconds; longer than this and the loop is stuck.
  static constexpr Millis kStuckAfter{10'000};

  void working(MonoTime since) { busy_since_ms_ = since.time_since_epoch().count(); }
  void sleeping() { busy_since_ms_ = kAsleep; }
  void publish(const engine::EngineHealth& health) {
    synced_ = health.synced;
    reachable_ = health.reachable;
    held_ = health.held;
  }

  /// Asleep, or at work for less than kStuckAfter.
  [[nodiscard]] bool responsive(MonoTime now) const {
    const std::int64_t since = busy_since_ms_;
    return since == kAsleep || now.time_since_epoch() - Millis(since) < kStuckAfter;
  }
  [[nodiscard]] engine::EngineHealth health() const { return {synced_, reachable_, held_}; }

 private:
  static constexpr std::int64_t kAsleep = -1;
  std::atomic<std::int64_t> busy_since_ms_{kAsleep};
  std::atomic<bool> synced_{false};
  std::atomic<bool> reachable_{false};
  std::atomic<bool> held_{false};
};

}  // namespace podcron::loop
