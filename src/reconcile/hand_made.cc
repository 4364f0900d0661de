#include "reconcile/hand_made.h"

#include <algorithm>

#include <fmt/format.h>

#include "observe/reasons.h"
#include "reconcile/active.h"
#include "reconcile/harm.h"
#include "strategy/strategy.h"

namespace podcron::reconcile {
namespace {

using api::ConcurrencyPolicy;
using api::PodJobPhase;
using Step = HandMadePlan::Step;
namespace condition = observe::condition;
namespace reason = observe::reason;

/// The contract's section 2: what a PodJob made by hand has when it does not say otherwise.
constexpr Seconds kDeadlineByHand{300};

/// One evaluation in progress.
class HandMadePlanner {
 public:
  HandMadePlanner(const HandMadeView& view, Now now)
      : view_(view), wall_(whole_seconds(now.wall)), mark_(parse_holder_mark(view.record.holder)) {}

  HandMadePlan run();

 private:
  /// Each true: the plan is made.
  bool restored();
  bool held_by_another();
  bool over();
  bool held_back();
  bool no_parent();
  bool no_place();
  bool no_pod();

  bool end(PodJobPhase phase, std::string_view why, std::string message);
  bool wait(std::string_view why, std::string message);
  bool ask_parent_first();
  bool write_parent(api::PodCronJobStatus status);
  [[nodiscard]] bool ours() const {
    return mark_ && mark_->pod_job == record().meta.uid && mark_->holder == view_.holder;
  }
  [[nodiscard]] const api::PodJob& record() const { return view_.record; }
  [[nodiscard]] bool names_parent() const { return !record().pod_cron_job_name.empty(); }
  [[nodiscard]] const api::ActiveRun* place() const;
  [[nodiscard]] bool name_in_place() const;
  [[nodiscard]] bool late() const { return wall_ > deadline_by_hand(record()); }

