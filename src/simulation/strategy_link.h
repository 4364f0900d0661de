// The strategy service of the virtual cluster: mostly right, sometimes slow, silent or hostile.
//
// Its chances come from a generator of its own, so that every other chance falls as it does without
// it. In the liveness phase it answers well.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "simulation/lifeline.h"
#include "simulation/wire.h"

namespace podcron::simulation {

/// The name under which every replica knows it.
inline constexpr const char* kStrategyService = "quiet";

class StrategyLink {
 public:
  explicit StrategyLink(Wire& wire);

  void perform(const engine::AskStrategy& question);

 private:
  void answer_after(Millis delay, engine::StrategyReply&& reply);

  Wire& wire_;
  Prng prng_;
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
