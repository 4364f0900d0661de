// kubectl podcron runs: what is on record of the runs of one PodCronJob.
#include <utility>

#include <fmt/format.h>

#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/runs.h"
#include "cli/snapshot.h"
#include "kube/paths.h"

namespace podcron::cli {

Result<Printout> run_runs(const RunsCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  const auto job = get_pod_cron_job(**server, choice->namespace_, command.name);
  if (!job) return tl::unexpected(job.error());
  Printout printout;
  std::vector<api::PodJob> records;
  const auto listed = (*server)->list(
      kube::ObjectKind::kPodJob, kube::pod_jobs_path(choice->namespace_),
      [&](kube::Object&& object) { records.push_back(std::get<api::PodJob>(std::move(object))); },
      printout.notes);
  if (!listed) return tl::unexpected(listed.error());
  const std::vector<RunLine> runs = runs_of(*job, records);
  const std::string name = fmt::format("{}/{}", choice->namespace_, command.name);
  printout.out = command.json ? runs_to_json(name, runs)
                              : runs_to_text(name, runs, surroundings.now, surroundings.colours);
  return printout;
}

}  // namespace podcron::cli
