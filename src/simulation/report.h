// What one simulation did: figures for people, and the violation if there was one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "simulation/fault.h"
#include "simulation/timeline.h"

namespace podcron::simulation {

/// A broken invariant.
struct Violation {
  VirtualTime when{};
  std::uint64_t step = 0;
  std::string invariant;  // "S2 one start"
  std::string what;
};

struct Report {
  std::uint64_t seed = 0;
  std::string mood;
  VirtualTime duration{};
  std::uint64_t steps = 0;
  std::uint64_t effects = 0;
  std::uint64_t requests = 0;
  std::uint64_t streams = 0;
  std::uint64_t execs = 0;
  std::uint64_t requests_to_pods = 0;
  std::uint64_t questions = 0;  // to the strategy service
  std::uint64_t incarnations = 0;
  std::uint64_t process_starts = 0;
  std::uint64_t claims = 0;
  std::uint64_t pod_jobs = 0;
  /// Final phases with their reasons ("Failed/NotStarted"), and history without a run
  /// ("Skipped/ConcurrencyForbidden").
  std::map<std::string, std::uint64_t> outcomes;
  std::array<std::uint64_t, kFaultKindCount> faults{};
  std::optional<Violation> violation;
};

/// Adds the figures of `one` to `sum`.
void add(Report& sum, const Report& one);

/// Several lines for people.
std::string describe(const Report& report);

/// "seed 7 (stormy): S2 one start broken after 00:03:12.500 in step 1234: ..."
std::string describe_violation(const Report& report);

}  // namespace podcron::simulation
