// Virtual time: a heap of actions ordered by (virtual time, sequence number).
//
// Nothing else orders a simulation, so the same actions in the same order always give the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"

namespace podcron::simulation {

/// Since the start of the simulation.
using VirtualTime = Millis;

class Timeline {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] VirtualTime now() const { return now_; }

  /// A time in the past means now. Actions of one time run in the order they were added.
  void at(VirtualTime when, Action action);
  void after(Millis delay, Action action) { at(now_ + delay, std::move(action)); }

  /// Runs the next action that is due by `limit`. False: there is none, and it is `limit` now.
  bool run_next(VirtualTime limit);

 private:
  struct Entry {
    VirtualTime when;
    std::uint64_t sequence;
    Action action;
  };
  static bool later(const Entry& a, const Entry& b);

  std::vector<Entry> heap_;
  VirtualTime now_{0};
  std::uint64_t next_sequence_ = 0;
};

}  // namespace podcron::simulation
