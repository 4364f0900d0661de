// One PodCronJob, everything known about it, and now -> what to do. Values only: nothing is done.
//
// The one evaluation: the engine's claims, and later explain, why and simulate, all ask this
// function. The order of its steps is the contract's section 3.
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
#include "cron/schedule.h"
#include "eligibility/eligibility.h"
#include "reconcile/active.h"
#include "reconcile/consult.h"
#include "reconcile/due_time.h"
#include "reconcile/ledger.h"
#include "reconcile/session_detection.h"
#include "store/node_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::reconcile {

/// What a row remembers between plans; lost in a restart without harm to any guarantee.
struct Memory {
  /// The scheduled time that waits until its claim is written, and whether it waits for a pod.
  std::optional<WallTime> waiting;
  bool lacks_pod = false;
  /// Under Queue: the newest time that has joined the queue. Those up to it are no catch-up.
  std::optional<WallTime> queued_through;
  /// Up to here, due times were seen but no write got through.
  std::optional<WallTime> unreachable_through;
  /// Decided but not yet written: neighbours equal to the newest history entry, so that a long row
  /// of skips costs one write in kDeferMax.
  std::vector<Disposal> deferred;
  WallTime deferred_since{};
  /// What they were decided on. Another writer's decision in between makes them void.
  std::optional<WallTime> decided_through;
  std::optional<api::ObservedSchedule> observed_schedule;
  /// The nextScheduleTime that we last saw written as we reckon it.
  std::optional<WallTime> next_schedule_time;
};
inline constexpr Seconds kDeferMax{300};

/// What cannot be read of the cluster, or is not known to this controller: the condition's reason
/// (observe::condition) and message.
struct Unreadable {
  std::string_view reason;
  std::string message;
};

struct View {
  const api::PodCronJob& job;
  /// Of spec.schedule in spec.timeZone.
  const Result<Schedule>& schedule;
  /// Of status.observedSchedule; null when there is none or it cannot be parsed.
  const Schedule* observed_schedule = nullptr;
  bool namespace_suspended = false;
  bool globally_suspended = false;
  std::function<RunFact(const api::ActiveRun&)> run_fact;
  const store::PodStore& pods;
  const store::WorkloadStore& owners;
  const api::LabelSelector& serving;
  const std::vector<std::string>& owner_kinds;
  /// Rule 26, for this PodCronJob.
  std::function<bool(const Uid& pod)> busy;
  std::string_view holder;
  /// Nothing later is claimed: the API server's clock plus its tolerance.
  WallTime server_bound;
  /// False at a bound of the contract's section 9: due times wait.
  bool capacity = true;
  /// Judge the pods even if nothing is due: the object is new, edited, or pods changed.
  bool assess = false;
  /// A label probe's finding: pods that match the selector but lack the serving label.
  std::string unlabelled_hint;
  Memory memory;
  /// Rules 22 and 23.
  const store::EndpointStore* endpoints = nullptr;
  /// What this PodCronJob asks for and cannot be read. While there is such a thing no time is
  /// decided, or a watch that is late would skip runs.
  std::optional<Unreadable> unreadable{};
  /// Rule 27, for this PodCronJob.
  std::function<bool(const Uid& pod)> recently_failed = nullptr;
  eligibility::LastSession last_session = nullptr;  // rule 25
  SessionDetection session_detection = {};
  const store::NodeStore* nodes = nullptr;  // see strategy::Occasion
  /// Webhook: the question about this due time. Null: nobody can be asked.
  std::function<Consultation(WallTime scheduled)> consultation = nullptr;
};

/// A run to be claimed.
struct Claim {
  WallTime scheduled_time;
  std::string run;  // the PodJob's name
  std::vector<api::TargetRef> targets;
  api::EligibilitySummary eligibility;
};

struct Plan {
  /// The status as it shall be. Written only if `write` (or to flush settled runs).
  api::PodCronJobStatus status;
  bool write = false;    // a decision, or a condition that turned
  bool settled = false;  // runs moved to history: due to be written within 10 s
  std::optional<Claim> claim;
  /// To be asked of the strategy service; planned again when it has answered.
  std::optional<Inquiry> inquiry;
  /// All that `status` adds as skipped or missed; counted when it is written.
  std::vector<Disposal> disposals;
  /// To be handed back in the next View; `deferred` is empty once `status` is written.
  Memory memory;
  /// When to plan again if nothing changes; nullopt: only a change can matter.
  std::optional<WallMillis> wake_at;
  /// The claim waits for the API server's clock for so long.
  std::optional<Millis> server_clock_wait;
  /// Pods of the namespace may change the answer: waiting for one, or TargetsAvailable is False.
  bool watch_pods = false;
  /// No pod passes rules 1 and 2: worth one LIST without the serving label.
  bool probe_labels = false;
};

Plan plan(const View& view, Now now);

}  // namespace podcron::reconcile