  const HandMadeView& view_;
  WallTime wall_;
  std::optional<HolderMark> mark_;
  HandMadePlan plan_;
};

const api::ActiveRun* HandMadePlanner::place() const {
  const auto& active = view_.settled.active;
  const auto at = std::find_if(active.begin(), active.end(), [&](const api::ActiveRun& run) {
    return run.pod_job_uid == record().meta.uid;
  });
  return at == active.end() ? nullptr : &*at;
}

bool HandMadePlanner::name_in_place() const {
  const auto& active = view_.settled.active;
  return std::any_of(active.begin(), active.end(),
                     [&](const api::ActiveRun& run) { return run.name == record().meta.name; });
}

bool HandMadePlanner::end(PodJobPhase phase, std::string_view why, std::string message) {
  plan_.step = Step::kEnd;
  plan_.phase = phase;
  plan_.reason = why;
  plan_.message = std::move(message);
  return true;
}

/// Until something changes, or its deadline has passed: then that is what it ends for.
bool HandMadePlanner::wait(std::string_view why, std::string message) {
  if (late()) {
    return end(PodJobPhase::kFailed, why.empty() ? reason::kStartingDeadlineExceeded : why,
               std::move(message));
  }
  plan_.reason = why;
  plan_.message = std::move(message);
  // One second past the deadline: at the deadline itself a start is still in time.
  plan_.wake_at = deadline_by_hand(record()) + Seconds{1};
  return true;
}

/// What is final is not said on the word of a watch that may be late.
bool HandMadePlanner::ask_parent_first() {
  if (view_.parent_is_live || !names_parent()) return false;
  plan_.step = Step::kAskParent;
  return true;
}

bool HandMadePlanner::write_parent(api::PodCronJobStatus status) {
  plan_.step = Step::kWriteParent;
  plan_.status = std::move(status);
  return true;
}

/// A copy from a backup carries the mark of the PodJob that it was made from. As long as its name
/// is in `active`, that one's run is not over.
bool HandMadePlanner::restored() {
  if (!record().has_holder || (mark_ && mark_->pod_job == record().meta.uid)) return false;
  if (name_in_place()) {
    plan_.for_holder = true;
    return true;
  }
  if (ask_parent_first()) return true;
  return end(PodJobPhase::kUnknown, reason::kRestoredRecord,
             "a copy of another PodJob, whose run it may have had; it was not run");
}

bool HandMadePlanner::held_by_another() {
  if (!mark_ || mark_->holder.empty() || ours() || view_.holder_gone) return false;
  plan_.for_holder = true;
  return true;
}

/// Nothing of what follows matters to it any more.
bool HandMadePlanner::over() {
  const bool deleting = record().meta.deletion_timestamp.has_value();
  const bool permitted = mark_ && !mark_->holder.empty() && !record().status.targets.empty();
  if (permitted && (!ours() || view_.had_run)) {
    return end(PodJobPhase::kUnknown, deleting ? reason::kDeleted : reason::kHolderGone,
               ours() ? "how this ended could not be recorded"
                      : "the controller that ran this is gone; whether the command ended is not "
                        "known");
  }
  if (deleting) return end(PodJobPhase::kFailed, reason::kDeleted, "deleted before it was started");
  if (!record().spec.not_implemented.empty()) {
    return end(PodJobPhase::kFailed, condition::kNotImplemented,
               fmt::format("spec.{}: this version of podcron cannot do that yet; nothing ran",
                           record().spec.not_implemented));
  }
  return false;
}

/// `suspend` of the parent is about its schedule; the other switches hold everything back.
bool HandMadePlanner::held_back() {
  if (view_.namespace_suspended) {
    return wait(reason::kNamespaceSuspended,
                "the annotation podcron.dev/suspend of the namespace holds it back");
  }
  if (view_.globally_suspended) {
    return wait(reason::kGloballySuspended, "all runs of this cluster are held back");
  }
  return false;
}

bool HandMadePlanner::no_parent() {
  if (!names_parent()) return false;
  if (view_.parent == nullptr) {
    if (late() && ask_parent_first()) return true;
    return wait("", fmt::format("there is no PodCronJob {}", record().pod_cron_job_name));
  }
  if (is_harmful(view_.settled, view_.parent->meta.generation)) {
    return ask_parent_first() ||
           end(PodJobPhase::kFailed, reason::kHarmfulToTarget,
               fmt::format("runs of PodCronJob {} took their containers down; nothing starts until "
                           "its spec changes",
                           record().pod_cron_job_name));
  }
  if (!view_.parent->meta.deletion_timestamp) return false;
  return wait("", fmt::format("PodCronJob {} is being deleted", record().pod_cron_job_name));
}

/// The concurrency policy, as for a scheduled time; but what is refused has its own record.
bool HandMadePlanner::no_place() {
  if (view_.parent == nullptr) return false;
  const std::string& job = record().pod_cron_job_name;
  if (const api::ActiveRun* own = place()) {
    if (own->state != api::ActiveState::kEnding) return false;
    return end(PodJobPhase::kFailed, reason::kReplaced, "a newer run took its place");
  }
  const auto& active = view_.settled.active;
  if (active.size() >= api::kActiveRunsMax) {
    return ask_parent_first() ||
           end(PodJobPhase::kFailed, reason::kActiveLimit,
               fmt::format("PodCronJob {} has {} runs that are not over", job, active.size()));
  }
  // A run of that name is not over whose PodJob was deleted: its record goes first.
  if (name_in_place()) {
    return wait("", fmt::format("an older run of the name {} is not over", record().meta.name));
  }
  if (active.empty()) return false;
  const std::string message =
      fmt::format("run {} of PodCronJob {} is not over", active.front().name, job);
  switch (view_.parent->spec.concurrency_policy) {
    case ConcurrencyPolicy::kAllow:
      return false;
    case ConcurrencyPolicy::kForbid:
      return ask_parent_first() ||
             end(PodJobPhase::kFailed, reason::kConcurrencyForbidden, message);
    case ConcurrencyPolicy::kReplace: {
      api::PodCronJobStatus status = view_.settled;
      if (!late() && ask_to_end(status)) return write_parent(std::move(status));
      return wait("", message);
    }
    case ConcurrencyPolicy::kQueue:
      return wait("", message);
  }
  return false;
}

bool HandMadePlanner::no_pod() {
  if (!view_.capacity) {
    plan_.for_bounds = true;
    return wait("", "as many runs as allowed are under way");
  }
  plan_.draw = view_.draw();
  const Draw& draw = plan_.draw;
  if (!draw.targets.empty()) {
    return late() && end(PodJobPhase::kFailed, reason::kStartingDeadlineExceeded,
                         "it could not be started in time");
  }
  if (draw.lacks_pod && record().spec.no_target_policy == api::NoTargetPolicy::kSkip) {
    return end(PodJobPhase::kFailed, draw.reason, draw.message);
  }
  plan_.for_pod = true;
  return wait(draw.reason, draw.message);
}

HandMadePlan HandMadePlanner::run() {
  if (restored() || held_by_another() || over() || held_back() || no_parent() || no_place() ||
      no_pod()) {
    return std::move(plan_);
  }
  if (!ours()) {
    plan_.step = Step::kTakeRecord;
  } else if (view_.parent != nullptr && place() == nullptr) {
    api::PodCronJobStatus status = view_.settled;
    const WallTime made = made_at(record());
    status.active.push_back({record().meta.name, made, std::string(view_.holder), 1,
                             api::ActiveState::kActive, record().meta.uid});
    // What another strategy remembers is no business of this one.
    const api::StrategySpec& strategy = view_.parent->spec.job.strategy;
    if (record().spec.strategy.type == strategy.type) {
      status.strategy_state =
          strategy::remember(strategy, {view_.parent->meta.uid, made, 0, status.strategy_state},
                             plan_.draw.targets.front().pod_name, status.active);
    }
    write_parent(std::move(status));
  } else {
    plan_.step = Step::kPermit;
  }
  return std::move(plan_);
}

}  // namespace

std::string holder_mark(const Uid& pod_job, std::string_view holder, std::int32_t attempt) {
  return fmt::format("{}/{}/{}", pod_job.to_string(), holder, attempt);
}

std::optional<HolderMark> parse_holder_mark(std::string_view annotation) {
  const std::size_t first = annotation.find('/');
  const std::size_t last = annotation.rfind('/');
  if (first == last) return std::nullopt;
  const auto uid = Uid::parse(annotation.substr(0, first));
  if (!uid) return std::nullopt;
  return HolderMark{*uid, annotation.substr(first + 1, last - first - 1)};
}

WallTime made_at(const api::PodJob& record) {
  return record.meta.creation_timestamp.value_or(WallTime{});
}

WallTime deadline_by_hand(const api::PodJob& record) {
  return made_at(record) + (record.starting_deadline_seconds
                                ? Seconds{*record.starting_deadline_seconds}
                                : kDeadlineByHand);
}

HandMadePlan plan_hand_made(const HandMadeView& view, Now now) {
  return HandMadePlanner(view, now).run();
}

}  // namespace podcron::reconcile
