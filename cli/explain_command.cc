// kubectl podcron explain: which pods may it run in, and why not in the others?
#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/schedule_source.h"
#include "cli/snapshot.h"
#include "cli/zone_files.h"

namespace podcron::cli {

Result<Printout> run_explain(const ExplainCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  const auto snapshot =
      take_snapshot(**server, choice->namespace_, command.name, command.podcron_namespace);
  if (!snapshot) return tl::unexpected(snapshot.error());

  const api::PodCronJob& job = snapshot->job;
  const auto schedule = schedule_of(*read_zone(command.zoneinfo_dir, job.spec.time_zone), job);
  const auto explanation = explain(*snapshot, command.controller, schedule,
                                   {command.pod, command.verbose}, surroundings.now);
  if (!explanation) return tl::unexpected(explanation.error());
  const TimeZone zone = schedule ? schedule->zone() : TimeZone();
  return Printout{command.json ? to_json(*explanation)
                               : to_text(*explanation, zone, command.verbose, surroundings.colours),
                  {},
                  0};
}

}  // namespace podcron::cli
