// Rule 27: a pod that did not start a run of a PodCronJob rests, for longer each time.
//
// By PodCronJob and pod: a command that no pod can start must not take the pods from others. What
// failed in one container says nothing about the next one, nor what failed before an edit about
// what comes after it. In memory, by the monotonic clock: a restart forgets, which costs one try.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "api/pod.h"
#include "api/pod_job.h"
#include "base/time.h"
#include "base/uid.h"

namespace podcron::engine {

/// 10 s, doubled, at most 5 minutes: as the kubelet treats a container that fails.
inline constexpr Millis kRestFirst{10'000};
inline constexpr Millis kRestMax{5 * 60 * 1000};
/// A failure is forgotten so long after its rest: the next one counts as the first.
inline constexpr Millis kRestForgottenAfter{10 * 60 * 1000};
/// Beyond, the rest that is over first is forgotten. About 200 bytes each.
inline constexpr std::size_t kRestsMax = 10'000;

class StartBackOff {
 public:
  /// The container of `pod` certainly did not start a run of `job`, as of this generation.
  void failed(MonoTime now, const Uid& job, std::int64_t generation, const api::TargetRef& pod);
  /// A run of `job` was started there.
  void started(const Uid& job, const Uid& pod);
  /// Forgets rests whose container is not the one that the pod shows.
  void observe(const api::Pod& pod);
  void forget(const Uid& job);

  [[nodiscard]] bool rests(MonoTime now, const Uid& job, std::int64_t generation,
                           const Uid& pod) const;
  /// When the next pod that rests from `job` is rested; nullopt: none rests.
  [[nodiscard]] std::optional<MonoTime> next_end(MonoTime now, const Uid& job) const;
  [[nodiscard]] std::size_t size() const { return rests_.size(); }

 private:
  using Key = std::pair<Uid, Uid>;  // PodCronJob, pod
  struct Rest {
    MonoTime until{};
    std::uint32_t failures = 0;
    std::int64_t generation = 0;
    std::string container;
    std::string container_id;
  };
  using Rests = std::map<Key, Rest>;

  Rests::iterator erase(Rests::iterator at);

  Rests rests_;
  std::set<std::pair<MonoTime, Key>> by_end_;
  std::map<Uid, std::set<Uid>> jobs_by_pod_;
};

}  // namespace podcron::engine
