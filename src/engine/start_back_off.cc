#include "engine/start_back_off.h"

#include <algorithm>

namespace podcron::engine {

StartBackOff::Rests::iterator StartBackOff::erase(Rests::iterator at) {
  by_end_.erase({at->second.until, at->first});
  const auto jobs = jobs_by_pod_.find(at->first.second);
  jobs->second.erase(at->first.first);
  if (jobs->second.empty()) jobs_by_pod_.erase(jobs);
  return rests_.erase(at);
}

void StartBackOff::failed(MonoTime now, const Uid& job, std::int64_t generation,
                          const api::TargetRef& pod) {
  while (!by_end_.empty() && by_end_.begin()->first + kRestForgottenAfter <= now) {
    erase(rests_.find(by_end_.begin()->second));
  }
  const Key key{job, pod.pod_uid};
  std::uint32_t failures = 0;
  if (const auto at = rests_.find(key); at != rests_.end()) {
    const bool same =
        at->second.generation == generation && at->second.container_id == pod.container_id;
    if (same) failures = at->second.failures;
    erase(at);
  } else if (rests_.size() >= kRestsMax) {
    erase(rests_.find(by_end_.begin()->second));
  }
  Millis rest = kRestFirst;
  for (std::uint32_t i = 0; i < failures && rest < kRestMax; ++i) rest *= 2;
  const MonoTime until = now + std::min(rest, kRestMax);
  rests_.emplace(key, Rest{until, failures + 1, generation, pod.container, pod.container_id});
  by_end_.insert({until, key});
  jobs_by_pod_[pod.pod_uid].insert(job);
}

void StartBackOff::started(const Uid& job, const Uid& pod) {
  if (const auto at = rests_.find({job, pod}); at != rests_.end()) erase(at);
}

void StartBackOff::observe(const api::Pod& pod) {
  const auto found = jobs_by_pod_.find(pod.meta.uid);
  if (found == jobs_by_pod_.end()) return;
  const std::set<Uid> jobs = found->second;  // erasing changes it
  for (const Uid& job : jobs) {
    const auto at = rests_.find({job, pod.meta.uid});
    const bool same = std::any_of(pod.statuses.begin(), pod.statuses.end(),
                                  [&](const api::ContainerStatus& status) {
                                    return status.name == at->second.container &&
                                           status.container_id == at->second.container_id;
                                  });
    if (!same) erase(at);
  }
}

void StartBackOff::forget(const Uid& job) {
  auto at = rests_.lower_bound({job, Uid{}});
  while (at != rests_.end() && at->first.first == job) at = erase(at);
}

bool StartBackOff::rests(MonoTime now, const Uid& job, std::int64_t generation,
                         const Uid& pod) const {
  const auto at = rests_.find({job, pod});
  return at != rests_.end() && at->second.generation == generation && now < at->second.until;
}

std::optional<MonoTime> StartBackOff::next_end(MonoTime now, const Uid& job) const {
  std::optional<MonoTime> next;
  for (auto at = rests_.lower_bound({job, Uid{}}); at != rests_.end() && at->first.first == job;
       ++at) {
    const MonoTime until = at->second.until;
    if (until > now) next = std::min(next.value_or(until), until);
  }
  return next;
}

}  // namespace podcron::engine
