// Steps 1 to 4 of the data flow: decoded items -> rows -> work queue.
#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;
using kube::ObjectKind;

std::string_view resource_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kPodCronJob:
      return "podcronjobs";
    case ObjectKind::kPodJob:
      return "podjobs";
    case ObjectKind::kPod:
      return "pods";
    case ObjectKind::kReplicaSet:
      return "replicasets";
    case ObjectKind::kStatefulSet:
      return "statefulsets";
    case ObjectKind::kDaemonSet:
      return "daemonsets";
    case ObjectKind::kDeployment:
      return "deployments";
    case ObjectKind::kControllerRevision:
      return "controllerrevisions";
    case ObjectKind::kLease:
      return "leases";
    case ObjectKind::kNamespace:
      return "namespaces";
    case ObjectKind::kEndpointSlice:
      return "endpointslices";
    case ObjectKind::kNode:
      return "nodes";
  }
  return "";
}

std::string_view kind_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kReplicaSet:
      return "ReplicaSet";
    case ObjectKind::kStatefulSet:
      return "StatefulSet";
    case ObjectKind::kDaemonSet:
      return "DaemonSet";
    case ObjectKind::kDeployment:
      return "Deployment";
    case ObjectKind::kControllerRevision:
      return "ControllerRevision";
    default:
      return "";
  }
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

void Engine::State::open_streams() {
  if (draining_) return;
  for (Stream& stream : streams_) {
    if (!stream.needed) continue;
    auto request = stream.machine.poll(now_);
    if (!request) continue;
    stream.open = EffectId{++next_id_};
    out_->emplace_back(OpenStream{stream.open, stream.machine.target().kind, request->watch,
                                  std::move(request->path), request->inactivity_timeout});
  }
}

/// From its first use on a resource is watched, and nothing starts before it is listed, or, if its
/// stream is apart, nothing that asks for it.
void Engine::State::need(std::initializer_list<ObjectKind> kinds, std::string_view namespace_) {
  for (Stream& stream : streams_) {
    const bool covers = stream.namespace_.empty() || stream.namespace_ == namespace_;
    const ObjectKind kind = stream.machine.target().kind;
    if (stream.needed || !covers || std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      continue;
    }
    stream.needed = true;
    if (stream.apart) continue;
    stream.late = listed_once_;
    all_listed_ = false;
  }
}

/// Templates are asked for by PodCronJobs alone.
void Engine::State::need_owners(std::string_view namespace_) {
  need({ObjectKind::kReplicaSet, ObjectKind::kStatefulSet, ObjectKind::kDaemonSet,
        ObjectKind::kDeployment},
       namespace_);
}

/// Only StatefulSets and DaemonSets keep the templates of their older pods there.
void Engine::State::need_revisions(const api::Pod& pod) {
  if (!pod.controller) return;
  const std::string& kind = pod.controller->kind;
  if (kind != "StatefulSet" && kind != "DaemonSet") return;
  need({ObjectKind::kControllerRevision}, pod.meta.namespace_);
}

void Engine::State::on_batch(StreamBatch&& batch) {
  for (Stream& stream : streams_) {
    if (stream.open != batch.id) continue;
    stream.refusals = 0;
    for (kube::StreamItem& item : batch.items) {
      switch (stream.machine.on_item(item)) {
        case kube::StoreAction::kApply:
          put(stream, std::move(std::get<kube::Apply>(item).object));
          break;
        case kube::StoreAction::kDelete:
          remove(std::move(std::get<kube::Delete>(item).object));
          break;
        case kube::StoreAction::kSweep:
          sweep(stream);
          break;
        case kube::StoreAction::kNone:
          if (const auto* bad = std::get_if<kube::Undecodable>(&item)) {
            const auto resource = std::string(resource_of(stream.machine.target().kind));
            count(metric::kUndecodable, {{"resource", resource}});
            log(LogLevel::kWarning, "object left out: it cannot be read",
                {{key::kResource, resource + "/" + bad->name}, {key::kError, bad->error}});
          }
          break;
      }
    }
  }
}

namespace {

/// The API server knows no such kind: most likely a cluster that podcron was not installed in.
std::string crd_hint(ObjectKind kind, int http_status) {
  const bool ours = kind == ObjectKind::kPodCronJob || kind == ObjectKind::kPodJob;
  return ours && http_status == 404 ? " (are the CRDs installed? kubectl apply -f crds/)" : "";
}

}  // namespace

