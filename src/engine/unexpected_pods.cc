// Pods that go, or become others, while a run is in them.
#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"
#include "observe/reasons.h"
#include "reconcile/harm.h"
#include "store/pod_row.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;
using eligibility::Reason;

/// The one that the target was dialled in.
bool container_ended(const api::Pod& pod, const api::TargetRef& target) {
  return std::any_of(pod.statuses.begin(), pod.statuses.end(), [&](const auto& status) {
    return status.name == target.container &&
           (status.container_id != target.container_id || !status.running);
  });
}

}  // namespace

void Engine::State::running_pod_changed(std::string_view namespace_, std::string_view name) {
  const auto at = dialled_.find(key_of(namespace_, name));
  if (at == dialled_.end()) return;
  const std::set<std::pair<RunId, std::uint32_t>> tasks = at->second;  // feeding changes the map
  for (const auto& [id, target] : tasks) {
    RunEntry* entry = find_run(id);
    if (entry == nullptr) continue;
    const auto handle = pods_.find(namespace_, name);
    const Uid& dialled = entry->run.targets()[target].pod_uid;
    if (!handle) {
      read_target(*entry, target, CallKind::kCheckPod);
    } else if (pods_.row(*handle).uid != dialled) {
      feed(*entry, reconcile::TargetGone{target});
    } else if (container_ended(pods_.expand(*handle), entry->run.targets()[target])) {
      feed(*entry, reconcile::ContainerEnded{target});
    } else if (entry->tasks.contains(target)) {
      const auto criteria = criteria_of(namespace_, entry->run.spec().target);
      const Reason why = eligibility::unexpected(pods_, workloads_, criteria, *handle);
      if (why != Reason::kEligible) report_unexpected(*entry, target, to_string(why));
    }
  }
}

/// A live read. Gone from the watch is either gone, or without the serving label: that filters on
/// the server.
void Engine::State::read_target(const RunEntry& entry, std::uint32_t target, CallKind kind) {
  Call call = record_call(
      entry, kind, Priority::kRead, Method::kGet,
      kube::pod_path(entry.run.origin().namespace_, entry.run.targets()[target].pod_name));
  call.target = target;
  call.tries_max = 3;
  outbox_.submit(std::move(call));
}

void Engine::State::on_pod_checked(RunEntry& entry, const Answer& answer) {
  const std::uint32_t target = answer.call.target;
  if (!entry.tasks.contains(target)) return;  // it has ended meanwhile
  const Uid& expected = entry.run.targets()[target].pod_uid;
  const auto pod = decoder_.pod(answer.reply.body);
  const bool there = answer.reply.http_status == 200 && pod && pod->meta.uid == expected;
  if (!there) return feed(entry, reconcile::TargetGone{target});
  if (config_.serving_selector.matches(pod->labels)) return;  // it is on its way out; or back
  report_unexpected(entry, target, to_string(Reason::kNotLabelledServing));
}

/// A pod that is not there any more was not harmed but removed.
void Engine::State::on_fate_read(RunEntry& entry, const Answer& answer) {
  const std::uint32_t target = answer.call.target;
  const api::TargetRef& dialled = entry.run.targets()[target];
  std::string harm;
  if (answer.reply.http_status == 200) {
    const auto fate = decoder_.container_fate(answer.reply.body, dialled.container);
    if (fate) harm = reconcile::harm_of(*fate, dialled);
  }
  const RunId id = entry.id;
  feed(entry, reconcile::TargetInspected{target, std::move(harm)});
  if (const RunEntry* still = find_run(id)) forget_task(*still, target);
}

/// Once for each run and target. The run goes on: to end it would harm more than it helps.
void Engine::State::report_unexpected(RunEntry& entry, std::uint32_t target, std::string_view why) {
  const reconcile::Run& run = entry.run;
  if (!run.status().targets[target].unexpected.empty()) return;
  const reconcile::RunOrigin& origin = run.origin();
  const std::string& pod = run.targets()[target].pod_name;
  count(metric::kUnexpectedPods, {{"reason", std::string(why)}});
  log(LogLevel::kWarning, "a pod became ineligible while a run was in it",
      {{key::kPodCronJob, parent_key(origin)},
       {key::kPodJob, origin.run},
       {key::kPod, pod},
       {key::kReason, std::string(why)}});
  const EventSubject subject = subject_of(origin);
  auto call =
      events_.record(now_, subject, observe::event::kRanInUnexpectedPod,
                     fmt::format("run {} is in pod {}, which would not be chosen any more: {}",
                                 origin.run, pod, why),
                     1);
  if (call) outbox_.submit(std::move(*call));
  feed(entry, reconcile::Unexpected{target, std::string(why)});
}

}  // namespace podcron::engine
