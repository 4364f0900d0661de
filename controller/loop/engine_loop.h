// The one thread that calls the engine: letters in, stamped with real time; effects out.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "controller/loop/alarm.h"
#include "controller/loop/mailbox.h"
#include "controller/loop/pulse.h"
#include "engine/engine.h"

namespace podcron::loop {

/// engine::Engine, as this loop sees it.
struct Steps {
  std::function<engine::WakeAt(Now, engine::Input&&, std::vector<engine::Effect>&)> step;
  std::function<engine::EngineHealth()> health;
};

class EngineLoop {
 public:
  /// Performs all effects of one step, in order, and empties the vector. Exit never reaches it.
  using Perform = std::function<void(std::vector<engine::Effect>&)>;

  EngineLoop(Steps steps, Mailbox& mailbox, Pulse& pulse, Perform perform);

  /// Returns the code of the engine's Exit effect. SIGTERM and SIGINT become one Shutdown; a
  /// second one ends the process at once with 128 + its number.
  int run();

 private:
  void step(engine::Input&& input);
  void answer_letters();
  void on_signals(const Alarm::Woken& woken);
  [[nodiscard]] bool is_due() const;

  const Steps steps_;
  Mailbox& mailbox_;
  Pulse& pulse_;
  const Perform perform_;
  Alarm alarm_;
  engine::WakeAt wake_at_{WallMillis::max(), MonoTime::max(), true};
  std::vector<Mailbox::Letter> letters_;
  std::vector<engine::Effect> effects_;
  bool shutting_down_ = false;
  std::optional<int> exit_code_;
};

}  // namespace podcron::loop
