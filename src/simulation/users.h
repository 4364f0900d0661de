// The people and controllers who change things while podcron works: edits, suspensions, deletions,
// and the garbage collector.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/api_server.h"
#include "simulation/checker.h"
#include "simulation/environment.h"
#include "simulation/json.h"

namespace podcron::simulation {

class Users {
 public:
  Users(Environment& environment, ApiServer& server, Checker& checker,
        std::vector<Json> pod_cron_jobs)
      : environment_(environment),
        server_(server),
        checker_(checker),
        pod_cron_jobs_(std::move(pod_cron_jobs)) {}

  void create_all();
  /// Once a second: whatever the fault plan says.
  void act();
  /// Deletes PodJobs whose PodCronJob is gone, as the garbage collector does.
  void collect_garbage();
  /// Liveness phase: everything exists and is not suspended.
  void heal();

 private:
  void mend_harmful();
  void edit_schedule();
  void suspend();
  void suspend_namespace();
  void hold_namespace(bool held);
  void recreate();
  void delete_pod_job();
  void take_name();
  void run_by_hand();
  void copy_pod_job(std::uint64_t chance);
  void delete_lease();
  void disturb_election();
  void create(const Json& body);
  void patch(const std::string& name, const Json& delta);
  const Json& pick();
  std::optional<ObjectKey> pick_stored(Resource resource);
  int send(engine::Method method, std::string path, std::string body, std::string_view author);

  Environment& environment_;
  ApiServer& server_;
  Checker& checker_;
  std::vector<Json> pod_cron_jobs_;
  Prng election_chances_{environment_.report.seed};  // its own: an election changes no other chance
  std::uint64_t seconds_ = 0;                        // that act() was called for
  std::uint64_t by_hand_ = 0;
};

}  // namespace podcron::simulation
