// EndpointSlices: watched only for the Services that some PodCronJob names, by one stream for each
// namespace that is watched (or one for all), whose selector holds their names.
#include <algorithm>

#include <fmt/format.h>

#include "api/endpoint_slice.h"
#include "base/hash.h"
#include "engine/state.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

/// More names than this would make the URL of the watch too long for proxies (8 KiB); then every
/// slice of a Service is asked for.
constexpr std::size_t kServicesAskedMax = 64;
/// A new name means a new list. Many that come at once, as from one `kubectl apply`, share one.
constexpr Millis kRetargetPause{1000};

/// "kubernetes.io/service-name in (api,shop-web)".
std::string selector_of(const std::set<std::string>& services) {
  if (services.size() > kServicesAskedMax) return api::kServiceNameLabel;
  return fmt::format("{} in ({})", api::kServiceNameLabel, fmt::join(services, ","));
}

/// Whether a stream whose selector holds these names shows the slices of `service`.
bool shows(const std::set<std::string>& asked, const std::string& service) {
  return asked.size() > kServicesAskedMax || asked.contains(service);
}

}  // namespace

/// `user` names the Service in `target`; `service` is what is known of that.
void Engine::State::note_service(JobId user, std::string& service, std::string_view namespace_,
                                 const api::Target& target) {
  const std::string& name = target.service_name;
  std::string key = name.empty() ? "" : store::service_key(namespace_, name);
  if (service == key) return;
  forget_service(user, service);
  service = std::move(key);
  if (service.empty()) return;
  auto& users = service_users_[service];
  if (users.empty() && !watch_services_at_) watch_services_at_ = now_.mono;
  users.insert(user);
}

void Engine::State::forget_service(JobId user, std::string& service) {
  const auto at = service_users_.find(service);
  if (at == service_users_.end()) return;
  at->second.erase(user);
  service.clear();
  if (!at->second.empty()) return;
  service_users_.erase(at);
  if (!watch_services_at_) watch_services_at_ = now_.mono;
}

/// Once all PodCronJobs are listed: before that, every batch of them would mean another list.
void Engine::State::watch_services() {
  if (!watch_services_at_ || !all_listed_ || now_.mono < *watch_services_at_) return;
  if (now_.mono < services_watched_at_ + kRetargetPause) {
    watch_services_at_ = services_watched_at_ + kRetargetPause;
    return;
  }
  watch_services_at_.reset();
  services_watched_at_ = now_.mono;
  std::vector<std::string> scopes = config_.namespaces;
  if (scopes.empty()) scopes.emplace_back();
  for (const std::string& scope : scopes) {
    std::set<std::string> wanted;
    for (const auto& [key, users] : service_users_) {
      const std::size_t slash = key.find('/');
      if (scope.empty() || key.compare(0, slash, scope) == 0) wanted.insert(key.substr(slash + 1));
    }
    watch_services_of(scope, std::move(wanted));
  }
}

/// A name that nobody wants any more is left in the selector until another one comes, or none is
/// left: seeing too much is harmless, and a list costs.
void Engine::State::watch_services_of(std::string_view scope, std::set<std::string> wanted) {
  const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.machine.target().kind == kube::ObjectKind::kEndpointSlice &&
           stream.namespace_ == scope;
  });
  const bool open = at != streams_.end();
  const bool covered =
      open && std::all_of(wanted.begin(), wanted.end(),
                          [&](const std::string& name) { return shows(at->asked, name); });
  if (wanted.empty() ? !open : covered) return;
  if (open && at->open.value != 0) out_->emplace_back(Cancel{at->open});
  if (wanted.empty()) {
    endpoints_.sweep(at->machine.epoch() + 1, scope);
    streams_.erase(at);
    return;
  }
  if (open) {
    at->open = {};
    at->machine.retarget(selector_of(wanted));
    at->asked = std::move(wanted);
    return;
  }
  const std::string path = kube::endpoint_slices_path(scope);
  kube::WatchMachine machine({kube::ObjectKind::kEndpointSlice, path, selector_of(wanted), ""},
                             hash64(path, config_.process_id));
  Stream stream{std::move(machine), std::string(scope), {}, 0};
  stream.apart = true;
  stream.asked = std::move(wanted);
  streams_.push_back(std::move(stream));
}

void Engine::State::put_slice(const api::EndpointSlice& slice, std::uint32_t epoch) {
  endpoints_changed(endpoints_.apply(slice, epoch));
}

void Engine::State::remove_slice(const api::EndpointSlice& slice) {
  endpoints_changed(endpoints_.erase(slice));
}

/// The list is complete: what it does not show is gone, and whoever waited for it may decide.
void Engine::State::endpoints_listed(Stream& stream) {
  endpoints_changed(endpoints_.sweep(stream.machine.epoch(), stream.namespace_));
  stream.refusal.clear();
  const std::set<std::string> before = std::exchange(stream.listed, stream.asked);
  for (const auto& [key, users] : service_users_) {
    const std::string name = key.substr(key.find('/') + 1);
    if (!stream.namespace_.empty() && !key.starts_with(stream.namespace_ + "/")) continue;
    if (shows(before, name) || !shows(stream.listed, name)) continue;
    for (const JobId id : users) {
      if (JobRow* row = jobs_.find(id)) row->assess = true;
      enqueue(id);
    }
  }
}

/// Whoever waits for a pod of one of these Services looks again.
void Engine::State::endpoints_changed(const std::vector<std::string>& services) {
  for (const std::string& service : services) {
    const auto users = service_users_.find(service);
    if (users == service_users_.end()) continue;
    const auto waiting = pod_watchers_.find(service.substr(0, service.find('/')));
    if (waiting == pod_watchers_.end()) continue;
    for (const JobId id : users->second) {
      if (!waiting->second.contains(id)) continue;
      if (JobRow* row = jobs_.find(id)) row->assess = true;
      enqueue(id);
    }
  }
}

/// Those whose Service was never listed say why; the others decide on what was seen last.
void Engine::State::endpoints_refused() {
  for (const auto& [key, users] : service_users_) {
    for (const JobId id : users) enqueue(id);
  }
}

const Engine::State::Stream* Engine::State::endpoint_stream(std::string_view namespace_) const {
  const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.machine.target().kind == kube::ObjectKind::kEndpointSlice &&
           (stream.namespace_.empty() || stream.namespace_ == namespace_);
  });
  return at == streams_.end() ? nullptr : &*at;
}

bool Engine::State::endpoints_known(std::string_view namespace_, const api::Target& target) const {
  if (target.service_name.empty()) return true;
  const Stream* stream = endpoint_stream(namespace_);
  return stream != nullptr && shows(stream->listed, target.service_name);
}

std::string Engine::State::why_endpoints_unknown(std::string_view namespace_,
                                                 const api::Target& target) const {
  const Stream* stream = endpoint_stream(namespace_);
  if (stream == nullptr || stream->refusal.empty()) return "";
  return fmt::format(
      "the EndpointSlices of Service {} cannot be read, so that nothing is decided: {}",
      target.service_name, stream->refusal);
}

}  // namespace podcron::engine