void Engine::State::on_stream_ended(StreamEnded&& ended) {
  note_server_date(now_, ended.date);
  for (Stream& stream : streams_) {
    if (stream.open != ended.id) continue;
    stream.open = {};
    stream.machine.on_end(now_, {ended.orderly, ended.http_status, ended.retry_after});
    const bool refused = ended.http_status != 200 && ended.http_status != 410;
    // The first refusal in a row is worth a line, then every eighth.
    if (refused && stream.refusals++ % 8 == 0) {
      const auto at = stream.machine.wake_at();
      log(LogLevel::kWarning, "cannot read from the API server",
          {{key::kResource, std::string(resource_of(stream.machine.target().kind))},
           {key::kHttpStatus, std::to_string(ended.http_status)},
           {key::kError, ended.error + crd_hint(stream.machine.target().kind, ended.http_status)},
           {key::kRetryMs, std::to_string(at ? (*at - now_.mono).count() : 0)}});
    }
    if (refused && stream.apart) note_refusal(stream, ended);
    // The last page itself made it so, before the end of its stream: a flag, not a comparison.
    if (!all_listed_ && synced()) {
      all_listed_ = true;
      listed_once_ = true;
      log(LogLevel::kInfo, "all resources listed",
          {{key::kCount, std::to_string(jobs_.rows().size())}});
      look_at_everything();
    }
  }
}

std::uint32_t Engine::State::epoch_of(ObjectKind kind) const {
  for (const Stream& stream : streams_) {
    if (stream.machine.target().kind == kind) return stream.machine.epoch();
  }
  return 0;
}

void Engine::State::put(Stream& stream, kube::Object&& object) {
  const std::uint32_t epoch = stream.machine.epoch();
  std::visit(Overloaded{
                 [&](api::Pod&& pod) {
                   need_revisions(pod);
                   back_off_.observe(pod);
                   if (pods_.apply(pod, epoch)) pod_changed(pod.meta.namespace_, pod.meta.name);
                 },
                 [&](api::Workload&& workload) {
                   if (workloads_.apply(workload, epoch)) {
                     pod_changed(workload.meta.namespace_, "");
                   }
                 },
                 [&](api::PodCronJob&& job) { put_job(std::move(job)); },
                 [&](api::PodJob&& record) { put_record(record); },
                 [&](api::Lease&& lease) {
                   holders_.apply(now_, lease, epoch);
                   elector_.apply(now_, lease);
                   session_stored(sessions_.apply(lease, epoch));
                 },
                 [&](api::EndpointSlice&& slice) { put_slice(slice, epoch); },
                 [&](api::ClusterNode&& node) {
                   // Before the list is complete nobody decides by it.
                   if (nodes_.apply(node, epoch) && node_stream().machine.synced()) nodes_changed();
                 },
                 [&](api::Namespace&& namespace_) { put_namespace(namespace_, epoch); },
             },
             std::move(object));
}

void Engine::State::remove(kube::Object&& object) {
  std::visit(Overloaded{
                 [&](api::Pod&& pod) {
                   if (pods_.erase(pod.meta.namespace_, pod.meta.name, pod.meta.uid,
                                   pod.meta.resource_version)) {
                     pod_changed(pod.meta.namespace_, pod.meta.name);
                   }
                 },
                 [&](api::Workload&& workload) {
                   workloads_.erase(workload.meta.uid, workload.meta.resource_version);
                 },
                 [&](api::PodCronJob&& job) {
                   JobRow* row = jobs_.find(job.meta.uid);
                   if (row != nullptr) erase_job(*row);
                 },
                 [&](api::PodJob&& record) {
                   const std::string name = key_of(record.meta.namespace_, record.meta.name);
                   const RecordRow* row = records_.find(name);
                   if (row != nullptr && row->uid == record.meta.uid) erase_record(name);
                 },
                 [&](api::Lease&& lease) {
                   holders_.erase(now_, lease);
                   elector_.erase(now_, lease);
                   session_changed(sessions_.erase(lease));
                 },
                 [&](api::Namespace&& namespace_) {
                   mark_namespace(suspended_namespaces_, namespace_.meta.name, std::nullopt);
                   mark_namespace(unseen_namespaces_, namespace_.meta.name, std::nullopt);
                 },
                 [&](api::EndpointSlice&& slice) { remove_slice(slice); },
                 [&](api::ClusterNode&& node) { nodes_.erase(node); },
             },
             std::move(object));
}

