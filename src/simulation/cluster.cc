#include "simulation/cluster.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

constexpr std::string_view kKubelet = "kubelet";
constexpr std::size_t kNodes = 3;
/// A container is down for longer than a dial takes, as real ones are: an exec that was sent to the
/// old one does not arrive in the new one.
constexpr Millis kDownLeast{1200};
constexpr std::string_view kWorkloadController = "workload controller";
/// apimachinery's alphabet of generated names: pods named otherwise count as adopted.
constexpr std::string_view kNameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

std::string generated_suffix(Prng& prng) {
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += kNameAlphabet[prng.below(kNameAlphabet.size())];
  return suffix;
}

Json pod_spec() {
  return {{"containers",
           {{{"name", kContainerName},
             {"image", "registry.example/shop:1.4"},
             {"ports", {{{"name", "http"}, {"containerPort", 8080}}}},
             {"readinessProbe", {{"httpGet", {{"path", "/healthz"}, {"port", 8080}}}}}}}},
          {"restartPolicy", "Always"}};
}

Json labels_of(const WorkloadPlan& plan, std::string_view template_hash) {
  Json labels = {{"app", plan.name}, {"podcron.dev/serving", "true"}};
  if (!plan.stateful) labels["pod-template-hash"] = template_hash;
  return labels;
}

Json controller_reference(std::string_view kind, std::string_view name, std::string_view uid) {
  return {{{"apiVersion", "apps/v1"},
           {"kind", kind},
           {"name", name},
           {"uid", uid},
           {"controller", true},
           {"blockOwnerDeletion", true}}};
}

Json condition(std::string_view type, bool status, std::string_view since) {
  return {{"type", type},
          {"status", status ? "True" : "False"},
          {"lastProbeTime", nullptr},
          {"lastTransitionTime", since}};
}

}  // namespace

/// Three in two zones.
void Cluster::add_nodes() {
  for (std::size_t i = 0; i < kNodes; ++i) {
    server_.put(Resource::kNodes,
                {{"metadata",
                  {{"name", fmt::format("node-{}", i)},
                   {"labels", {{kZoneLabel, fmt::format("zone-{}", i % 2)}}}}}},
                kKubelet);
  }
}

void Cluster::add_workload(const WorkloadPlan& plan) {
  Workload workload;
  workload.plan = plan;
  workload.template_hash = generated_suffix(environment_.prng);
  Json meta = {{"namespace", plan.namespace_}, {"name", plan.name}};
  Json labels = labels_of(plan, workload.template_hash);
  Json spec = {{"replicas", plan.replicas},
               {"selector", {{"matchLabels", {{"app", plan.name}}}}},
               {"template", {{"metadata", {{"labels", labels}}}, {"spec", pod_spec()}}}};
  if (plan.stateful) {
    const ObjectRef set = server_.put(Resource::kStatefulSets, {{"metadata", meta}, {"spec", spec}},
                                      kWorkloadController);
    workload.owner_kind = "StatefulSet";
    workload.owner_name = plan.name;
    workload.owner_uid = text_in(set->json, "metadata", "uid");
  } else {
    const ObjectRef deployment = server_.put(
        Resource::kDeployments, {{"metadata", meta}, {"spec", spec}}, kWorkloadController);
    workload.owner_kind = "ReplicaSet";
    workload.owner_name = fmt::format("{}-{}", plan.name, workload.template_hash);
    meta["name"] = workload.owner_name;
    meta["ownerReferences"] =
        controller_reference("Deployment", plan.name, text_in(deployment->json, "metadata", "uid"));
    spec["selector"]["matchLabels"]["pod-template-hash"] = workload.template_hash;
    const ObjectRef set = server_.put(Resource::kReplicaSets, {{"metadata", meta}, {"spec", spec}},
                                      kWorkloadController);
    workload.owner_uid = text_in(set->json, "metadata", "uid");
  }
  workloads_.push_back(std::move(workload));
  for (std::size_t i = 0; i < plan.replicas; ++i) create_pod(workloads_.size() - 1, i);
}

std::string Cluster::new_container_id() {
  return fmt::format("containerd://{:016x}{:016x}{:016x}{:016x}", environment_.prng.next(),
                     environment_.prng.next(), environment_.prng.next(), environment_.prng.next());
}

