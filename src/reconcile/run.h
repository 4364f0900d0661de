// The life of one run, from the claim (or a take-over) to its record. Pure: (run, input) ->
// actions.
//
//   claim won ──► kPermitting ──► kReadingParent ──► kRunning ──► kRecording ──► kEnded
//                    │ 409, refused    │ not ours any more   (per target: read pod, dial,
//                 kConfirming       kRemoving                 redraw with a fencing write)
//                    └─ also before a first dial that was held up
//
// Nothing is dialled before the permit (a 201, or a live read that shows our own holder) *and* a
// live read of the PodCronJob that still lists the run. Every write after the permit carries the
// resourceVersion; after a 409 whoever is no longer the holder stops.
// Source: the contract's section 7; docs/adr/0005.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "base/time.h"
#include "reconcile/outcome.h"

namespace podcron::reconcile {

/// What a run needs to know of its PodCronJob, fixed when it starts.
struct RunOrigin {
  std::string namespace_;
  std::string pod_cron_job;  // empty: made by hand, and it names none
  Uid pod_cron_job_uid;      // then of the PodJob itself, whose pods and rests are its own
  std::int64_t generation = 0;
  std::string run;  // the PodJob's name
  WallTime scheduled_time;
  WallTime starting_deadline;
  std::string holder;  // ours
  std::int32_t attempt = 1;
  Uid pod_job_uid{};  // of a run made by hand; empty for a scheduled one

  [[nodiscard]] bool by_hand() const { return !pod_job_uid.empty(); }
  [[nodiscard]] bool has_parent() const { return !pod_cron_job.empty(); }
  /// What the task and its node are told: the same for every attempt.
  [[nodiscard]] std::string run_id() const { return by_hand() ? pod_job_uid.to_string() : run; }
};

// ---- Inputs ----

/// The API server's last word on a request about the PodJob; uncertain answers were repeated.
struct RecordReply {
  enum class Kind : std::uint8_t { kOk, kConflict, kNotFound, kRefused } kind = Kind::kOk;
  std::optional<api::PodJob> record;  // with kOk, except for a delete
  std::string message;                // with kRefused
};
/// A live read of the PodCronJob; nullopt: it is gone.
struct ParentReply {
  std::optional<api::PodCronJob> parent;
};
/// A live read of a target's pod, judged. `refusal` empty: it may be dialled.
struct PodChecked {
  std::uint32_t target = 0;
  std::string refusal;
  std::string message{};  // more about the refusal, if there is more to say
};
/// The answer to Redraw; nullopt: no eligible pod is left that this run has not tried.
struct Redrawn {
  std::uint32_t target = 0;
  std::optional<api::TargetRef> pod;
};
/// A Dial waited for so long that its pod must be looked at again.
struct Stale {
  std::uint32_t target = 0;
};
/// A Dial leaves now. Its answer to may_dial was yes.
struct Dialled {
  std::uint32_t target = 0;
};
struct TaskOver {
  std::uint32_t target = 0;
  TaskResult result;
};
/// The pod of a running target went away, or its container did.
struct TargetGone {
  std::uint32_t target = 0;
};
/// The container that a target was dialled in has ended, by the watch.
struct ContainerEnded {
  std::uint32_t target = 0;
};
/// The answer to InspectTarget: harm_of(), "" also when nothing could be learned.
struct TargetInspected {
  std::uint32_t target = 0;
  std::string harm;
};
/// The pod of a running target would not be chosen any more, for this reason.
struct Unexpected {
  std::uint32_t target = 0;
  std::string reason;
};
/// A user (or the garbage collector) deletes the PodJob.
struct RecordDeleted {};
/// A newer time takes this run's place (concurrencyPolicy Replace).
struct Replaced {};
/// The process shuts down, or leads no more: give back, or finish (within the grace).
struct Draining {
  bool grace_over = false;
};
struct Tick {};

using RunInput = std::variant<RecordReply, ParentReply, PodChecked, Redrawn, Stale, Dialled,
                              TaskOver, TargetGone, ContainerEnded, TargetInspected, Unexpected,
                              RecordDeleted, Replaced, Draining, Tick>;

// ---- Actions ----

struct CreateRecord {};
struct ReadRecord {};
struct ReadParent {};
struct ReadPod {
  std::uint32_t target = 0;
};
struct Redraw {
  std::uint32_t target = 0;
  std::uint32_t number = 0;  // 1 for the first redraw of the run
  bool pod_failed = false;   // by the pod's own fault: it rests (rule 27)
};
struct Dial {
  std::uint32_t target = 0;
  bool through_env = true;
  bool probe = false;  // not the task but the servingProbe; it is answered by TaskOver as well
};
/// A live read of the target's pod: what became of its container?
struct InspectTarget {
  std::uint32_t target = 0;
};
struct Hang {  // cancel the dialled task
  std::uint32_t target = 0;
};
/// PATCH of the PodJob's status with `status()` and `resource_version()`.
struct WriteStatus {};
/// The annotation becomes empty: somebody else may run it.
struct GiveBack {};
struct RemoveRecord {};

using RunAction = std::variant<CreateRecord, ReadRecord, ReadParent, ReadPod, Redraw, Dial,
                               InspectTarget, Hang, WriteStatus, GiveBack, RemoveRecord>;

enum class RunEnd : std::uint8_t {
  kNone,       // goes on
  kRecorded,   // the PodJob has its final phase
  kDenied,     // the API server refused the PodJob: Skipped/Denied
  kNameTaken,  // a foreign object has our name: Failed/PodJobNameTaken
  kMissing,    // the permitted PodJob is gone: Unknown/RecordMissing
  kLost,       // another holder has it now: nothing to record
  kDropped,    // the PodCronJob no longer lists it: removed undialled
  kGivenBack,
};

class Run {
 public:
  /// A claim was won: the permit comes next. `targets` must not be empty.
  static Run claimed(RunOrigin origin, const api::PodJobTemplateSpec& spec,
                     std::vector<api::TargetRef> targets, api::EligibilitySummary eligibility);
  /// A PodJob that was given back and whose annotation we have swapped: already permitted.
  static Run resumed(RunOrigin origin, const api::PodJob& record);
  /// A PodJob made by hand that is ours and names `targets` in its status: already permitted
  /// (reconcile/hand_made.h).
  static Run made_by_hand(RunOrigin origin, const api::PodJob& record,
                          std::vector<api::TargetRef> targets);

