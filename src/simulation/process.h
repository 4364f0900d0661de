// One controller process from its start to its end: an Engine, its inbox, and its links.
//
// Inputs wait in the inbox and are handled one per step in a turn of their own, as in the real
// loop. A crash may come after any effect: what was performed stays performed, the rest never
// happens.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "simulation/exec_link.h"
#include "simulation/http_link.h"
#include "simulation/lifeline.h"
#include "simulation/request_link.h"
#include "simulation/strategy_link.h"
#include "simulation/stream_link.h"
#include "simulation/wire.h"

namespace podcron::simulation {

/// What a process has from outside.
struct ProcessPlace {
  Environment& environment;
  ApiServer& server;
  Cluster& cluster;
  Checker& checker;
  const Partition& partition;
  /// Of this replica's wall clock against the API server's; may change.
  const Millis& skew;
};

enum class ProcessEnd { kCrash, kExit };

class Process {
 public:
  using OnEnd = std::function<void(ProcessEnd)>;
  /// Asked after every effect that reaches outside: whether the process dies there.
  using CrashHere = std::function<bool()>;

  /// `on_end` is called once, from the timeline, and may destroy the process.
  Process(const ProcessPlace& place, engine::EngineConfig config, Millis mono_offset,
          CrashHere crash_here, OnEnd on_end);

  void start();
  void shut_down();
  void kill();
  /// Handles nothing until then; everything that comes meanwhile waits.
  void pause(Millis duration);
  void on_change(Resource resource) { streams_.on_change(resource); }
  void heal();
  /// The wall clock was stepped: the real timer notices, so does this one.
  void on_clock_step();

  [[nodiscard]] const std::string& holder() const { return wire_.holder; }
  [[nodiscard]] bool shutting_down() const { return shutting_down_; }
  [[nodiscard]] bool paused() const { return paused_until_ > wire_.environment.timeline.now(); }
  [[nodiscard]] engine::EngineHealth health() const { return engine_.health(); }
  [[nodiscard]] Candidate candidate() const { return {wire_.holder, elected_, health().leads}; }

 private:
  void deliver(engine::Input&& input);
  void schedule_turn();
  void turn();
  /// False: the process died.
  bool step(engine::Input&& input);
  bool perform(engine::Effect& effect);
  void trace_log(const engine::Log& log) const;
  void schedule_wake(const engine::WakeAt& at);
  void end(ProcessEnd how);
  [[nodiscard]] Now now() const;

  const ProcessPlace place_;
  Wire wire_;
  RequestLink requests_;
  StreamLink streams_;
  ExecLink execs_;
  HttpLink https_;
  StrategyLink strategies_;
  const bool elected_;
  engine::Engine engine_;
  const Millis mono_offset_;
  CrashHere crash_here_;
  OnEnd on_end_;
  std::deque<engine::Input> inbox_;
  std::vector<engine::Effect> effects_;
  std::uint64_t wake_number_ = 0;  // of the timer that is set; older ones are void
  std::uint64_t last_effect_ = 0;
  VirtualTime paused_until_{};
  VirtualTime busy_at_{};         // for finding a loop in which virtual time stands still
  std::uint64_t busy_steps_ = 0;  // steps at `busy_at_`
  bool turn_scheduled_ = false;
  bool shutting_down_ = false;
  bool ended_ = false;
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
