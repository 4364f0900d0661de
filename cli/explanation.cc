#include "cli/explanation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "eligibility/eligibility.h"
#include "observe/reasons.h"
#include "reconcile/choose.h"
#include "reconcile/plan.h"
#include "reconcile/target_condition.h"
#include "strategy/webhook.h"

namespace podcron::cli {
namespace {

using eligibility::Reason;

/// The arguments of one explanation, and what follows from them for every question.
struct Inquiry {
  const Snapshot& snapshot;
  const ControllerSettings& settings;
  WallTime now;

  [[nodiscard]] const api::PodCronJob& job() const { return snapshot.job; }
  [[nodiscard]] const api::Target& target() const { return snapshot.job.spec.job.target; }
  [[nodiscard]] eligibility::Criteria criteria(WallTime at) const {
    const auto runs_max = static_cast<std::size_t>(settings.runs_per_pod_max);
    return {job().meta.namespace_,
            &target(),
            &settings.serving_selector,
            &settings.owner_kinds,
            [this, runs_max](const Uid& pod) {
              return snapshot.load.busy(pod, job().meta.uid, runs_max);
            },
            at,
            &snapshot.endpoints,
            nullptr,  // only the controller knows who rests
            [this](const Uid& pod, api::SessionExclusion exclude) {
              return snapshot.sessions.last(pod, exclude);
            }};
  }
  [[nodiscard]] eligibility::Assessment assess(WallTime at) const {
    eligibility::Assessment assessment;
    eligibility::assess(snapshot.pods, snapshot.workloads, criteria(at), assessment);
    return assessment;
  }
  /// `assessment` is of `now`.
  [[nodiscard]] std::vector<Reason> failing(const eligibility::Assessment& assessment,
                                            store::PodHandle pod) const {
    return eligibility::evaluate_all(snapshot.pods, snapshot.workloads, criteria(now), assessment,
                                     pod);
  }
};

bool has(const std::vector<Reason>& failing, Reason reason) {
  return std::find(failing.begin(), failing.end(), reason) != failing.end();
}

/// "Deployment shop": what a user edits to change the pods of this one; "" for a bare pod.
std::string template_owner(const Snapshot& snapshot, store::PodHandle pod) {
  const auto controller = snapshot.pods.expand(pod).controller;
  if (!controller) return "";
  const api::Workload* owner = snapshot.workloads.find(controller->uid);
  const api::OwnerReference& top =
      owner != nullptr && owner->controller ? *owner->controller : *controller;
  return fmt::format("{} {}", top.kind, top.name);
}

/// No pod passes rules 1 and 2. Most often the label is missing; then the words name it and where
/// it belongs.
std::string nothing_matches(const Inquiry& inquiry, const eligibility::Assessment& assessment) {
  const Snapshot& snapshot = inquiry.snapshot;
  const std::string label = inquiry.settings.serving_selector.to_query();
  std::size_t unlabelled = 0;
  std::string owner;
  for (const store::PodHandle pod : snapshot.pods.in_namespace(inquiry.job().meta.namespace_)) {
    if (has(inquiry.failing(assessment, pod), Reason::kSelectorMismatch)) continue;
    ++unlabelled;
    if (owner.empty()) owner = template_owner(snapshot, pod);
  }
  if (unlabelled == 0) {
    return fmt::format("no pod in namespace {} matches spec.podJobTemplate.spec.target and {}",
                       inquiry.job().meta.namespace_, label);
  }
  return fmt::format(
      "{} {} spec.podJobTemplate.spec.target, but none has the serving label {}; add it to the "
      "pod template{}{}",
      unlabelled, unlabelled == 1 ? "pod matches" : "pods match", label,
      owner.empty() ? "" : " of ", owner);
}

/// Why nothing runs whatever the pods are; "" when something may.
std::string standstill(const api::PodCronJob& job, const Result<Schedule>& schedule) {
  if (job.meta.deletion_timestamp) return "it is being deleted: nothing runs any more";
  if (!schedule) return schedule.error().message + ": nothing runs until it is changed";
  if (!job.spec.not_implemented.empty()) {
    return job.spec.not_implemented +
           ": this version of podcron cannot do that yet; nothing runs until it is removed";
  }
  if (job.spec.suspend) return "spec.suspend is true: nothing runs until it is false";
  // Of the two other switches the controller's word is taken: one is no object, the other one that
  // users often may not read.
  const auto& observed = job.status.observed_schedule;
  const std::string_view held = observed ? std::string_view(observed->suspend_reason) : "";
  if (held == observe::reason::kNamespaceSuspended) {
    return fmt::format(
        "namespace {} has the annotation podcron.dev/suspend: nothing runs until it is removed",
        job.meta.namespace_);
  }
  if (held == observe::reason::kGloballySuspended) {
    return "the controller was started with --global-suspend: nothing runs until it is not";
  }
  return "";
}

/// The words for a due time for which there are too few pods.
std::string without_pods(const Inquiry& inquiry, const Schedule& schedule, WallTime scheduled,
                         const eligibility::Assessment& assessment) {
  const api::PodJobTemplateSpec& spec = inquiry.job().spec.job;
  const std::size_t eligible = assessment.eligible.size();
  // Only the controller asks the service, and only when it is due.
  if (strategy::asks_service(spec.strategy) && reconcile::enough(spec, assessment)) {
    return fmt::format("{} eligible; {}", eligible, strategy::why_none(spec.strategy));
  }
  const std::string lack =
      eligible == 0 ? "no eligible pod"
      : reconcile::enough(spec, assessment)
          ? fmt::format("{} eligible, {}", eligible, strategy::why_none(spec.strategy))
          : fmt::format("{} of at least {} eligible pods", eligible, spec.target.min_eligible);
  if (spec.no_target_policy == api::NoTargetPolicy::kSkip) return lack + ": skipped";
  return fmt::format("{}: would wait for one until {}", lack,
                     to_rfc3339(reconcile::starting_deadline(inquiry.job(), schedule, scheduled)));
}

/// `state` goes from choice to choice, as it does from claim to claim.
Choice choose(const Inquiry& inquiry, const Schedule& schedule, WallTime scheduled,
              api::StringMap& state) {
  const api::PodCronJob& job = inquiry.job();
  Choice choice{scheduled, {}, ""};
  // Pods that are only too young by now may be old enough by then.
  const eligibility::Assessment assessment = inquiry.assess(scheduled + reconcile::spread_of(job));
  const strategy::Occasion occasion{job.meta.uid, scheduled, 0, state, &inquiry.snapshot.nodes};
  const auto targets =
      reconcile::choose_targets(inquiry.snapshot.pods, job.spec.job, assessment, occasion);
  if (targets.empty()) {
    choice.instead = without_pods(inquiry, schedule, scheduled, assessment);
    return choice;
  }
  state = strategy::remember(job.spec.job.strategy, occasion, targets.front().pod_name,
                             job.status.active);
  for (const api::TargetRef& target : targets) choice.pods.push_back(target.pod_name);
  return choice;
}

/// The message of the condition TargetsAvailable, in the controller's own words.
std::string summary_of(const Inquiry& inquiry, const eligibility::Assessment& assessment) {
  if (assessment.matched == 0) return nothing_matches(inquiry, assessment);
  const api::PodCronJob& job = inquiry.job();
  const strategy::Occasion occasion{job.meta.uid, inquiry.now, 0, job.status.strategy_state,
                                    &inquiry.snapshot.nodes};
  const auto targets =
      reconcile::choose_targets(inquiry.snapshot.pods, job.spec.job, assessment, occasion);
  return reconcile::target_condition(job, inquiry.settings.serving_selector, "", assessment,
                                     !targets.empty())
      .message;
}

}  // namespace

Result<Explanation> explain(const Snapshot& snapshot, const ControllerSettings& settings,
                            const Result<Schedule>& schedule, const Scope& scope, WallTime now) {
  const Inquiry inquiry{snapshot, settings, now};
  const api::ObjectMeta& meta = snapshot.job.meta;
  Explanation result;
  result.name = fmt::format("{}/{}", meta.namespace_, meta.name);
  result.notes = snapshot.unreadable;
  if (!snapshot.sessions_unread.empty()) {
    result.notes.push_back("interactive sessions (rule 25) are left out: " +
                           snapshot.sessions_unread);
  }
  if (!snapshot.nodes_unread.empty()) {
    result.notes.push_back("choices by a label of Nodes cannot be told: " + snapshot.nodes_unread);
  }
  if (!scope.pod.empty() && !snapshot.pods.find(meta.namespace_, scope.pod)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("namespace {}: pod \"{}\" not found", meta.namespace_, scope.pod));
  }
  const eligibility::Assessment assessment = inquiry.assess(now);
  for (const store::PodHandle pod : snapshot.pods.in_namespace(meta.namespace_)) {
    std::string name(snapshot.pods.name(pod));
    if (!scope.pod.empty() && name != scope.pod) continue;
    std::vector<Reason> failing = inquiry.failing(assessment, pod);
    const bool asked_for = scope.everything || !scope.pod.empty();
    if (!asked_for && has(failing, Reason::kSelectorMismatch)) continue;
    result.pods.push_back({std::move(name), std::move(failing)});
  }

  result.matched = assessment.matched;
  result.eligible = static_cast<std::int64_t>(assessment.eligible.size());
  result.summary = summary_of(inquiry, assessment);

  if (std::string why = standstill(snapshot.job, schedule); !why.empty()) {
    result.notes.push_back(std::move(why));
    return result;
  }
  std::optional<WallTime> next = schedule->next_after(now);
  api::StringMap state = snapshot.job.status.strategy_state;
  for (int i = 0; i < kChoicesShown && next; ++i) {
    result.choices.push_back(choose(inquiry, *schedule, *next, state));
    next = schedule->next_after(*next);
  }
  return result;
}

}  // namespace podcron::cli
