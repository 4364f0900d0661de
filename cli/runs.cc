#include "cli/runs.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "api/json_writer.h"
#include "api/words.h"
#include "cli/table.h"
#include "reconcile/due_time.h"

namespace podcron::cli {
namespace {

RunLine line_of(const api::PodJob& record) {
  const api::PodJobStatus& status = record.status;
  RunLine line;
  line.name = record.meta.name;
  line.scheduled_time = record.scheduled_time;
  line.made = record.meta.creation_timestamp.value_or(WallTime{});
  line.phase = api::word_of(api::kPodJobPhaseWords, status.phase);
  line.reason = status.reason;
  line.target = status.target;
  line.late = status.late;
  line.took = status.took;
  line.exit_code = status.exit_code;
  return line;
}

/// Only its name tells whether somebody made it: nobody's time makes that name.
RunLine line_of(const api::PodCronJob& job, const api::HistoryEntry& entry) {
  RunLine line;
  line.name = entry.pod_job;
  line.made = entry.from;
  if (entry.pod_job == reconcile::run_name(job.meta.name, job.meta.uid, entry.from)) {
    line.scheduled_time = entry.from;
  }
  line.phase = api::word_of(api::kOutcomeWords, entry.outcome);
  line.reason = entry.reason;
  line.recorded = false;
  return line;
}

Colour colour_of(std::string_view phase) {
  if (phase == "Succeeded") return Colour::kGreen;
  if (phase == "Failed") return Colour::kRed;
  return phase == "Unknown" ? Colour::kYellow : Colour::kNone;
}

/// As kubectl's AGE, in one unit.
std::string age_text(Seconds age) {
  const std::int64_t seconds = std::max<std::int64_t>(age.count(), 0);
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 120 * 60) return fmt::format("{}m", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86'400);
}

}  // namespace

std::vector<RunLine> runs_of(const api::PodCronJob& job, const std::vector<api::PodJob>& records) {
  std::vector<RunLine> lines;
  for (const api::PodJob& record : records) {
    const bool owned = record.controller && record.controller->uid == job.meta.uid;
    if (owned || (!record.controller && record.pod_cron_job_name == job.meta.name)) {
      lines.push_back(line_of(record));
    }
  }
  for (const api::HistoryEntry& entry : job.status.history) {
    const bool known = std::any_of(lines.begin(), lines.end(),
                                   [&](const RunLine& line) { return line.name == entry.pod_job; });
    if (!entry.pod_job.empty() && !known) lines.push_back(line_of(job, entry));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const RunLine& a, const RunLine& b) {
    return a.scheduled_time.value_or(a.made) > b.scheduled_time.value_or(b.made);
  });
  return lines;
}

std::string runs_to_json(const std::string& pod_cron_job, const std::vector<RunLine>& runs) {
  api::JsonWriter json(64 + runs.size() * 256);
  json.begin_object();
  json.text("podCronJob", pod_cron_job);
  json.begin_array("runs");
  for (const RunLine& run : runs) {
    json.begin_object();
    json.text("name", run.name);
    if (run.scheduled_time) {
      json.time("scheduledTime", *run.scheduled_time);
    } else {
      json.boolean("byHand", true);
      json.time("made", run.made);
    }
    json.text("phase", run.phase);
    json.text_if("reason", run.reason);
    json.text_if("target", run.target);
    json.text_if("late", run.late);
    json.text_if("took", run.took);
    if (run.exit_code) json.number("exitCode", *run.exit_code);
    json.boolean("recorded", run.recorded);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

std::string runs_to_text(const std::string& pod_cron_job, const std::vector<RunLine>& runs,
                         WallTime now, bool colours) {
  if (runs.empty()) return fmt::format("no runs of {} on record\n", pod_cron_job);
  Table table({"RUN", "SCHEDULED", "PHASE", "REASON", "TARGET", "LATE", "TOOK", "EXIT", "AGE"});
  for (const RunLine& run : runs) {
    table.add({{run.name, run.recorded ? Colour::kNone : Colour::kDim},
               {run.scheduled_time ? to_rfc3339(*run.scheduled_time) : "by hand"},
               {run.phase, colour_of(run.phase)},
               {printable(run.reason)},
               {printable(run.target)},
               {printable(run.late)},
               {printable(run.took)},
               {run.exit_code ? std::to_string(*run.exit_code) : ""},
               {age_text(now - run.made)}});
  }
  return table.render(colours);
}

std::string phase_line(const api::PodJob& record) {
  const api::PodJobStatus& status = record.status;
  std::vector<std::string> facts;
  if (!status.reason.empty()) facts.push_back(status.reason);
  if (!status.message.empty()) facts.push_back(status.message);
  if (status.exit_code && status.message.empty()) {  // a failure's message names it
    facts.push_back(fmt::format("exit {}", *status.exit_code));
  }
  if (!status.took.empty()) facts.push_back(status.took);
  if (!status.target.empty()) facts.push_back("in " + status.target);
  const auto phase = api::word_of(api::kPodJobPhaseWords, status.phase);
  if (facts.empty()) return std::string(phase);
  return printable(fmt::format("{:<9}  {}", phase, fmt::join(facts, ", ")));
}

}  // namespace podcron::cli
