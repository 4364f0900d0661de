// kubectl podcron next: when will it run?
#include <utility>

#include <fmt/format.h>

#include "api/json_writer.h"
#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/input_text.h"
#include "cli/local_time.h"
#include "cli/schedule_source.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/zone_files.h"
#include "reconcile/plan.h"

namespace podcron::cli {
namespace {

Result<std::vector<api::PodCronJob>> from_file(const NextCommand& command) {
  const auto text = read_input(command.file);
  if (!text) return tl::unexpected(text.error());
  const std::string& flag = command.cluster.namespace_;
  return read_manifest(input_name(command.file), *text, flag.empty() ? "default" : flag);
}

Result<std::vector<api::PodCronJob>> from_cluster(const NextCommand& command,
                                                  const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  auto job = get_pod_cron_job(**server, choice->namespace_, command.name);
  if (!job) return tl::unexpected(job.error());
  return std::vector{std::move(*job)};
}

/// What is asked about, with the flags already over the objects' own fields.
Result<std::vector<api::PodCronJob>> jobs_of(const NextCommand& command,
                                             const Surroundings& surroundings) {
  Result<std::vector<api::PodCronJob>> jobs = std::vector<api::PodCronJob>(1);
  if (!command.file.empty()) {
    jobs = from_file(command);
  } else if (!command.name.empty()) {
    jobs = from_cluster(command, surroundings);
  } else {
    jobs->front().spec.schedule = command.expression;
  }
  if (!jobs) return jobs;
  for (api::PodCronJob& job : *jobs) {
    if (!command.zone.empty()) job.spec.time_zone = command.zone;
    if (!command.daylight_saving.empty()) job.spec.daylight_saving = command.daylight_saving;
  }
  return jobs;
}

std::vector<WallTime> times_of(const Schedule& schedule, WallTime from, std::int32_t count) {
  std::vector<WallTime> times;
  std::optional<WallTime> next = schedule.next_after(from);
  for (std::int32_t i = 0; i < count && next; ++i) {
    times.push_back(*next);
    next = schedule.next_after(*next);
  }
  return times;
}

std::string name_of(const api::PodCronJob& job) {
  return job.meta.name.empty() ? "" : fmt::format("{}/{}", job.meta.namespace_, job.meta.name);
}

/// `is_named`: of several objects, so that each line says whose times they are.
std::string to_json(const api::PodCronJob& job, const std::vector<WallTime>& times, bool is_named) {
  constexpr std::size_t kExpectedBytes = 512;
  api::JsonWriter json(kExpectedBytes);
  json.begin_object();
  if (is_named) json.text("podCronJob", name_of(job));
  json.begin_array("times");
  for (const WallTime time : times) json.string(to_rfc3339(time));
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

std::string to_text(const api::PodCronJob& job, const Schedule& schedule,
                    const std::vector<WallTime>& times, bool colours) {
  const std::string name = name_of(job);
  std::string out = paint(
      Colour::kDim,
      fmt::format("{}{} in {}{}", name.empty() ? "" : name + ": ", job.spec.schedule,
                  job.spec.time_zone, job.spec.suspend ? " (suspended: nothing will run)" : ""),
      colours);
  out += '\n';
  if (times.empty()) return out + "never, as far as the year 2200\n";
  Table table({"LOCAL", "UTC", "NOTE"});
  for (const WallTime time : times) {
    table.add({{local_text(schedule.zone(), time)},
               {to_rfc3339(time)},
               {clock_change_on_day(schedule.zone(), time), Colour::kYellow}});
  }
  out += table.render(colours);
  if (const Seconds spread = reconcile::spread_of(job); spread.count() > 0) {
    out += fmt::format("each starts {} s later (spreadSeconds {})\n", spread.count(),
                       job.spec.spread_seconds);
  }
  return out;
}

}  // namespace

Result<Printout> run_next(const NextCommand& command, const Surroundings& surroundings) {
  const auto jobs = jobs_of(command, surroundings);
  if (!jobs) return tl::unexpected(jobs.error());
  Printout printout;
  for (const api::PodCronJob& job : *jobs) {
    const auto schedule = schedule_of(*read_zone(command.zoneinfo_dir, job.spec.time_zone), job);
    if (!schedule) {
      // The other documents of a file are still worth seeing.
      const std::string name = name_of(job);
      printout.notes.push_back((name.empty() ? "" : name + ": ") + schedule.error().message);
      printout.exit_code = 1;
      continue;
    }
    const auto times = times_of(*schedule, command.from.value_or(surroundings.now), command.count);
    if (!command.json && !printout.out.empty()) printout.out += '\n';
    printout.out += command.json ? to_json(job, times, jobs->size() > 1)
                                 : to_text(job, *schedule, times, surroundings.colours);
  }
  return printout;
}

}  // namespace podcron::cli
