// Runs of one PodCronJob as a table: its PodJobs, and what status.history still knows of those that
// are gone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "base/time.h"

namespace podcron::cli {

struct RunLine {
  std::string name;
  std::optional<WallTime> scheduled_time;  // nullopt: made by hand
  WallTime made{};  // of a scheduled one whose PodJob is gone, when it was due
  std::string phase;
  std::string reason;
  std::string target;
  std::string late;
  std::string took;
  std::optional<std::int32_t> exit_code;
  bool recorded = true;  // false: its PodJob is gone
};

/// Newest first. `records` may hold runs of others too.
std::vector<RunLine> runs_of(const api::PodCronJob& job, const std::vector<api::PodJob>& records);

std::string runs_to_json(const std::string& pod_cron_job, const std::vector<RunLine>& runs);
std::string runs_to_text(const std::string& pod_cron_job, const std::vector<RunLine>& runs,
                         WallTime now, bool colours);

/// How a run stands, in one line: "Succeeded  exit 0, 0.41s, in shop-7c9d-4xk2p".
std::string phase_line(const api::PodJob& record);

}  // namespace podcron::cli
