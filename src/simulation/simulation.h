// One deterministic simulation: a virtual cluster, several real engines, faults, then a calm.
//
// Same options and same commit, same trace, byte for byte. Safety phase: faults strike, and every
// invariant of the checker holds after every step. Liveness phase: faults have stopped, and at its
// end everything must have settled.
// Source: docs/architecture.md section 3; FoundationDB's simulation and TigerBeetle's VOPR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "simulation/fault.h"
#include "simulation/report.h"
#include "simulation/timeline.h"

namespace podcron::simulation {

/// Who takes part in the leader election. Without it every replica decides, and where only some
/// take part, several do: what is safe must be so in all three.
enum class Elections : std::uint8_t { kNone, kAllButOne, kAll };
/// "none", "all-but-one", "all".
std::string_view to_string(Elections elections);
std::optional<Elections> elections_named(std::string_view name);

struct SimulationOptions {
  std::uint64_t seed = 0;
  Millis safety_phase{10 * 60'000};
  Millis liveness_phase{75'000};
  std::size_t replicas = 2;
  std::size_t pod_cron_jobs = 0;       // 0: drawn
  std::size_t pods = 0;                // 0: drawn
  std::optional<Elections> elections;  // nullopt: drawn
  /// A replica dies after this effect that reaches outside, counted over all replicas from 0.
  std::optional<std::uint64_t> crash_at_effect;
  /// No faults but those named here: for tests of the simulator, and for hunting.
  bool calm = false;
  std::function<void(std::string_view line)> trace;
};

/// Runs to its end, or to the first broken invariant.
Report simulate(const SimulationOptions& options);

}  // namespace podcron::simulation
