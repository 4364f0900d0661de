// Schedules to be shown: of an expression, of a file's PodCronJobs, or of one that was read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "base/result.h"
#include "cron/schedule.h"
#include "cron/zone_database.h"

namespace podcron::cli {

/// Every PodCronJob of a YAML or JSON text, as `kubectl apply -f` takes it: several documents,
/// Lists in them, other kinds skipped. Only name, namespace and the fields that decide about time
/// are read; a missing namespace becomes `namespace_`.
/// Errors: kMalformed (not YAML; a field of the wrong type; more than 100,000 objects), kNotFound
/// when there is none; the text begins with `path`.
Result<std::vector<api::PodCronJob>> read_manifest(const std::string& path, std::string_view text,
                                                   const std::string& namespace_);

/// spec.schedule in spec.timeZone, exactly as the controller reads them: same identity for H, same
/// default for daylightSaving. Errors: those of ZoneDatabase::find and Schedule::parse.
Result<Schedule> schedule_of(const ZoneDatabase& zones, const api::PodCronJob& job);

}  // namespace podcron::cli