void Engine::State::sweep(Stream& stream) {
  const std::uint32_t epoch = stream.machine.epoch();
  const ObjectKind kind = stream.machine.target().kind;
  if (stream.machine.relists() > 0) {
    count(metric::kRelists, {{"resource", std::string(resource_of(kind))}});
  }
  switch (kind) {
    case ObjectKind::kPod: {
      // Told afterwards: whoever looks again reads the store.
      std::vector<std::pair<std::string, std::string>> removed;
      pods_.sweep(
          epoch,
          [&](std::string_view namespace_, std::string_view name) {
            removed.emplace_back(namespace_, name);
          },
          stream.namespace_);
      for (const auto& [namespace_, name] : removed) pod_changed(namespace_, name);
      break;
    }
    case ObjectKind::kPodCronJob:
      for (const JobId id : jobs_.not_marked(epoch)) erase_job(*jobs_.find(id));
      break;
    case ObjectKind::kPodJob:
      for (const std::string& name : records_.not_marked(epoch)) erase_record(name);
      break;
    case ObjectKind::kNamespace:
      for (NamespaceSet* set : {&suspended_namespaces_, &unseen_namespaces_}) {
        std::vector<std::string> gone;
        for (const auto& [name, marked] : *set) {
          if (marked != epoch) gone.push_back(name);
        }
        for (const std::string& name : gone) mark_namespace(*set, name, std::nullopt);
      }
      break;
    case ObjectKind::kEndpointSlice:
      endpoints_listed(stream);
      break;
    case ObjectKind::kNode:
      nodes_.sweep(epoch);
      stream.refusal.clear();
      nodes_changed();
      break;
    case ObjectKind::kLease:
      holders_.sweep(now_, epoch);
      for (const std::string& pod : sessions_.sweep(epoch)) session_changed(pod);
      for (const std::string& lease : holders_.abandoned(now_)) {
        Call call;
        call.kind = CallKind::kDeleteLease;
        call.method = Method::kDelete;
        call.path = fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}",
                                config_.lease_namespace, lease);
        call.tries_max = 1;
        outbox_.submit(std::move(call));
      }
      break;
    case ObjectKind::kReplicaSet:
    case ObjectKind::kStatefulSet:
    case ObjectKind::kDaemonSet:
    case ObjectKind::kDeployment:
    case ObjectKind::kControllerRevision:
      workloads_.sweep(kind_of(kind), epoch, stream.namespace_);
      break;
  }
}

void Engine::State::put_namespace(const api::Namespace& namespace_, std::uint32_t epoch) {
  const auto marked = [&](bool in) { return in ? std::optional(epoch) : std::nullopt; };
  const bool seen =
      config_.session_namespaces.empty() || config_.session_namespaces.matches(namespace_.labels);
  mark_namespace(suspended_namespaces_, namespace_.meta.name, marked(namespace_.suspended));
  mark_namespace(unseen_namespaces_, namespace_.meta.name, marked(!seen));
}

/// Puts it into the set, with the epoch of the list that showed it so; nullopt: takes it out.
void Engine::State::mark_namespace(NamespaceSet& set, const std::string& name,
                                   std::optional<std::uint32_t> epoch) {
  const auto at = set.find(name);
  const bool was = at != set.end();
  if (epoch) {
    set[name] = *epoch;
  } else if (was) {
    set.erase(at);
  }
  if (was == epoch.has_value()) return;
  for (auto& [id, row] : jobs_.rows()) {
    if (row.object.meta.namespace_ != name) continue;
    row.detection = 0;  // told anew
    enqueue(id);
  }
  for (const auto& [id, made] : hand_made_.rows()) {
    if (made.record.meta.namespace_ == name) enqueue(id);
  }
}

/// Whoever waits for a pod of this namespace looks again; a run in this very pod may be over.
void Engine::State::pod_changed(std::string_view namespace_, std::string_view name) {
  if (const auto at = pod_watchers_.find(namespace_); at != pod_watchers_.end()) {
    for (const JobId id : at->second) {
      if (JobRow* row = jobs_.find(id)) row->assess = true;
      enqueue(id);
    }
  }
  if (!name.empty()) running_pod_changed(namespace_, name);
}

}  // namespace podcron::engine
