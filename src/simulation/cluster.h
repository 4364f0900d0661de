// Nodes, workloads and pods: everything that the controller under test does not own.
//
// Pods are made by workloads in the JSON shape of the real ones, become ready, lose readiness, are
// replaced (a StatefulSet's under the same name) and have their containers restarted. Processes run
// in them in virtual time and end with their container.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/api_server.h"
#include "simulation/environment.h"
#include "simulation/ledger.h"

namespace podcron::simulation {

inline constexpr std::string_view kContainerName = "app";
inline constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";

struct WorkloadPlan {
  std::string namespace_;
  std::string name;
  bool stateful = false;  // StatefulSet; else Deployment with one ReplicaSet
  std::size_t replicas = 3;
  bool service = false;  // a Service of the same name selects its pods
};

/// How a task behaves once it runs.
struct TaskBehaviour {
  Millis duration{};
  int exit_code = 0;
};

class Cluster {
 public:
  /// Called when a process ends; `killed`: its container ended with it.
  using OnEnd = std::function<void(int exit_code, bool killed)>;

  Cluster(Environment& environment, ApiServer& server, Ledger& ledger)
      : environment_(environment), server_(server), ledger_(ledger) {}

  void add_nodes();
  void add_workload(const WorkloadPlan& plan);

  /// What the API server and the node say to an exec before anything runs; nullopt: it may run.
  [[nodiscard]] std::optional<ApiAnswer> refuse_exec(std::string_view namespace_,
                                                     std::string_view pod,
                                                     std::string_view container) const;
  /// The pod with this address, while its container runs.
  [[nodiscard]] std::optional<ObjectKey> pod_at(std::string_view address) const;
  /// Starts a task; refuse_exec must have allowed it. Returns its number in the ledger.
  std::uint64_t start_task(std::string_view namespace_, std::string_view pod, TaskIdentity task,
                           TaskBehaviour behaviour, OnEnd on_end);

  /// Faults; each picks its victim by chance. Nothing happens when there is none.
  void lose_readiness();
  void replace_pod();
  void restart_container();
  /// Liveness phase: every pod becomes ready.
  void heal();

  [[nodiscard]] std::size_t pod_count() const { return pods_.size(); }

 private:
  struct RunningTask {
    std::uint64_t number;
    OnEnd on_end;
  };
  struct PodState {
    std::size_t workload = 0;
    std::size_t ordinal = 0;
    std::string uid;
    std::string container_id;
    std::string address;  // of its own, for life
    int restarts = 0;
    bool running = false;  // the container named by container_id
    bool ready = false;
    bool terminating = false;
    std::vector<RunningTask> tasks;
  };
  struct Workload {
    WorkloadPlan plan;
    std::string owner_kind;  // ReplicaSet or StatefulSet
    std::string owner_name;
    std::string owner_uid;
    std::string template_hash;
    bool endpoints_pending = false;  // the endpoint controller has a change to write
  };

  void create_pod(std::size_t workload, std::size_t ordinal);
  [[nodiscard]] Json pod_json(const PodState& pod, const ObjectKey& key) const;
  void write_status(const ObjectKey& key);
  void endpoints_change(std::size_t workload);
  void write_endpoints(std::size_t workload);
  void become_ready(const ObjectKey& key, const std::string& uid);
  void begin_termination(const ObjectKey& key);
  void finish_termination(const ObjectKey& key, const std::string& uid);
  void end_tasks(PodState& pod);
  void end_task(const ObjectKey& key, const std::string& uid, std::uint64_t number, int exit_code);
  std::string new_container_id();
  [[nodiscard]] std::optional<ObjectKey> pick_pod();

  Environment& environment_;
  ApiServer& server_;
  Ledger& ledger_;
  std::vector<Workload> workloads_;
  std::map<ObjectKey, PodState> pods_;
  std::size_t addresses_given_ = 0;
  Prng endpoint_delays_{environment_.report.seed};  // its own: a Service changes no other chance
};

}  // namespace podcron::simulation
