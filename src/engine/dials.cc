// Step 8 of the data flow: act. A target that was checked is dialled, by exec or HTTP, and its
// exchange becomes a judged end.
#include "base/assert.h"
#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"
#include "reconcile/expand.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;

/// Until the upgrade is answered, or the pod has taken the connection.
constexpr Millis kHandshakeTimeout{15'000};

/// Of an address that was read.
constexpr Millis kAddressHoldsFor{2000};

/// The request that a dial makes, if it makes one.
const api::HttpSpec* http_of(const api::PodJobTemplateSpec& spec, const reconcile::Dial& dial) {
  const auto& http = dial.probe ? spec.target.serving_probe->http : spec.http;
  return http ? &*http : nullptr;
}

std::string_view executor_of(const reconcile::Run& run) {
  return run.spec().http ? "http" : "exec";
}

reconcile::RunIdentity identity_of(const reconcile::Run& run, std::uint32_t target) {
  const reconcile::RunOrigin& origin = run.origin();
  return {
      origin.run_id(), origin.scheduled_time,
      origin.attempt,  run.targets()[target].pod_name,
      target,          origin.has_parent() ? key_of(origin.namespace_, origin.pod_cron_job) : ""};
}

std::string purpose_of(const reconcile::Run& run, const reconcile::Dial& dial) {
  return (dial.probe ? "probe/" : "run/") + run.origin().run_id();
}

}  // namespace

void Engine::State::send_dials() {
  // Without our Lease somebody else may take the run over: it waits, or misses its deadline.
  if (!holders_.held(now_)) return;
  for (std::size_t i = 0; i < dials_.size() && handshakes_.size() < kHandshakesMax;) {
    const auto [id, next] = dials_[i];
    RunEntry* entry = find_run(id);
    if (entry != nullptr && entry->handshakes >= kHandshakesOfRunMax) {
      ++i;
      continue;
    }
    dials_.erase(dials_.begin() + static_cast<std::ptrdiff_t>(i));
    if (entry == nullptr) continue;
    if (!entry->run.may_dial(now_, next.target)) {
      not_dialled(*entry, next.target);
    } else if (is_stale(*entry, next)) {
      feed(*entry, reconcile::Stale{next.target});
    } else {
      dial(*entry, next);
    }
    i = 0;  // a run that was fed may have taken others away
  }
}

/// An address may be another pod's soon after its own has gone. (An exec names its pod.)
bool Engine::State::is_stale(const RunEntry& entry, const reconcile::Dial& next) const {
  return http_of(entry.run.spec(), next) != nullptr &&
         now_.mono > entry.addresses.at(next.target).read_at + kAddressHoldsFor;
}

/// Given up, or too late, while it waited for a handshake place: certainly not started.
void Engine::State::not_dialled(RunEntry& entry, std::uint32_t target) {
  feed(entry, reconcile::TaskOver{target, reconcile::not_sent("given up before it was dialled")});
}

void Engine::State::dial(RunEntry& entry, const reconcile::Dial& next) {
  PODCRON_ASSERT(leads_ || entry.run.ever_dialled());
  feed(entry, reconcile::Dialled{next.target});
  const EffectId id{++next_id_};
  entry.tasks[next.target] = id;
  tasks_[id.value] = {entry.id, next, now_.mono};
  handshakes_.insert(id.value);
  ++entry.handshakes;
  out_->emplace_back(task_of(entry, next, id));
  if (!next.probe) note_start(entry, next.target);
}

Effect Engine::State::task_of(const RunEntry& entry, const reconcile::Dial& next,
                              EffectId id) const {
  const api::PodJobTemplateSpec& spec = entry.run.spec();
  if (const auto* http = http_of(spec, next)) return http_task_of(entry, next, *http, id);
  const api::TargetRef& target = entry.run.targets()[next.target];
  const auto argv = next.probe ? spec.target.serving_probe->command
                               : reconcile::argv_of(spec.exec, identity_of(entry.run, next.target),
                                                    next.through_env);
  return ExecTask{
      id, kube::exec_path(entry.run.origin().namespace_, target.pod_name, target.container, argv),
      purpose_of(entry.run, next), kHandshakeTimeout};
}

