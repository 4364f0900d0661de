// kubectl podcron why: why did it run there, or not?
#include <utility>

#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/schedule_source.h"
#include "cli/snapshot.h"
#include "cli/why.h"
#include "cli/zone_files.h"
#include "kube/paths.h"

namespace podcron::cli {

Result<Printout> run_why(const WhyCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  const auto job = get_pod_cron_job(**server, choice->namespace_, command.name);
  if (!job) return tl::unexpected(job.error());
  Printout printout;
  std::vector<api::PodJob> runs;
  const auto listed = (*server)->list(
      kube::ObjectKind::kPodJob, kube::pod_jobs_path(choice->namespace_),
      [&](kube::Object&& object) { runs.push_back(std::get<api::PodJob>(std::move(object))); },
      printout.notes);
  if (!listed) return tl::unexpected(listed.error());

  const auto schedule = schedule_of(*read_zone(command.zoneinfo_dir, job->spec.time_zone), *job);
  const TimeZone zone = schedule ? schedule->zone() : TimeZone();
  std::optional<std::vector<Stretch>> asked;
  if (!command.time.empty()) {
    auto moment = parse_moment(command.time, zone, surroundings.now);
    if (!moment) return tl::unexpected(moment.error());
    asked = std::move(*moment);
  }
  const auto answer = why(*job, runs, schedule, asked, surroundings.now);
  if (!answer) return tl::unexpected(answer.error());
  printout.out = command.json ? to_json(*answer) : to_text(*answer, zone, surroundings.colours);
  return printout;
}

}  // namespace podcron::cli
