#include "simulation/fault.h"

#include "base/assert.h"

namespace podcron::simulation {
namespace {

struct FaultRow {
  FaultKind kind;
  std::string_view name;
  /// In a stormy simulation. Per request, stream, exec or step for those; per second for the rest.
  std::uint32_t stormy_per_million;
};

constexpr std::array<FaultRow, kFaultKindCount> kRows{{
    {FaultKind::kRequestNotSent, "RequestNotSent", 20'000},
    {FaultKind::kRequestLost, "RequestLost", 20'000},
    {FaultKind::kReplyLost, "ReplyLost", 40'000},
    {FaultKind::kRequestLate, "RequestLate", 20'000},
    {FaultKind::kServerBusy, "ServerBusy", 20'000},
    {FaultKind::kServerError, "ServerError", 20'000},
    {FaultKind::kErrorAfterCommit, "ErrorAfterCommit", 20'000},
    {FaultKind::kCreateDenied, "CreateDenied", 20'000},
    {FaultKind::kPartition, "Partition", 5'000},
    {FaultKind::kListFailed, "ListFailed", 150'000},
    {FaultKind::kListCut, "ListCut", 150'000},
    {FaultKind::kListStale, "ListStale", 300'000},
    {FaultKind::kWatchRefused, "WatchRefused", 100'000},
    {FaultKind::kWatchCut, "WatchCut", 10'000},
    {FaultKind::kWatchDelayed, "WatchDelayed", 10'000},
    {FaultKind::kWatchSilent, "WatchSilent", 2'000},
    {FaultKind::kCompaction, "Compaction", 20'000},
    {FaultKind::kExecNotSent, "ExecNotSent", 40'000},
    {FaultKind::kExecLost, "ExecLost", 30'000},
    {FaultKind::kExecRefused, "ExecRefused", 40'000},
    {FaultKind::kExecHandshakeLost, "ExecHandshakeLost", 30'000},
    {FaultKind::kExecCut, "ExecCut", 50'000},
    {FaultKind::kExecFrozen, "ExecFrozen", 20'000},
    {FaultKind::kExecWithoutStatus, "ExecWithoutStatus", 30'000},
    {FaultKind::kExecNotStarted, "ExecNotStarted", 30'000},
    {FaultKind::kCrash, "Crash", 6'000},
    {FaultKind::kShutdown, "Shutdown", 3'000},
    {FaultKind::kPause, "Pause", 4'000},
    {FaultKind::kClockStep, "ClockStep", 6'000},
    {FaultKind::kPodNotReady, "PodNotReady", 30'000},
    {FaultKind::kPodReplaced, "PodReplaced", 20'000},
    {FaultKind::kContainerRestarted, "ContainerRestarted", 10'000},
    {FaultKind::kScheduleEdited, "ScheduleEdited", 5'000},
    {FaultKind::kSuspended, "Suspended", 5'000},
    {FaultKind::kPodCronJobRecreated, "PodCronJobRecreated", 3'000},
    {FaultKind::kPodJobDeleted, "PodJobDeleted", 10'000},
    {FaultKind::kNameTaken, "NameTaken", 3'000},
    {FaultKind::kLeaseDeleted, "LeaseDeleted", 5'000},
    {FaultKind::kNamespaceSuspended, "NamespaceSuspended", 2'000},
}};

const FaultRow& row_of(FaultKind kind) {
  const FaultRow& row = kRows[static_cast<std::size_t>(kind)];
  PODCRON_ASSERT(row.kind == kind);
  return row;
}

Mood draw_mood(Prng& prng) {
  const std::uint64_t drawn = prng.below(10);
  if (drawn < 1) return Mood::kCalm;
  if (drawn < 4) return Mood::kSingle;
  if (drawn < 7) return Mood::kLight;
  return Mood::kStormy;
}

}  // namespace

std::string_view to_string(FaultKind kind) { return row_of(kind).name; }

std::string_view to_string(Mood mood) {
  switch (mood) {
    case Mood::kCalm:
      return "calm";
    case Mood::kSingle:
      return "single";
    case Mood::kLight:
      return "light";
    case Mood::kStormy:
      return "stormy";
  }
  return "";
}

FaultPlan::FaultPlan(Prng& prng) : mood_(draw_mood(prng)) {
  switch (mood_) {
    case Mood::kCalm:
      return;
    case Mood::kSingle: {
      // One kind, up to five times as often as in a storm.
      const FaultRow& row = kRows[prng.below(kFaultKindCount)];
      set(row.kind, static_cast<std::uint32_t>(row.stormy_per_million * (1 + prng.below(5))));
      return;
    }
    case Mood::kLight:
      for (const FaultRow& row : kRows) {
        if (prng.chance(500)) set(row.kind, row.stormy_per_million / 5);
      }
      return;
    case Mood::kStormy:
      for (const FaultRow& row : kRows) {
        if (!prng.chance(800)) continue;
        // Half to twice the table's rate, so that storms differ in what dominates.
        const std::uint64_t scale = 500 + prng.below(1501);
        set(row.kind, static_cast<std::uint32_t>(row.stormy_per_million * scale / 1000));
      }
      return;
  }
}

bool FaultPlan::strikes(FaultKind kind, Prng& prng) {
  const std::uint32_t per_million = per_million_[static_cast<std::size_t>(kind)];
  if (!active_ || per_million == 0 || prng.below(1'000'000) >= per_million) return false;
  count(kind);
  return true;
}

bool FaultPlan::knows(FaultKind kind) const {
  return active_ && per_million_[static_cast<std::size_t>(kind)] != 0;
}

void FaultPlan::set(FaultKind kind, std::uint32_t per_million) {
  per_million_[static_cast<std::size_t>(kind)] = per_million;
}

void FaultPlan::clear() { per_million_ = {}; }

}  // namespace podcron::simulation