  /// The first actions. Call once.
  void start(Now now, std::vector<RunAction>& out);
  void on(Now now, RunInput&& input, std::vector<RunAction>& out);

  [[nodiscard]] RunEnd end() const { return end_; }
  /// A PodJob was ours at some time: before that, nothing can have been dialled.
  [[nodiscard]] bool was_permitted() const { return permitted_; }
  /// When to send Tick; nullopt: no time limit runs now.
  [[nodiscard]] std::optional<MonoTime> wake_at() const;

  [[nodiscard]] const RunOrigin& origin() const { return origin_; }
  [[nodiscard]] const api::PodJobTemplateSpec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<api::TargetRef>& targets() const { return targets_; }
  [[nodiscard]] const api::PodJobStatus& status() const { return status_; }
  [[nodiscard]] std::uint64_t resource_version() const { return resource_version_; }
  [[nodiscard]] const Uid& record_uid() const { return record_uid_; }
  [[nodiscard]] const std::vector<std::string>& other_finalizers() const {
    return other_finalizers_;
  }
  /// Every pod this run has ever chosen: a redraw takes none of them.
  [[nodiscard]] bool tried(const Uid& pod) const;
  /// A Dial may have waited: is it still wanted, and in time? If not, feed a TaskOver with
  /// not_sent().
  [[nodiscard]] bool may_dial(Now now, std::uint32_t target) const;
  /// Its task has ended, and what became of its container is waited for.
  [[nodiscard]] bool settling(std::uint32_t target) const {
    return attempts_.at(target).progress == Progress::kSettling;
  }
  /// From a target's dial on, a process may run: for the start skew and RanInUnexpectedPod.
  [[nodiscard]] bool ever_dialled() const { return first_dial_.has_value(); }
  [[nodiscard]] std::string holder_annotation() const;
  /// The annotation with which somebody else may have it.
  [[nodiscard]] std::string given_back_annotation() const;

 private:
  enum class Stage : std::uint8_t {
    kPermitting,
    kConfirming,
    kReadingParent,
    kRunning,
    kRecording,
    kRemoving,
    kGivingBack,
    kEnded,
  };
  enum class Progress : std::uint8_t {
    kWaiting,
    kChecking,
    kProbing,
    kRedrawing,
    kFencing,
    kDialling,
    kSettling,  // it has ended badly: did its container end under it?
    kOver
  };
  struct Attempt {
    Progress progress = Progress::kWaiting;
    bool through_env = true;
    bool probed = false;  // the pod passed its servingProbe
    std::optional<MonoTime> probe_until;
    MonoTime dialled_at{};
    std::optional<MonoTime> gone_at;
    bool container_ended = false;
    std::optional<TaskResult> result;  // while settling
    MonoTime ended_at{};
    std::optional<MonoTime> settle_until;  // unset once it is being looked at
    bool hung_up = false;
  };

