// What can wake the engine thread: two timers, signals, and the mailbox, behind one epoll.
//
// The wall timer is cancelled by the kernel when somebody sets the clock, so that a step of the
// clock is noticed at once and not at the next due time.
#pragma once

#include <array>

#include "engine/engine.h"

namespace podcron::loop {

class Alarm {
 public:
  /// `wake_fd` stays the caller's. Signals must be blocked already: block_signals().
  explicit Alarm(int wake_fd);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// What ended a sleep; several may be true.
  struct Woken {
    bool timer = false;            // one of the two, or the clock was set
    bool letters = false;          // wake_fd is readable
    std::array<int, 8> signals{};  // as many as came, zeros behind them
  };

  /// Sleeps until the first of: `at`, a letter, a signal. At most two settime calls.
  Woken sleep_until(const engine::WakeAt& at);
  /// Signals that came meanwhile, without sleeping.
  Woken look();

 private:
  Woken wait(int timeout_ms);
  void arm(const engine::WakeAt& at);

  int epoll_fd_;
  int wake_fd_;
  int wall_fd_;
  int mono_fd_;
  int signal_fd_;
  engine::WakeAt armed_{WallMillis::min(), MonoTime::min(), false};
};

/// SIGTERM and SIGINT wait for Alarm, SIGPIPE is ignored. Before the first thread is started.
void block_signals();

}  // namespace podcron::loop
