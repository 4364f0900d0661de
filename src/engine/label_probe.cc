// The one LIST that tells a user which label is missing: pods match the selector, but none of them
// has the serving label, so the watch never showed them.
#include <fmt/format.h>

#include "engine/state.h"
#include "kube/paths.h"
#include "kube/stream_decoder.h"

namespace podcron::engine {
namespace {

/// One bounded LIST per object in this time, and only while its selector finds nothing.
constexpr Millis kProbePeriod{5 * 60 * 1000};
constexpr int kProbePodsMax = 50;

}  // namespace

void Engine::State::probe_labels(JobRow& row) {
  if (row.probed_at && now_.mono - *row.probed_at < kProbePeriod) return;
  const api::PodCronJob& job = row.object;
  if (job.spec.job.target.selector.empty()) return;
  row.probed_at = now_.mono;
  Call call;
  call.kind = CallKind::kProbeLabels;
  call.job = row.id;
  call.path =
      fmt::format("/api/v1/namespaces/{}/pods?labelSelector={}&limit={}", job.meta.namespace_,
                  kube::percent_encode(job.spec.job.target.selector.to_query()), kProbePodsMax);
  call.tries_max = 3;
  outbox_.submit(std::move(call));
}

/// The message names the label and the workload to add it to: enough to mend it.
void Engine::State::on_labels_probed(Answer&& answer) {
  JobRow* row = jobs_.find(answer.call.job);
  if (row == nullptr || answer.reply.http_status != 200) return;
  kube::StreamDecoder decoder(kube::ObjectKind::kPod, false);
  std::vector<kube::StreamItem> items;
  decoder.feed(answer.reply.body, items);
  decoder.finish(items);
  std::size_t unlabelled = 0;
  std::string workload;
  for (const kube::StreamItem& item : items) {
    const auto* apply = std::get_if<kube::Apply>(&item);
    const auto* pod = apply != nullptr ? std::get_if<api::Pod>(&apply->object) : nullptr;
    if (pod == nullptr || config_.serving_selector.matches(pod->labels)) continue;
    ++unlabelled;
    if (!workload.empty() || !pod->controller) continue;
    const api::Workload* owner = workloads_.find(pod->controller->uid);
    const bool has_parent = owner != nullptr && owner->controller;
    workload = has_parent ? fmt::format("{} {}", owner->controller->kind, owner->controller->name)
                          : fmt::format("{} {}", pod->controller->kind, pod->controller->name);
  }
  if (unlabelled == 0) return;
  const bool more = unlabelled >= static_cast<std::size_t>(kProbePodsMax);
  row->unlabelled_hint = fmt::format(
      "{} {} spec.podJobTemplate.spec.target.selector, but none has the serving label {}; add it "
      "to "
      "the pod template{}{}",
      unlabelled,
      more              ? "or more pods match"
      : unlabelled == 1 ? "pod matches"
                        : "pods match",
      config_.serving_selector.to_query(), workload.empty() ? "" : " of ", workload);
  row->assess = true;
  enqueue(row->id);
}

}  // namespace podcron::engine
