// The account of one story: what became of every due time, as the written status tells it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "conservation/due_times.h"
#include "reconcile/plan.h"

namespace podcron::conservation {

struct Fate {
  WallTime time;
  std::string_view reason;  // empty: claimed
};

/// A stretch of time under one observedSchedule.
struct Held {
  api::ObservedSchedule observed;
  WallTime from;  // exclusive
};

class Ledger {
 public:
  /// Due times of an observedSchedule; null if it is none.
  using Truth = std::function<DueTimes*(const api::ObservedSchedule&)>;
  explicit Ledger(Truth truth) : truth_(std::move(truth)) {}

  /// One durable write of the status, decided when the writer's clock showed `writer_now` and the
  /// API server's `server_now`. Returns what is wrong with it, or nothing.
  std::string enter(const api::PodCronJobStatus& before, const api::PodCronJobStatus& after,
                    const reconcile::Plan& plan, WallTime writer_now, WallTime server_now);
  /// The sum at the end, found anew: due = claimed + skipped + missed + pending.
  std::string close(const api::PodCronJobStatus& status, WallTime now);

  [[nodiscard]] const std::map<std::string_view, std::int64_t>& sums() const { return sums_; }
  [[nodiscard]] std::int64_t due() const { return due_; }
  [[nodiscard]] std::int64_t pending() const { return pending_; }

 private:
  std::string enter_fates(const std::vector<WallTime>& due, const reconcile::Plan& plan);
  std::string judge_history(const api::PodCronJobStatus& before,
                            const api::PodCronJobStatus& after) const;
  std::vector<WallTime> due_in(const api::ObservedSchedule& observed, WallTime after,
                               WallTime through) const;

  Truth truth_;
  std::vector<Fate> fates_;  // oldest first
  std::vector<Held> held_;
  std::map<std::string_view, std::int64_t> sums_;  // by reason; "Claimed"
  std::int64_t due_ = 0;
  std::int64_t pending_ = 0;
};

}  // namespace podcron::conservation
