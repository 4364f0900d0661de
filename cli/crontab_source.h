// Crontabs as PodCronJobs.
//
// Source: crontab(5) and cron(8) of Debian's cron and of cronie.
#pragma once

#include <string_view>

#include "cli/conversion.h"

namespace podcron::cli {

/// Every entry of a crontab. Settings hold for the lines below them, as in cron. A line that cannot
/// be converted is a fault and does not stop the others.
/// `with_user`: the sixth field names the user, as in /etc/crontab and /etc/cron.d.
void convert_crontab(std::string_view text, bool with_user, const ConversionOptions& options,
                     Conversion& conversion);

}  // namespace podcron::cli
