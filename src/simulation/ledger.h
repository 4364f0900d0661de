// The ground truth: which processes started in which pod, when they ended, and how.
//
// A task of a simulation is the command line kTaskProgram followed by its identity. Nothing of the
// controller writes here; the virtual nodes do, as the real nodes of tests/plane do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/timeline.h"

namespace podcron::simulation {

inline constexpr std::string_view kTaskProgram = "sim-task";

/// The identity that a task is told, from its arguments: kTaskProgram PODCRONJOB RUN_ID
/// SCHEDULED_TIME ATTEMPT POD TARGET_INDEX.
struct TaskIdentity {
  std::string pod_cron_job;
  std::string run_id;
  std::string scheduled_time;
  std::string attempt;
  std::string pod_name;
  std::string target_index;
  friend bool operator==(const TaskIdentity&, const TaskIdentity&) = default;
};

/// What a servingProbe of a simulation calls; it is no task and leaves no trace.
inline constexpr std::string_view kProbeProgram = "sim-probe";
bool is_probe(std::span<const std::string> argv);

/// nullopt: `argv` is no task, or one without its six arguments.
std::optional<TaskIdentity> task_of(std::span<const std::string> argv);

struct ProcessRecord {
  std::uint64_t number = 0;
  TaskIdentity task;
  std::string namespace_;
  std::string pod;
  std::string pod_uid;
  std::string container_id;
  VirtualTime started{};
  std::optional<VirtualTime> ended;
  int exit_code = 0;  // valid once ended; 137 when it was killed
};

class Ledger {
 public:
  using Observer = std::function<void(const ProcessRecord&)>;

  void observe_starts(Observer observer) { on_start_.push_back(std::move(observer)); }

  /// Returns the process's number.
  std::uint64_t start(ProcessRecord process);
  /// A process ends once.
  void end(std::uint64_t number, VirtualTime when, int exit_code);

  [[nodiscard]] const ProcessRecord& process(std::uint64_t number) const;
  [[nodiscard]] const std::vector<ProcessRecord>& processes() const { return processes_; }

 private:
  std::vector<ProcessRecord> processes_;
  std::vector<Observer> on_start_;
};

}  // namespace podcron::simulation
