// Which faults strike in one simulation, and how often: drawn once from the seed.
//
// Seeds differ on purpose: some are calm, some are stormy, some know only one kind of fault. A bug
// that needs one fault many times hides in a storm, and one that needs two hides in the calm.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/prng.h"
#include "base/time.h"

namespace podcron::simulation {

enum class FaultKind : std::uint8_t {
  // Requests of a replica.
  kRequestNotSent,    // certainly not executed, and the replica knows
  kRequestLost,       // not executed, and the replica does not know
  kReplyLost,         // executed, and the replica does not know
  kRequestLate,       // executed after the replica's time-out
  kServerBusy,        // 429 with Retry-After
  kServerError,       // 500 or 503, not executed
  kErrorAfterCommit,  // 500 or 504, executed
  kCreateDenied,      // 403 or 422 for creating a PodJob
  kPartition,         // nothing gets through for seconds, both ways or one way
  // Streams of a replica.
  kListFailed,    // 410, 429, 500 or 503 for a page
  kListCut,       // the body ends in the middle
  kListStale,     // an old state, when the replica allows it
  kWatchRefused,  // 410, 429, 500 or 503 instead of a stream
  kWatchCut,      // the connection ends in the middle of a line
  kWatchDelayed,  // nothing arrives for seconds, then all of it
  kWatchSilent,   // nothing arrives any more, and nobody says so
  kCompaction,    // history below now is gone
  // Exec exchanges.
  kExecNotSent,        // the connection could not be made
  kExecLost,           // the request never arrives, and the replica does not know
  kExecRefused,        // 403, 429, 500 or 503 before 101
  kExecHandshakeLost,  // the process starts, the 101 is lost
  kExecCut,            // the connection is lost, the process goes on
  kExecFrozen,         // no frame comes any more, the process goes on
  kExecWithoutStatus,  // closed in order, without a status
  kExecNotStarted,     // 101, then InternalError: no such executable
  // Replicas.
  kCrash,      // between two effects
  kShutdown,   // SIGTERM
  kPause,      // longer than the lease
  kClockStep,  // of one replica's wall clock
  // The cluster and its users.
  kPodNotReady,
  kPodReplaced,
  kContainerRestarted,
  kScheduleEdited,
  kSuspended,
  kPodCronJobRecreated,
  kPodJobDeleted,
  kNameTaken,     // a foreign object with the name of the next run
  kLeaseDeleted,  // of a replica; that of the election is forged as well
  kNamespaceSuspended,
};
inline constexpr std::size_t kFaultKindCount = 39;

/// "RequestLost", for reports.
std::string_view to_string(FaultKind kind);

enum class Mood : std::uint8_t { kCalm, kSingle, kLight, kStormy };
std::string_view to_string(Mood mood);

class FaultPlan {
 public:
  /// Draws the plan of one simulation.
  explicit FaultPlan(Prng& prng);

  /// Whether `kind` strikes now; counts it when it does.
  bool strikes(FaultKind kind, Prng& prng);
  /// Counts a fault that something else decided.
  void count(FaultKind kind) { ++counts_[static_cast<std::size_t>(kind)]; }

  /// Whether `kind` can strike at all.
  [[nodiscard]] bool knows(FaultKind kind) const;
  /// The liveness phase: nothing strikes any more.
  void stop() { active_ = false; }
  [[nodiscard]] bool active() const { return active_; }
  /// Turns one kind on or off, in parts per million; for tests.
  void set(FaultKind kind, std::uint32_t per_million);
  void clear();

  [[nodiscard]] Mood mood() const { return mood_; }
  [[nodiscard]] const std::array<std::uint64_t, kFaultKindCount>& counts() const { return counts_; }

 private:
  std::array<std::uint32_t, kFaultKindCount> per_million_{};
  std::array<std::uint64_t, kFaultKindCount> counts_{};
  Mood mood_ = Mood::kCalm;
  bool active_ = true;
};

}  // namespace podcron::simulation