void Cluster::create_pod(std::size_t workload_index, std::size_t ordinal) {
  const Workload& workload = workloads_[workload_index];
  ObjectKey key{workload.plan.namespace_, ""};
  key.name = workload.plan.stateful
                 ? fmt::format("{}-{}", workload.owner_name, ordinal)
                 : fmt::format("{}-{}", workload.owner_name, generated_suffix(environment_.prng));
  if (pods_.contains(key)) return;
  PodState pod;
  pod.workload = workload_index;
  pod.ordinal = ordinal;
  const std::size_t number = addresses_given_++;
  pod.address =
      fmt::format("10.{}.{}.{}", 64 + number / 62'500 % 64, number / 250 % 250, number % 250 + 2);
  Json json = pod_json(pod, key);
  pod.uid = text_in(server_.put(Resource::kPods, std::move(json), kWorkloadController)->json,
                    "metadata", "uid");
  environment_.trace.line("cluster", "pod {} created", key.name);
  const std::string uid = pod.uid;
  pods_[key] = std::move(pod);
  endpoints_change(workload_index);
  environment_.timeline.after(environment_.draw(kDownLeast, Millis{4000}),
                              [this, key, uid] { become_ready(key, uid); });
}

Json Cluster::pod_json(const PodState& pod, const ObjectKey& key) const {
  const Workload& workload = workloads_[pod.workload];
  const std::string now = to_rfc3339(whole_seconds(environment_.true_wall()));
  Json labels = labels_of(workload.plan, workload.template_hash);
  if (workload.plan.stateful) {
    labels["statefulset.kubernetes.io/pod-name"] = key.name;
    labels["apps.kubernetes.io/pod-index"] = std::to_string(pod.ordinal);
  }
  Json json = {{"kind", "Pod"},
               {"apiVersion", "v1"},
               {"metadata",
                {{"namespace", key.namespace_},
                 {"name", key.name},
                 {"generateName", workload.owner_name + "-"},
                 {"labels", std::move(labels)},
                 {"ownerReferences", controller_reference(workload.owner_kind, workload.owner_name,
                                                          workload.owner_uid)}}},
               {"spec", pod_spec()}};
  json["spec"]["nodeName"] = fmt::format("node-{}", pod.ordinal % kNodes);
  Json& status = json["status"];
  status["phase"] = pod.container_id.empty() ? "Pending" : "Running";
  status["conditions"] = Json::array(
      {condition("Initialized", true, now), condition("Ready", pod.ready, now),
       condition("ContainersReady", pod.ready, now), condition("PodScheduled", true, now)});
  Json container = {{"name", kContainerName},
                    {"image", "registry.example/shop:1.4"},
                    {"ready", pod.ready},
                    {"started", pod.running},
                    {"restartCount", pod.restarts}};
  // While it is down, the status still names the container that was.
  if (!pod.container_id.empty()) container["containerID"] = pod.container_id;
  if (pod.running) {
    container["state"] = {{"running", {{"startedAt", now}}}};
    status["podIP"] = pod.address;
  } else {
    container["state"] = {{"waiting", {{"reason", "ContainerCreating"}}}};
  }
  status["containerStatuses"] = Json::array({std::move(container)});
  return json;
}

void Cluster::write_status(const ObjectKey& key) {
  Json json = pod_json(pods_.at(key), key);
  const ObjectRef before = server_.store().find(Resource::kPods, key);
  PODCRON_ASSERT(before != nullptr);
  if (const Json* stamp = find_in(before->json, "metadata", "deletionTimestamp")) {
    json["metadata"]["deletionTimestamp"] = *stamp;
  }
  server_.put(Resource::kPods, std::move(json), kKubelet);
  endpoints_change(pods_.at(key).workload);
}

void Cluster::become_ready(const ObjectKey& key, const std::string& uid) {
  const auto found = pods_.find(key);
  if (found == pods_.end() || found->second.uid != uid || found->second.ready) return;
  PodState& pod = found->second;
  if (!pod.running) pod.container_id = new_container_id();
  pod.running = true;
  pod.ready = true;
  environment_.trace.line("cluster", "pod {} ready", key.name);
  write_status(key);
}

std::optional<ObjectKey> Cluster::pick_pod() {
  if (pods_.empty()) return std::nullopt;
  return std::next(pods_.begin(),
                   static_cast<std::ptrdiff_t>(environment_.prng.below(pods_.size())))
      ->first;
}

void Cluster::lose_readiness() {
  const auto key = pick_pod();
  if (!key || !pods_.at(*key).ready || pods_.at(*key).terminating) return;
  PodState& pod = pods_.at(*key);
  pod.ready = false;
  environment_.trace.line("cluster", "pod {} not ready", key->name);
  write_status(*key);
  const std::string uid = pod.uid;
  environment_.timeline.after(environment_.draw(Millis{1000}, Millis{40'000}),
                              [this, key = *key, uid] { become_ready(key, uid); });
}

void Cluster::replace_pod() {
  const auto key = pick_pod();
  if (key && !pods_.at(*key).terminating) begin_termination(*key);
}

void Cluster::begin_termination(const ObjectKey& key) {
  PodState& pod = pods_.at(key);
  pod.terminating = true;
  const Millis grace = environment_.draw(Millis{0}, Millis{10'000});
  environment_.trace.line("cluster", "pod {} terminating for {} ms", key.name, grace.count());
  Json json = pod_json(pod, key);
  json["metadata"]["deletionTimestamp"] =
      to_rfc3339(whole_seconds(environment_.true_wall() + grace));
  server_.put(Resource::kPods, std::move(json), kKubelet);
  endpoints_change(pod.workload);
  const std::string uid = pod.uid;
  environment_.timeline.after(grace, [this, key, uid] { finish_termination(key, uid); });
  if (workloads_[pod.workload].plan.stateful) return;
  // A ReplicaSet does not wait for the old pod to go.
  const std::size_t workload = pod.workload;
  const std::size_t ordinal = pod.ordinal;
  environment_.timeline.after(environment_.draw(Millis{10}, Millis{500}),
                              [this, workload, ordinal] { create_pod(workload, ordinal); });
}

void Cluster::finish_termination(const ObjectKey& key, const std::string& uid) {
  const auto found = pods_.find(key);
  if (found == pods_.end() || found->second.uid != uid) return;
  PodState pod = std::move(found->second);
  pods_.erase(found);
  environment_.trace.line("cluster", "pod {} gone", key.name);
  server_.store().remove(Resource::kPods, key, {std::string(kKubelet), false, false});
  end_tasks(pod);
  endpoints_change(pod.workload);
  if (!workloads_[pod.workload].plan.stateful) return;
  environment_.timeline.after(
      environment_.draw(Millis{10}, Millis{2000}),
      [this, workload = pod.workload, ordinal = pod.ordinal] { create_pod(workload, ordinal); });
}

void Cluster::restart_container() {
  const auto key = pick_pod();
  if (!key || !pods_.at(*key).running || pods_.at(*key).terminating) return;
  PodState& pod = pods_.at(*key);
  environment_.trace.line("cluster", "container of pod {} restarted", key->name);
  pod.running = false;
  pod.ready = false;
  ++pod.restarts;
  end_tasks(pod);
  write_status(*key);
  const std::string uid = pod.uid;
  environment_.timeline.after(environment_.draw(kDownLeast, Millis{6000}),
                              [this, key = *key, uid] { become_ready(key, uid); });
}

void Cluster::heal() {
  std::vector<std::pair<ObjectKey, std::string>> waiting;
  for (const auto& [key, pod] : pods_) {
    if (!pod.ready && !pod.terminating) waiting.emplace_back(key, pod.uid);
  }
  for (const auto& [key, uid] : waiting) become_ready(key, uid);
}

std::optional<ApiAnswer> Cluster::refuse_exec(std::string_view namespace_, std::string_view pod,
                                              std::string_view container) const {
  const auto found = pods_.find({std::string(namespace_), std::string(pod)});
  if (found == pods_.end()) return not_found(type_of(Resource::kPods), pod);
  if (!container.empty() && container != kContainerName) {
    return bad_request(fmt::format("container {} is not valid for pod {}", container, pod));
  }
  if (!found->second.running) {
    return internal_error("container not found (\"app\")");
  }
  return std::nullopt;
}

std::optional<ObjectKey> Cluster::pod_at(std::string_view address) const {
  for (const auto& [key, pod] : pods_) {
    if (pod.address == address && pod.running) return key;
  }
  return std::nullopt;
}

std::uint64_t Cluster::start_task(std::string_view namespace_, std::string_view pod_name,
                                  TaskIdentity task, TaskBehaviour behaviour, OnEnd on_end) {
  const ObjectKey key{std::string(namespace_), std::string(pod_name)};
  PodState& pod = pods_.at(key);
  ProcessRecord process;
  process.task = std::move(task);
  process.namespace_ = key.namespace_;
  process.pod = key.name;
  process.pod_uid = pod.uid;
  process.container_id = pod.container_id;
  process.started = environment_.timeline.now();
  environment_.trace.line("cluster", "process starts in {} run {} scheduled {}", key.name,
                          process.task.run_id, process.task.scheduled_time);
  ++environment_.report.process_starts;
  const std::uint64_t number = ledger_.start(std::move(process));
  pod.tasks.push_back({number, std::move(on_end)});
  const std::string uid = pod.uid;
  environment_.timeline.after(behaviour.duration, [this, key, uid, number, behaviour] {
    end_task(key, uid, number, behaviour.exit_code);
  });
  return number;
}

void Cluster::end_task(const ObjectKey& key, const std::string& uid, std::uint64_t number,
                       int exit_code) {
  const auto found = pods_.find(key);
  if (found == pods_.end() || found->second.uid != uid) return;
  std::vector<RunningTask>& tasks = found->second.tasks;
  const auto task = std::find_if(tasks.begin(), tasks.end(), [&](const RunningTask& running) {
    return running.number == number;
  });
  if (task == tasks.end()) return;
  const OnEnd on_end = std::move(task->on_end);
  tasks.erase(task);
  ledger_.end(number, environment_.timeline.now(), exit_code);
  environment_.trace.line("cluster", "process in {} ends with {}", key.name, exit_code);
  if (on_end) on_end(exit_code, false);
}

void Cluster::end_tasks(PodState& pod) {
  std::vector<RunningTask> tasks = std::move(pod.tasks);
  pod.tasks.clear();
  for (const RunningTask& task : tasks) {
    ledger_.end(task.number, environment_.timeline.now(), 137);
    if (task.on_end) task.on_end(137, true);
  }
}

}  // namespace podcron::simulation