Effect Engine::State::http_task_of(const RunEntry& entry, const reconcile::Dial& next,
                                   const api::HttpSpec& http, EffectId id) const {
  const api::TargetRef& target = entry.run.targets()[next.target];
  // The live pod was asked the same right before: note_address.
  const auto where = reconcile::http_target(entry.addresses.at(next.target).pod, target.container,
                                            http.port, config_.http);
  PODCRON_ASSERT(where);
  reconcile::HttpText text =
      next.probe ? reconcile::http_text_of_probe(http)
                 : reconcile::http_text_of(http, identity_of(entry.run, next.target));
  HttpTask task;
  task.id = id;
  task.method = http.method;
  if (http.via_api_server) {
    task.path = kube::pod_proxy_path(entry.run.origin().namespace_, target.pod_name, http.https,
                                     where->port, text.path);
  } else {
    task.address = where->address;
    task.port = where->port;
    task.path = std::move(text.path);
    task.https = http.https;
    task.tls = http.tls;
  }
  task.headers = std::move(text.headers);
  task.body = std::move(text.body);
  task.purpose = purpose_of(entry.run, next);
  task.connect_timeout = kHandshakeTimeout;
  return task;
}

/// Keeps where the pod is to be reached, if HTTP goes to it. What is wrong with that, or "".
std::string Engine::State::note_address(RunEntry& entry, std::uint32_t target,
                                        std::string_view pod) {
  const api::PodJobTemplateSpec& spec = entry.run.spec();
  const bool probed = spec.target.serving_probe && spec.target.serving_probe->http;
  if (!probed && !spec.http) return "";
  auto address = decoder_.pod_address(pod);
  if (!address) return address.error().message;
  const std::string& container = entry.run.targets()[target].container;
  for (const api::HttpSpec* http :
       {probed ? &*spec.target.serving_probe->http : nullptr, spec.http ? &*spec.http : nullptr}) {
    if (http == nullptr) continue;
    const auto where = reconcile::http_target(*address, container, http->port, config_.http);
    if (!where) return where.error().message;
  }
  entry.addresses[target] = {std::move(*address), now_.mono};
  return "";
}

void Engine::State::note_start(const RunEntry& entry, std::uint32_t index) {
  const reconcile::RunOrigin& origin = entry.run.origin();
  const api::TargetRef& target = entry.run.targets()[index];
  dialled_[key_of(origin.namespace_, target.pod_name)].insert({entry.id, index});
  const Millis late = now_.wall - WallMillis(origin.scheduled_time);
  // What somebody asked for just now is late by nothing but what it waited for.
  if (!origin.by_hand()) observe(metric::kStartSkew, executor_of(entry.run), late);
  log(LogLevel::kInfo, "run started",
      {{key::kPodCronJob, parent_key(origin)},
       {key::kPodJob, origin.run},
       {key::kPod, target.pod_name},
       {key::kStartSkewMs, std::to_string(late.count())}});
}

void Engine::State::free_handshake(EffectId id) {
  if (handshakes_.erase(id.value) == 0) return;
  const auto task = tasks_.find(id.value);
  if (task == tasks_.end()) return;
  if (RunEntry* entry = find_run(task->second.run)) --entry->handshakes;
}

void Engine::State::on_task_started(const TaskStarted& started) { free_handshake(started.id); }

void Engine::State::on_task_ended(TaskEnded&& ended) {
  free_handshake(ended.id);
  const auto at = tasks_.find(ended.id.value);
  if (at == tasks_.end()) return;
  const Task task = at->second;
  tasks_.erase(at);
  RunEntry* entry = find_run(task.run);
  if (entry == nullptr) return;
  entry->tasks.erase(task.dial.target);
  // A redraw gives the target another pod.
  const std::string pod = forget_task(*entry, task.dial.target);
  if (!task.dial.probe) {
    observe(metric::kRunDuration, executor_of(entry->run), now_.mono - task.dialled_at);
  }
  auto* exec = std::get_if<api::ExecReport>(&ended.report);
  auto* http = std::get_if<api::HttpReport>(&ended.report);
  feed(*entry,
       reconcile::TaskOver{
           task.dial.target,
           exec != nullptr ? reconcile::judge(std::move(*exec))
                           : reconcile::judge(std::move(*http),
                                              http_of(entry->run.spec(), task.dial)->expected)});
  // Who waits for what becomes of the container goes on to be told of the pod.
  entry = find_run(task.run);
  if (entry != nullptr && entry->run.settling(task.dial.target)) {
    dialled_[pod].insert({task.run, task.dial.target});
  }
}

/// No task of this target is under way in its pod any more; the pod's key.
std::string Engine::State::forget_task(const RunEntry& entry, std::uint32_t target) {
  std::string pod = key_of(entry.run.origin().namespace_, entry.run.targets()[target].pod_name);
  const auto at = dialled_.find(pod);
  if (at == dialled_.end()) return pod;
  at->second.erase({entry.id, target});
  if (at->second.empty()) dialled_.erase(at);
  return pod;
}

}  // namespace podcron::engine
