#include "reconcile/due_time.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"

namespace podcron::reconcile {
namespace {

/// The contract's bound on a starting deadline that the user did not set.
constexpr Seconds kDefaultDeadlineMax{4 * 3600};

}  // namespace

std::string run_name(std::string_view pod_cron_job, const Uid& uid, WallTime scheduled_time) {
  // The alphabet of Kubernetes' own generated names: no vowels, no look-alikes.
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::uint64_t h = hash_combine(uid.high, uid.low);
  std::string suffix;
  for (int i = 0; i < 5; ++i) {
    suffix += kAlphabet[h % kAlphabet.size()];
    h /= kAlphabet.size();
  }
  return fmt::format("{}-{}-{}", pod_cron_job, scheduled_time.time_since_epoch().count(), suffix);
}

Seconds spread_of(const api::PodCronJob& job) {
  if (job.spec.spread_seconds <= 0) return Seconds{0};
  const std::uint64_t h = hash64(fmt::format("{}/{}", job.meta.namespace_, job.meta.name));
  return Seconds{
      static_cast<std::int64_t>(h % static_cast<std::uint64_t>(job.spec.spread_seconds))};
}

WallTime starting_deadline(const api::PodCronJob& job, const Schedule& schedule,
                           WallTime scheduled) {
  const WallTime start = scheduled + spread_of(job);
  if (job.spec.starting_deadline_seconds) {
    return start + Seconds{*job.spec.starting_deadline_seconds};
  }
  if (job.spec.catch_up_policy == api::CatchUpPolicy::kAll ||
      job.spec.concurrency_policy == api::ConcurrencyPolicy::kQueue) {
    return start + kDefaultDeadlineMax;
  }
  const auto next = schedule.next_after(scheduled);
  if (!next) return start + kDefaultDeadlineMax;
  return start + std::min<Seconds>(*next - scheduled, kDefaultDeadlineMax);
}

}  // namespace podcron::reconcile
