// History and conditions of a PodCronJob: how an entry is added, how a condition changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "base/time.h"

namespace podcron::reconcile {

/// A decision about one due time, or a range of equal neighbours, that is not a run.
struct Disposal {
  WallTime from;
  WallTime to;
  std::int64_t count = 1;
  api::Outcome outcome = api::Outcome::kSkipped;
  std::string_view reason;  // observe::reason
};

/// Inserts by `from`; merges with an equal neighbour unless an active run lies between; keeps the
/// newest kHistoryEntriesMax. Cost: O(entries + active).
void add_history(api::PodCronJobStatus& status, api::HistoryEntry entry);
void add_history(api::PodCronJobStatus& status, const Disposal& disposal);

/// nullptr: there is none of this type.
const api::Condition* find_condition(const api::PodCronJobStatus& status, std::string_view type);

/// Sets one condition. lastTransitionTime moves only when the status does. True if anything
/// changed that a reader would see.
bool set_condition(api::PodCronJobStatus& status, std::string_view type, api::ConditionStatus value,
                   std::string_view reason, std::string message, std::int64_t generation,
                   WallTime now);

/// Ready copies the first of the others that is False, in their order of weight.
bool summarise_ready(api::PodCronJobStatus& status, std::int64_t generation, WallTime now);

}  // namespace podcron::reconcile
