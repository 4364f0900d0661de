// A PodJob that somebody made by hand ("run it now"), until it has a run or an end. Pure: what is
// known -> the next step.
//
//   made ──► kTakeRecord ──► kTakePlace ──► kPermit ──► reconcile::Run
//            annotation,      `active` of    status.targets, by compare-and-swap of the
//            finalizer        the parent     very version that names us
//
// Each step is one compare-and-swap, and after each everything is looked at afresh, so that
// whoever takes over goes on where its predecessor stopped. Nothing is dialled before the permit,
// and a record without status.targets was permitted to nobody. The parent is the PodCronJob that
// it names; without one there is no place to be taken.
// Source: the contract's section 7.7; docs/adr/0016.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "base/time.h"

namespace podcron::reconcile {

/// Who runs a PodJob made by hand: the annotation "<UID of the PodJob>/<holder>/<attempt>", with no
/// holder when it was given back.
struct HolderMark {
  Uid pod_job;
  std::string_view holder;
};
std::string holder_mark(const Uid& pod_job, std::string_view holder, std::int32_t attempt);
/// nullopt: it is the mark of no PodJob made by hand.
std::optional<HolderMark> parse_holder_mark(std::string_view annotation);

/// Nobody gave it a time.
inline bool is_made_by_hand(const api::PodJob& record) { return !record.scheduled_time; }
/// When it was made stands for its scheduled time.
WallTime made_at(const api::PodJob& record);
/// The last second in which it may start.
WallTime deadline_by_hand(const api::PodJob& record);

/// What its strategy finds now. Empty `targets`: it waits, for `reason` and `message`.
struct Draw {
  std::vector<api::TargetRef> targets;
  std::optional<api::EligibilitySummary> eligibility{};
  std::string_view reason{};  // empty: nobody can say yet
  std::string message{};
  bool lacks_pod = false;                   // noTargetPolicy says what that means
  std::optional<WallTime> reconsider_at{};  // time alone may change the answer then
};

struct HandMadeView {
  const api::PodJob& record;
  /// Null: it names none, or no PodCronJob of that name is known.
  const api::PodCronJob* parent = nullptr;
  /// Of the parent, once what has ended has left `active`.
  api::PodCronJobStatus settled{};
  /// The parent was read live for this evaluation.
  bool parent_is_live = false;
  std::string_view holder{};  // ours
  /// That of the annotation. (Ours is not gone, but no run here follows this record.)
  bool holder_gone = false;
  /// A run of ours has had it: then it may have been dialled.
  bool had_run = false;
  bool namespace_suspended = false;
  bool globally_suspended = false;
  /// False: at a bound of the contract's section 9.
  bool capacity = true;
  /// Asked only when nothing else holds it back.
  std::function<Draw()> draw = nullptr;
};

struct HandMadePlan {
  enum class Step : std::uint8_t {
    kWait,
    kAskParent,    // the parent is read live, and then it is planned again
    kTakeRecord,   // annotation and finalizer
    kWriteParent,  // `status`: its place, or the wish that the others end
    kPermit,       // status.targets = draw.targets
    kEnd,          // with `phase`, `reason`, `message`
  };
  Step step = Step::kWait;
  api::PodJobPhase phase = api::PodJobPhase::kPending;
  /// Of the end; of a wait, what to tell. Empty reason and message: nothing to be told.
  std::string_view reason{};
  std::string message{};
  Draw draw{};
  api::PodCronJobStatus status{};  // of the parent, to be written
  bool for_holder = false;         // it waits until that one is gone
  bool for_pod = false;
  bool for_bounds = false;
  std::optional<WallMillis> wake_at{};
};

HandMadePlan plan_hand_made(const HandMadeView& view, Now now);

}  // namespace podcron::reconcile
