// Performs KubeRequests: each is executed never, once, or later than its sender believes, and is
// answered exactly once.
#pragma once

#include <map>

#include "engine/effects.h"
#include "simulation/lifeline.h"
#include "simulation/wire.h"

namespace podcron::simulation {

class RequestLink {
 public:
  explicit RequestLink(Wire& wire) : wire_(wire) {}

  void perform(engine::KubeRequest&& request);
  /// True if `id` was a request under way; it is answered with kUnknown.
  bool cancel(engine::EffectId id);

 private:
  enum class Fate { kOrdinary, kNotSent, kLost, kReplyLost, kLate, kRefused, kErrorAfterCommit };

  Fate draw_fate(const engine::KubeRequest& request);
  [[nodiscard]] ApiAnswer draw_refusal(const engine::KubeRequest& request);
  void execute_after(Millis delay, const engine::KubeRequest& request, bool late,
                     std::function<void(ApiAnswer&&)> then);
  void answer_after(Millis delay, engine::EffectId id, ApiAnswer&& answer);
  void fail_after(Millis delay, engine::EffectId id, engine::Certainty certainty,
                  std::string_view error);
  void finish(engine::KubeReply&& reply);

  Wire& wire_;
  std::map<engine::EffectId, std::string> open_;  // what is under way, for the trace
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
