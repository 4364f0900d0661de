#include "simulation/simulation.h"

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "simulation/checker.h"
#include "simulation/replica.h"
#include "simulation/scenario.h"
#include "simulation/users.h"

namespace podcron::simulation {
namespace {

constexpr std::int64_t kFirstStart = 1'772'971'200;  // 2026-03-08T12:00:00Z
constexpr std::uint64_t kStartSpread = 86'400'000;   // milliseconds: some time in the day after

/// etcd keeps five minutes of history; a little less, so that simulations meet the end of it.
constexpr Millis kHistoryKept{90'000};
constexpr Millis kSkewMost{2500};
constexpr Millis kPauseMost{60'000};
constexpr Millis kPartitionMost{40'000};

/// Not from the Prng, so that without election every seed tells the story that it always told.
Elections draw_elections(std::uint64_t seed) {
  switch (hash_combine(seed, hash64("election")) % 4) {
    case 0:
      return Elections::kNone;
    case 1:
      return Elections::kAllButOne;
    default:
      return Elections::kAll;
  }
}

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  Report run();

 private:
  void every_second();
  void disturb_replicas();
  void disturb_cluster();
  void keep_history();
  void heal();
  bool run_until(VirtualTime limit);
  bool crash_here();

  const SimulationOptions options_;
  Environment environment_;
  Ledger ledger_;
  ApiServer server_;
  Checker checker_;
  Cluster cluster_;
  std::unique_ptr<Users> users_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::uint64_t outside_effects_ = 0;
  std::vector<std::pair<VirtualTime, std::uint64_t>> revisions_;  // one a second, oldest first
};

WallMillis draw_start(Prng& prng) {
  return WallMillis{Seconds{kFirstStart}} +
         Millis{static_cast<std::int64_t>(prng.below(kStartSpread))};
}

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      environment_(options.seed),
      server_(environment_.prng.next(), [this] { return environment_.true_wall(); }),
      checker_({(environment_.start = draw_start(environment_.prng))}, ledger_),
      cluster_(environment_, server_, ledger_) {
  if (options_.trace) environment_.trace.listen(options_.trace);
  if (options_.calm) environment_.faults.clear();
  Scenario scenario = draw_scenario(environment_, options_.pod_cron_jobs, options_.pods);
  users_ =
      std::make_unique<Users>(environment_, server_, checker_, std::move(scenario.pod_cron_jobs));
  server_.store().observe([this](const Change& change) {
    checker_.on_change(change, environment_.timeline.now());
    for (const auto& replica : replicas_) replica->on_change(change.resource);
  });
  ledger_.observe_starts(
      [this](const ProcessRecord& process) { checker_.on_process_start(process); });
  cluster_.add_nodes();
  for (const WorkloadPlan& plan : scenario.workloads) cluster_.add_workload(plan);
  users_->create_all();
  const Elections elections = options_.elections.value_or(draw_elections(options_.seed));
  environment_.trace.line("simulation", "elections: {}", to_string(elections));
  for (std::size_t i = 0; i < options_.replicas; ++i) {
    const bool elected =
        elections == Elections::kAll || (elections == Elections::kAllButOne && i > 0);
    const Millis skew = environment_.faults.knows(FaultKind::kClockStep)
                            ? environment_.draw(Millis{-1000}, Millis{1000})
                            : environment_.draw(Millis{-50}, Millis{50});
    replicas_.push_back(std::make_unique<Replica>(
        Replica::Place{environment_, server_, cluster_, checker_}, fmt::format("podcron-{}", i),
        elected, skew, [this] { return crash_here(); }));
    Replica* replica = replicas_.back().get();
    environment_.timeline.after(environment_.draw(Millis{0}, Millis{5000}),
                                [replica] { replica->start(); });
  }
  environment_.timeline.after(Millis{1000}, [this] { every_second(); });
}

bool Simulation::crash_here() {
  const std::uint64_t number = outside_effects_++;
  if (options_.crash_at_effect == number) {
    environment_.faults.count(FaultKind::kCrash);
    return true;
  }
  return environment_.strikes(FaultKind::kCrash);
}

void Simulation::every_second() {
  environment_.timeline.after(Millis{1000}, [this] { every_second(); });
  users_->collect_garbage();
  users_->act();
  disturb_cluster();
  disturb_replicas();
  keep_history();
}

void Simulation::disturb_cluster() {
  if (environment_.strikes(FaultKind::kPodNotReady)) cluster_.lose_readiness();
  if (environment_.strikes(FaultKind::kPodReplaced)) cluster_.replace_pod();
  if (environment_.strikes(FaultKind::kContainerRestarted)) cluster_.restart_container();
}

void Simulation::disturb_replicas() {
  for (const auto& replica : replicas_) {
    if (environment_.strikes(FaultKind::kShutdown)) replica->shut_down();
    if (environment_.strikes(FaultKind::kPause)) {
      replica->pause(environment_.draw(Millis{1000}, kPauseMost));
    }
    if (environment_.strikes(FaultKind::kPartition)) {
      replica->partition(environment_.draw(Millis{500}, kPartitionMost),
                         environment_.prng.chance(600));
    }
    if (environment_.strikes(FaultKind::kClockStep)) {
      const Millis target = environment_.draw(-kSkewMost, kSkewMost);
      replica->step_clock(target - replica->skew());
    }
  }
}

void Simulation::keep_history() {
  ObjectStore& store = server_.store();
  const VirtualTime now = environment_.timeline.now();
  revisions_.emplace_back(now, store.revision());
  if (environment_.strikes(FaultKind::kCompaction)) store.compact(store.revision());
  if (revisions_.front().first + kHistoryKept >= now) return;
  // In larger pieces, because each compaction looks at every object.
  if (revisions_.size() % 20 != 0) return;
  while (revisions_.front().first + kHistoryKept < now) {
    store.compact(revisions_.front().second);
    revisions_.erase(revisions_.begin());
  }
}

void Simulation::heal() {
  environment_.trace.line("simulation", "faults stop");
  environment_.faults.stop();
  cluster_.heal();
  users_->heal();
  for (const auto& replica : replicas_) replica->heal();
}

bool Simulation::run_until(VirtualTime limit) {
  while (environment_.timeline.run_next(limit)) {
    if (checker_.violation()) return false;
  }
  return true;
}

Report Simulation::run() {
  Report& report = environment_.report;
  if (run_until(options_.safety_phase)) {
    heal();
    const VirtualTime end = options_.safety_phase + options_.liveness_phase;
    if (run_until(end)) {
      checker_.on_settled(server_.store(), end, options_.safety_phase);
      std::vector<Candidate> candidates;
      for (const auto& replica : replicas_) {
        const Process* process = replica->process();
        if (process == nullptr) continue;
        checker_.on_settled_replica(process->holder(), process->health(), end);
        candidates.push_back(process->candidate());
      }
      checker_.on_settled_election(candidates, server_.store(), end);
    }
  }
  checker_.fill(report);
  if (report.violation) report.violation->step = report.steps;
  report.duration = environment_.timeline.now();
  report.faults = environment_.faults.counts();
  return report;
}

}  // namespace

std::string_view to_string(Elections elections) {
  switch (elections) {
    case Elections::kNone:
      return "none";
    case Elections::kAllButOne:
      return "all-but-one";
    case Elections::kAll:
      return "all";
  }
  return "";
}

std::optional<Elections> elections_named(std::string_view name) {
  for (const Elections each : {Elections::kNone, Elections::kAllButOne, Elections::kAll}) {
    if (name == to_string(each)) return each;
  }
  return std::nullopt;
}

Report simulate(const SimulationOptions& options) { return Simulation(options).run(); }

}  // namespace podcron::simulation
