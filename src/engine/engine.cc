#include "engine/engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/hash.h"
#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;

/// The contract's section 3: nothing later than the API server's clock and this is claimed.
constexpr Seconds kServerClockTolerance{5};
constexpr Millis kClockStepMin{1000};
constexpr Millis kGaugePeriod{5000};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string holder_of(const EngineConfig& config) {
  return fmt::format("{}_{:016x}", config.pod_name, config.process_id);
}

kube::WatchMachine machine(const EngineConfig& config, kube::ObjectKind kind, std::string path,
                           std::string labels = "") {
  const std::uint64_t seed = hash64(path, config.process_id);
  return kube::WatchMachine({kind, std::move(path), std::move(labels), ""}, seed);
}

}  // namespace

Engine::State::State(EngineConfig config)
    : config_(std::move(config)),
      holder_(holder_of(config_)),
      holders_(
          {config_.lease_namespace, holder_, config_.lease_duration, config_.lease_renew_period}),
      elector_(config_.election, config_.lease_namespace, holder_),
      outbox_(hash64("outbox", config_.process_id)),
      events_(holder_),
      sessions_(config_.lease_namespace),
      self_test_(config_.session_webhook, config_.lease_namespace) {
  using kube::ObjectKind;
  const auto add = [&](ObjectKind kind, std::string path, std::string labels = "",
                       std::string namespace_ = "") {
    streams_.push_back(
        {machine(config_, kind, std::move(path), std::move(labels)), std::move(namespace_), {}, 0});
  };
  const auto add_owners = [&](ObjectKind kind, const std::string& scope, std::string_view resource,
                              const std::string& namespace_) {
    add(kind, fmt::format("/apis/apps/v1/{}{}", scope, resource), "", namespace_);
    streams_.back().needed = false;
  };
  // Our own kinds are always watched everywhere: our rights on them are cluster-wide.
  add(ObjectKind::kPodCronJob, "/apis/podcron.dev/v1alpha1/podcronjobs");
  add(ObjectKind::kPodJob, "/apis/podcron.dev/v1alpha1/podjobs");
  add(ObjectKind::kNamespace, "/api/v1/namespaces");
  add(ObjectKind::kLease,
      fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases", config_.lease_namespace));
  std::vector<std::string> namespaces = config_.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  const std::string serving = config_.serving_selector.to_query();
  for (const std::string& name : namespaces) {
    const std::string scope = name.empty() ? "" : "namespaces/" + name + "/";
    add(ObjectKind::kPod, "/api/v1/" + scope + "pods", serving, name);
    add_owners(ObjectKind::kReplicaSet, scope, "replicasets", name);
    add_owners(ObjectKind::kStatefulSet, scope, "statefulsets", name);
    add_owners(ObjectKind::kDaemonSet, scope, "daemonsets", name);
    add_owners(ObjectKind::kDeployment, scope, "deployments", name);
    add_owners(ObjectKind::kControllerRevision, scope, "controllerrevisions", name);
  }
  add(ObjectKind::kNode, std::string(kube::kNodesPath));
  streams_.back().needed = false;
  streams_.back().apart = true;
}

WakeAt Engine::State::step(Now now, Input&& input) {
  note_clock(now);
  now_ = now;
  // Before anything else: a process that was paused may not lead any more.
  tend_leadership();
  std::visit(Overloaded{
                 [&](StreamBatch&& batch) { on_batch(std::move(batch)); },
                 [&](StreamEnded&& ended) { on_stream_ended(std::move(ended)); },
                 [&](KubeReply&& reply) {
                   note_server_date(now, reply.date);
                   auto answer = outbox_.on_reply(now, std::move(reply));
                   if (answer) on_answer(std::move(*answer));
                 },
                 [&](TaskStarted&& started) { on_task_started(started); },
                 [&](TaskEnded&& ended) { on_task_ended(std::move(ended)); },
                 [&](SessionReview&& review) { on_session_review(std::move(review)); },
                 [&](StrategyReply&& reply) { on_strategy_reply(reply); },
                 [&](ZonesReplaced&& replaced) { on_zones_replaced(std::move(replaced.zones)); },
                 [&](Wake&&) {},
                 [&](Shutdown&&) { on_shutdown(); },
             },
             std::move(input));
  tend_leadership();
  run_timers();
  watch_services();
  open_streams();
  if (!lease_released_) {
    if (auto call = holders_.poll(now)) outbox_.submit(std::move(*call));
  }
  for (std::size_t n = 0; n < kKeysPerStepMax && !ready_.empty(); ++n) {
    const JobId id = *ready_.begin();
    ready_.erase(ready_.begin());
    if (JobRow* row = jobs_.find(id)) process_job(*row);
    if (HandMade* made = hand_made_.find(id)) process_hand_made(*made);
  }
  tend_sessions();
  ask_queued();
  if (draining_) drain();
  send_dials();
  outbox_.pump(now, next_id_, *out_);
  publish_gauges();
  return wake_at();
}

void Engine::State::note_clock(Now now) {
  PODCRON_ASSERT(now.mono >= now_.mono);
  const Millis offset = now.wall.time_since_epoch() - now.mono.time_since_epoch();
  // The series is there before the first step, or its rate would not see that one.
  if (!wall_offset_) count(metric::kClockSteps, {}, 0);
  if (wall_offset_ && std::chrono::abs(offset - *wall_offset_) > kClockStepMin) {
    count(metric::kClockSteps);
    // Every due time is looked at again; what is decided stays decided.
    for (const auto& [id, row] : jobs_.rows()) enqueue(id);
    for (const auto& [id, made] : hand_made_.rows()) enqueue(id);
  }
  wall_offset_ = offset;
}

void Engine::State::on_zones_replaced(std::shared_ptr<const ZoneDatabase> zones) {
  // One version at a time: the series of the one before would stay 1.
  if (zones_) gauge(metric::kTzdata, 0, {{"version", zones_->version()}});
  zones_ = std::move(zones);
  const bool none = zones_->size() == 0;
  log(none ? LogLevel::kError : LogLevel::kInfo,
      none ? "no time zone files: every zone but UTC is unknown" : "time zones loaded",
      {{key::kVersion, zones_->version()}, {key::kCount, std::to_string(zones_->size())}});
  gauge(metric::kTzdata, 1, {{"version", zones_->version()}});
  for (auto& [id, row] : jobs_.rows()) {
    row.schedule.reset();
    row.observed.reset();
    enqueue(id);
  }
}

void Engine::State::note_server_date(Now now, std::optional<WallTime> date) {
  if (!date) return;
  server_clock_ = {*date, now.mono};
}

/// The Date header has whole seconds, cut off, so the true clock may be up to a second later: the
/// tolerance covers it.
WallTime Engine::State::server_bound() const {
  if (!server_clock_) return WallTime::min();
  const Millis since = now_.mono - server_clock_->second;
  return server_clock_->first + std::chrono::floor<Seconds>(since) + kServerClockTolerance;
}

bool Engine::State::listed(bool late_ones_too) const {
  return zones_ && std::all_of(streams_.begin(), streams_.end(), [&](const Stream& s) {
           return !s.needed || s.apart || s.machine.synced() || (s.late && !late_ones_too);
         });
}

bool Engine::State::synced() const { return listed(true); }

/// Records of our own runs may be kept, whoever leads.
bool Engine::State::may_tend() const { return synced() && holders_.held(now_) && !draining_; }

bool Engine::State::may_start() const { return leads_ && may_tend(); }

void Engine::State::run_timers() {
  while (!wall_timers_.empty() && wall_timers_.begin()->first <= now_.wall) {
    const JobId id = wall_timers_.begin()->second;
    wall_timers_.erase(wall_timers_.begin());
    if (JobRow* row = jobs_.find(id)) row->wall_wake.reset();
    enqueue(id);
  }
  while (!mono_timers_.empty() && mono_timers_.begin()->first <= now_.mono) {
    const JobId id = mono_timers_.begin()->second;
    mono_timers_.erase(mono_timers_.begin());
    if (JobRow* row = jobs_.find(id)) row->mono_wake.reset();
    enqueue(id);
  }
  while (!run_timers_.empty() && run_timers_.begin()->first <= now_.mono) {
    const RunId id = run_timers_.begin()->second;
    run_timers_.erase(run_timers_.begin());
    if (RunEntry* entry = find_run(id)) {
      entry->timer.reset();
      feed(*entry, reconcile::Tick{});
    }
  }
  while (!record_timers_.empty() && record_timers_.begin()->first <= now_.mono) {
    const std::set<std::string> keys = std::move(record_timers_.begin()->second);
    record_timers_.erase(record_timers_.begin());
    for (const std::string& record : keys) tend_record(record);
  }
  for (Call& call : events_.poll(now_)) outbox_.submit(std::move(call));
}

WakeAt Engine::State::wake_at() const {
  WakeAt wake;
  wake.at_once = !ready_.empty();
  if (!wall_timers_.empty()) wake.wall = wall_timers_.begin()->first;
  const auto mono = [&](MonoTime at) { wake.mono = std::min(wake.mono, at); };
  if (!mono_timers_.empty()) mono(mono_timers_.begin()->first);
  if (!run_timers_.empty()) mono(run_timers_.begin()->first);
  if (!record_timers_.empty()) mono(record_timers_.begin()->first);
  for (const Stream& stream : streams_) {
    if (!stream.needed || draining_) continue;
    if (const auto at = stream.machine.wake_at()) mono(*at);
  }
  if (const auto at = outbox_.wake_at()) mono(*at);
  if (const auto at = events_.wake_at()) mono(*at);
  if (!lease_released_) mono(holders_.wake_at());
  if (listed_once_) mono(elector_.wake_at());
  if (drain_until_) mono(*drain_until_);
  if (watch_services_at_ && all_listed_) mono(*watch_services_at_);
  mono(sessions_wake_at());
  return wake;
}

void Engine::State::log(LogLevel level, std::string_view message,
                        std::vector<std::pair<std::string_view, std::string>> facts) {
  out_->emplace_back(Log{level, message, std::move(facts)});
}

void Engine::State::count(std::string_view name,
                          std::vector<std::pair<std::string_view, std::string>> labels,
                          double value) {
  out_->emplace_back(Metric{MetricKind::kCounterAdd, name, std::move(labels), value});
}

void Engine::State::gauge(std::string_view name, double value,
                          std::vector<std::pair<std::string_view, std::string>> labels) {
  out_->emplace_back(Metric{MetricKind::kGaugeSet, name, std::move(labels), value});
}

void Engine::State::observe(std::string_view name, std::string_view executor, Millis value) {
  out_->emplace_back(Metric{MetricKind::kHistogramObserve,
                            name,
                            {{"executor", std::string(executor)}},
                            static_cast<double>(value.count()) / 1000.0});
}

/// Rides on steps that happen anyway: an idle engine wakes for no gauge.
void Engine::State::publish_gauges() {
  if (now_.mono < gauges_at_) return;
  gauges_at_ = now_.mono + kGaugePeriod;
  std::erase_if(rest_until_, [&](const auto& entry) { return entry.second <= now_.mono; });
  consultations_.sweep(now_.mono);
  gauge(metric::kLeader, leads_ ? 1 : 0);
  gauge(metric::kPods, static_cast<double>(pods_.size()));
  gauge(metric::kPodCronJobs, static_cast<double>(jobs_.rows().size()));
  gauge(metric::kRunsActive, static_cast<double>(runs_.size()));
  gauge(metric::kSessions, static_cast<double>(sessions_.size()));
  gauge(metric::kOutboxWaiting, static_cast<double>(outbox_.waiting()));
  if (server_clock_) {
    const WallTime server =
        server_clock_->first + std::chrono::floor<Seconds>(now_.mono - server_clock_->second);
    gauge(metric::kApiClockSkew, static_cast<double>((whole_seconds(now_.wall) - server).count()));
  }
}

// ---- Shutdown ----

void Engine::State::on_shutdown() {
  if (draining_) return;
  draining_ = true;
  drain_until_ = now_.mono + kDrainGrace;
  log(LogLevel::kInfo, "shutting down", {{key::kCount, std::to_string(runs_.size())}});
  // At once, not with our own Lease: another replica decides while we end what we have dialled.
  elector_.release(now_);
  std::vector<RunId> ids;
  for (const auto& [id, entry] : runs_) ids.push_back(id);
  for (const RunId id : ids) {
    if (RunEntry* entry = find_run(id)) feed(*entry, reconcile::Draining{false});
  }
  give_back_hand_made();
}

/// Three stages: runs end by themselves, what is left is recorded, the Lease goes.
void Engine::State::drain() {
  if (exit_sent_) return;
  const bool late = now_.mono >= *drain_until_;
  const bool settled = runs_.empty() && outbox_.idle_but_rest() && elector_.released();
  if (!lease_released_ && !settled && late && !grace_over_) {
    grace_over_ = true;
    drain_until_ = now_.mono + kDrainRecords;
    std::vector<RunId> ids;
    for (const auto& [id, entry] : runs_) ids.push_back(id);
    for (const RunId id : ids) {
      if (RunEntry* entry = find_run(id)) feed(*entry, reconcile::Draining{true});
    }
    return;
  }
  if (!lease_released_ && (settled || late)) {
    lease_released_ = true;
    drain_until_ = now_.mono + kDrainLease;
    outbox_.submit(holders_.release());
    return;
  }
  if (lease_released_ && late) {
    exit_sent_ = true;
    drain_until_.reset();
    log(LogLevel::kInfo, "ended in order", {});
    out_->emplace_back(Exit{0});
  }
}

/// What was seen before anything could be decided is decided now.
void Engine::State::look_at_everything() {
  for (const auto& [id, row] : jobs_.rows()) enqueue(id);
  for (const auto& [id, made] : hand_made_.rows()) enqueue(id);
  for (const auto& [name, row] : records_.rows()) record_timers_[now_.mono].insert(name);
}

// ---- The public face ----

Engine::Engine(EngineConfig config) : state_(std::make_unique<State>(std::move(config))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

WakeAt Engine::step(Now now, Input&& input, std::vector<Effect>& out) {
  state_->out_ = &out;
  return state_->step(now, std::move(input));
}

EngineHealth Engine::health() const {
  const bool refused =
      std::any_of(state_->streams_.begin(), state_->streams_.end(),
                  [](const State::Stream& s) { return s.refusals > 0 && !s.apart; });
  // What is watched from its first use on does not take readiness away while it is listed.
  return {state_->listed(false), state_->outbox_.reachable() && !refused,
          state_->holders_.held(state_->now_), state_->leads_};
}

const std::string& Engine::holder() const { return state_->holder_; }

}  // namespace podcron::engine
