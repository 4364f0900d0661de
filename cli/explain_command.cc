// kubectl podcron explain: which pods may it run in, and why not in the others?
#include <fmt/format.h>

#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/input_text.h"
#include "cli/manifest.h"
#include "cli/schedule_source.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/zone_files.h"

namespace podcron::cli {
namespace {

Result<std::vector<DryRun>> jobs_of(const ExplainCommand& command, const ClusterChoice& choice,
                                    ApiServer& server) {
  std::vector<DryRun> jobs;
  if (command.file.empty()) {
    auto job = get_pod_cron_job(server, choice.namespace_, command.name);
    if (!job) return tl::unexpected(job.error());
    jobs.push_back({std::move(*job), false});
    return jobs;
  }
  const auto text = read_input(command.file);
  if (!text) return tl::unexpected(text.error());
  const auto manifests = read_manifests(input_name(command.file), *text, choice.namespace_,
                                        !command.cluster.namespace_.empty());
  if (!manifests) return tl::unexpected(manifests.error());
  for (const Manifest& manifest : *manifests) {
    auto job = dry_run(server, manifest);
    if (!job) return tl::unexpected(job.error());
    jobs.push_back(std::move(*job));
  }
  return jobs;
}

Result<std::string> explain_job(const ExplainCommand& command, const Surroundings& surroundings,
                                DryRun&& asked, ApiServer& server) {
  const auto snapshot = take_snapshot(server, std::move(asked.job), command.podcron_namespace);
  if (!snapshot) return tl::unexpected(snapshot.error());
  const api::PodCronJob& job = snapshot->job;
  const auto schedule = schedule_of(*read_zone(command.zoneinfo_dir, job.spec.time_zone), job);
  auto explanation = explain(*snapshot, command.controller, schedule,
                             {command.pod, command.verbose}, surroundings.now);
  if (!explanation) return tl::unexpected(explanation.error());
  if (asked.is_new) {
    explanation->notes.emplace_back(
        "it is not applied yet: choices are drawn by its UID, which it gets then");
  }
  if (command.json) return to_json(*explanation);
  const TimeZone zone = schedule ? schedule->zone() : TimeZone();
  return to_text(*explanation, zone, command.verbose, surroundings.colours);
}

}  // namespace

Result<Printout> run_explain(const ExplainCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  auto jobs = jobs_of(command, *choice, **server);
  if (!jobs) return tl::unexpected(jobs.error());
  Printout printout;
  for (DryRun& asked : *jobs) {
    const std::string name = fmt::format("{}/{}", asked.job.meta.namespace_, asked.job.meta.name);
    const auto text = explain_job(command, surroundings, std::move(asked), **server);
    if (!text) return tl::unexpected(text.error());
    if (jobs->size() > 1 && !command.json) {
      if (!printout.out.empty()) printout.out += '\n';
      printout.out += paint(Colour::kBold, name, surroundings.colours) + "\n";
    }
    printout.out += *text;
  }
  return printout;
}

}  // namespace podcron::cli
