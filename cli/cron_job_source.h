// batch/v1 CronJobs as PodCronJobs.
//
// Source: the Kubernetes API reference for CronJob, Job and Pod of 1.30 to 1.36, and
// pkg/controller/cronjob for what the fields do.
#pragma once

#include <string_view>

#include "cli/conversion.h"

namespace podcron::cli {

/// Every CronJob of a YAML or JSON text: several documents, a List (or CronJobList) of them. Other
/// kinds are a note. A document that cannot be converted is a fault and does not stop the others.
void convert_cron_jobs(std::string_view text, const ConversionOptions& options,
                       Conversion& conversion);

}  // namespace podcron::cli
