// What follows from a due time alone: the name of its run, when it starts, when that is too late.
#pragma once

#include <string>
#include <string_view>

#include "api/pod_cron_job.h"
#include "base/time.h"
#include "base/uid.h"
#include "cron/schedule.h"

namespace podcron::reconcile {

/// "<podcronjob>-<unix seconds>-<5 characters of a hash of the UID>".
std::string run_name(std::string_view pod_cron_job, const Uid& uid, WallTime scheduled_time);

/// The start offset in [0, spreadSeconds), fixed per object.
Seconds spread_of(const api::PodCronJob& job);

/// When a claim for `scheduled` is too late: scheduled time + spread + starting deadline.
WallTime starting_deadline(const api::PodCronJob& job, const Schedule& schedule,
                           WallTime scheduled);

}  // namespace podcron::reconcile
