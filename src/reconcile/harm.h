// A run whose pod's container ends under it: what shows that, and when a PodCronJob that does so is
// stopped.
//
// A command shares its container's limits: one that takes too much memory takes the app down with
// it. Such a run is TargetHarmed; after kHarmsMax in a row under one spec nothing starts any more
// until the spec changes (HarmfulToTarget). Source: the contract's section 6; docs/adr/0014.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/container_fate.h"
#include "api/pod_cron_job.h"
#include "api/pod_job.h"

namespace podcron::reconcile {

inline constexpr std::int32_t kHarmsMax = 2;

/// What happened to the container that the target was dialled in: "container app ended with exit
/// code 137 (OOMKilled) during the run". Empty when it runs on, or when the whole pod is leaving,
/// which is somebody's decision.
std::string harm_of(const api::ContainerFate& fate, const api::TargetRef& target);

/// What the end of a run tells of its container. kNothing: it did not run, or nobody saw how it
/// ended.
enum class HarmFact : std::uint8_t { kNothing, kUnharmed, kHarmed };

/// One more run of this generation has ended. What is harmful stays so.
void note_harm(api::PodCronJobStatus& status, std::int64_t generation, HarmFact fact);

[[nodiscard]] bool is_harmful(const api::PodCronJobStatus& status, std::int64_t generation);

}  // namespace podcron::reconcile