  Run(RunOrigin origin, const api::PodJobTemplateSpec& spec, std::vector<api::TargetRef> targets);
  static Run of_record(RunOrigin origin, const api::PodJob& record,
                       std::vector<api::TargetRef> targets);

  void on_record(Now now, RecordReply&& reply, std::vector<RunAction>& out);
  void on_permit(Now now, RecordReply&& reply, std::vector<RunAction>& out);
  void on_confirmed(Now now, RecordReply&& reply, std::vector<RunAction>& out);
  void on_status_written(Now now, RecordReply&& reply, std::vector<RunAction>& out);
  void on_reread(Now now, RecordReply&& reply, std::vector<RunAction>& out);
  void permitted(Now now, const api::PodJob& record, std::vector<RunAction>& out);
  void ask_parent(Now now, std::vector<RunAction>& out);
  void on_parent(Now now, const ParentReply& reply, std::vector<RunAction>& out);
  [[nodiscard]] const api::ActiveRun* listed_in(const api::PodCronJob& parent) const;
  void not_listed(Now now, const ParentReply& reply, std::vector<RunAction>& out);
  void on_pod_checked(Now now, PodChecked&& checked, std::vector<RunAction>& out);
  void on_redrawn(Now now, Redrawn&& redrawn, std::vector<RunAction>& out);
  void on_task_over(Now now, TaskOver&& over, std::vector<RunAction>& out);
  void on_probe_over(Now now, TaskOver&& over, std::vector<RunAction>& out);
  void finish_target(Now now, std::uint32_t target, TaskResult&& result,
                     std::vector<RunAction>& out);
  [[nodiscard]] bool may_be_harm(const Attempt& attempt, const TaskResult& result) const;
  void settle(Now now, std::uint32_t target, TaskResult&& result, std::vector<RunAction>& out);
  void inspect(std::uint32_t target, std::vector<RunAction>& out);
  void inspect_late(Now now, std::vector<RunAction>& out);
  void end_settling(Now now, std::vector<RunAction>& out);
  void on_container_ended(Now now, std::uint32_t target, std::vector<RunAction>& out);
  void on_inspected(Now now, TargetInspected&& inspected, std::vector<RunAction>& out);
  void on_unexpected(Unexpected&& unexpected, std::vector<RunAction>& out);
  void on_tick(Now now, std::vector<RunAction>& out);
  void hang_up_late(Now now, std::vector<RunAction>& out);
  void abandon(Now now, std::string_view reason, std::vector<RunAction>& out);
  void advance(Now now, std::vector<RunAction>& out);
  void redraw(std::uint32_t target, std::string_view why, bool pod_failed,
              std::vector<RunAction>& out);
  void go_on(Now now, std::uint32_t target, std::vector<RunAction>& out);
  void dial(std::uint32_t target, std::vector<RunAction>& out);
  void on_dialled(Now now, const Dialled& dialled);
  void target_over(Now now, std::uint32_t target, api::TargetOutcome outcome,
                   std::string_view reason, std::string message);
  void record(Now now, std::vector<RunAction>& out);
  void write(std::vector<RunAction>& out);
  void finish(RunEnd end);
  [[nodiscard]] bool all_over() const;
  [[nodiscard]] bool is_ours(const api::PodJob& record) const;

  RunOrigin origin_;
  api::PodJobTemplateSpec spec_;
  std::vector<api::TargetRef> targets_;
  std::vector<Attempt> attempts_;
  std::vector<Uid> tried_;
  api::PodJobStatus status_;
  Stage stage_ = Stage::kPermitting;
  RunEnd end_ = RunEnd::kNone;
  Uid record_uid_;
  std::uint64_t resource_version_ = 0;
  std::vector<std::string> other_finalizers_;
  std::optional<MonoTime> first_dial_;
  WallMillis first_dial_wall_{};
  std::string_view abandon_reason_;  // set once: every further target ends with it
  std::uint32_t redraws_ = 0;
  bool writing_ = false;    // a status write is in flight
  bool rereading_ = false;  // its 409 is being looked into
  bool dirty_ = false;      // another write must follow
  bool running_written_ = false;
  bool record_deleted_ = false;
  bool denied_ = false;     // the permit was refused: a live read tells whether it exists
  bool permitted_ = false;  // the record was ours once
  bool resumed_ = false;    // taken by its annotation
  MonoTime listed_at_{};    // the PodCronJob listed this run then
};

}  // namespace podcron::reconcile
