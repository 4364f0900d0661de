// strategyState of the strategies that take turns: {name of a pod: scheduled time of its last use}.
//
// By name and not by UID: a StatefulSet's pod that was made again takes its own turn, so that one
// that is made again and again is not always the one that was never used. Scheduled times only go
// forward from claim to claim, so they order the uses without a clock.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "api/object_meta.h"
#include "api/pod_cron_job.h"
#include "base/time.h"

namespace podcron::strategy {

struct Use {
  std::string_view pod;
  WallTime time;
};

class Uses {
 public:
  /// Views into `state`. What is not a time was written by another strategy and is no use.
  explicit Uses(const api::StringMap& state);

  /// What was drawn for this time before, by whoever claimed it; null: nothing that is known.
  [[nodiscard]] const Use* drawn_for(WallTime time) const;
  /// Null: none.
  [[nodiscard]] const Use* latest() const;
  [[nodiscard]] std::span<const Use> by_name() const { return {uses_.data(), size_}; }

 private:
  std::array<Use, api::kStrategyStateMax> uses_;
  std::size_t size_ = 0;
};

/// The state with one more use, without those that `keep` does not want, and without the oldest
/// where there would be more than kStrategyStateMax.
api::StringMap with_use(const Uses& uses, const Use& use,
                        const std::function<bool(const Use&)>& keep);

}  // namespace podcron::strategy
