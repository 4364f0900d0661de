// One replica of the controller: a pod name, a clock of its own, and one process after another.
#pragma once

#include <memory>
#include <string>

#include "simulation/process.h"

namespace podcron::simulation {

class Replica {
 public:
  struct Place {
    Environment& environment;
    ApiServer& server;
    Cluster& cluster;
    Checker& checker;
  };

  /// `elected`: takes part in the leader election.
  Replica(const Place& place, std::string pod_name, bool elected, Millis skew,
          Process::CrashHere crash_here);

  void start();
  /// Faults.
  void shut_down();
  void pause(Millis duration);
  void partition(Millis duration, bool requests_blocked);
  void step_clock(Millis by);
  void on_change(Resource resource);
  /// The safety phase is over: partitions and pauses end.
  void heal();

  [[nodiscard]] const Process* process() const { return process_.get(); }
  [[nodiscard]] Millis skew() const { return skew_; }

 private:
  void on_end(ProcessEnd how);

  const Place place_;
  const std::string pod_name_;
  const bool elected_;
  Millis skew_;
  Partition partition_;
  Process::CrashHere crash_here_;
  std::unique_ptr<Process> process_;
};

}  // namespace podcron::simulation
