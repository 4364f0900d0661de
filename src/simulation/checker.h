// The invariants of the contract, checked on everything that happens at the API server and in the
// pods. A checker that cannot fail is a defect: tests/unit/simulation breaks each one by hand.
//
// It sees only ground truth: versions of objects, dials that left a replica, process starts and
// ends. It never asks an engine. Source: facts A5 of docs/ (S1-S15, L1-L6), the contract's
// section 7; S16: what a strategy must remember is written with the claim (docs/adr/0006); S17:
// under Webhook and failurePolicy Fail a run is where the service said (docs/strategies.md); S18
// and L7: who knows that it does not lead starts nothing, and in the end one leads (docs/adr/0015);
// S19: a copy of a PodJob never runs. PodJobs made by hand obey the same ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/engine.h"
#include "simulation/ledger.h"
#include "simulation/object_store.h"
#include "simulation/report.h"
#include "simulation/status_view.h"
#include "simulation/timeline.h"

namespace podcron::simulation {

/// A connection for an exec that a replica has made.
struct Dial {
  std::string holder;
  std::string run_id;
};

struct CheckerLimits {
  WallMillis start{};  // virtual time zero on the API server's clock
  /// How far replicas' clocks may be from it: before a time is due for the server, it may be for
  /// them, and the other way round.
  Millis skew{3000};
  /// Between the replica's last look at deadline and leadership, and the process start: the dial.
  /// The replica judges in whole seconds, so another one comes on top.
  Millis dial{2000};
  /// Between the moment that the live reads before a dial tell of, and the dial: an answer may be
  /// as late as its time-out, and is good for 2 s.
  Millis reads{12'000};
  Seconds lease{15};
};

/// A replica, and what it thinks of the election.
struct Candidate {
  std::string holder;
  bool elected = false;  // takes part
  bool leads = false;
};

class Checker {
 public:
  Checker(const CheckerLimits& limits, const Ledger& ledger) : limits_(limits), ledger_(ledger) {}

  void on_change(const Change& change, VirtualTime now);
  void on_dial(const Dial& dial, VirtualTime now);
  void on_process_start(const ProcessRecord& process);
  /// A request or an exec that leaves a replica now: the only place where one is asked what it
  /// thinks, since only who knows that it does not lead must not decide.
  void on_request(const Candidate& replica, const engine::KubeRequest& request,
                  const ObjectStore& store, VirtualTime now);
  void on_exec(const Candidate& replica, std::string_view purpose, VirtualTime now);

  /// The end of the liveness phase. `settled_since`: faults stopped then. `names_taken`: runs whose
  /// name a foreign object holds on purpose.
  void on_settled(const ObjectStore& store, VirtualTime now, VirtualTime settled_since);
  /// The same for what /readyz of a replica would say then.
  void on_settled_replica(std::string_view holder, engine::EngineHealth health, VirtualTime now);
  /// The replicas that run at the end.
  void on_settled_election(const std::vector<Candidate>& replicas, const ObjectStore& store,
                           VirtualTime now);

  /// A user's act that invariants must allow for: the process of this PodJob may be left alone.
  void user_deleted(const ObjectKey& pod_job) { user_deleted_.insert(pod_job); }

  /// The strategy service chose this pod for the run, in an answer that is to be believed.
  void advised(const std::string& run, const std::string& pod) { advised_[run].insert(pod); }

  /// Records a violation; the first one stays.
  void report(std::string_view invariant, std::string what, VirtualTime now);
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

  /// For the report: claims seen, PodJobs created, outcomes by name.
  void fill(Report& report) const;

 private:
  /// One PodCronJob by UID.
  struct ScheduleAccount {
    ObjectKey key;
    ScheduleStatusView status;
    std::set<WallTime> claimed;
    std::set<std::string> in_history;  // names of runs that were ever seen there
    bool removed = false;
  };
  /// One run by (UID of its PodCronJob, name); one made by hand by (UID of its PodJob, name).
  struct RunAccount {
    ObjectKey key;  // of the PodJob
    std::string owner;
    std::string parent;  // UID of the PodCronJob in whose `active` it is or was
    bool by_hand = false;
    std::string parent_name;  // by hand: the PodCronJob that it names; empty: none
    WallTime scheduled_time;
    bool claimed = false;
    VirtualTime claimed_at{};
    std::optional<VirtualTime> left_active;
    std::string pod_job_uid;  // of the PodJob that exists or last existed
    int pod_jobs = 0;         // created while it was in `active`
    bool exists = false;
    ObjectRef last;  // the PodJob as it was last seen
    std::string phase;
    std::optional<VirtualTime> final_at;
    bool end_unknown = false;  // of one target at least, whatever the phase
    std::set<std::string> dialled_by;
    std::vector<std::uint64_t> processes;
  };
  using RunKey = std::pair<std::string, std::string>;

  void on_schedule_change(const Change& change, VirtualTime now);
  void check_claims(const ScheduleAccount& account, const Change& change,
                    const ScheduleStatusView& after, VirtualTime now);
  void check_one_claim(const ScheduleAccount& account, const Change& change,
                       const ScheduleStatusView& after, const ActiveView& entry, VirtualTime now);
  void check_flow(ScheduleAccount& account, const ScheduleStatusView& after, WallTime born,
                  VirtualTime now);
  [[nodiscard]] std::optional<std::int64_t> due_between(const ScheduleStatusView& before,
                                                        const ScheduleStatusView& after,
                                                        WallTime born) const;
  void note_history(ScheduleAccount& account, const ScheduleStatusView& after, VirtualTime now);
  void check_history_entry(const ScheduleAccount& account, const HistoryView& entry,
                           VirtualTime now);

  void on_pod_job_change(const Change& change, VirtualTime now);
  [[nodiscard]] bool is_copy(const Change& change, VirtualTime now);
  void check_copy(const Change& change, VirtualTime now);
  RunAccount& made_by_hand(const Change& change);
  RunAccount* run_by_hand(const std::string& uid);
  RunAccount* run_in_history(const std::string& schedule, const std::string& name);
  void check_claim_by_hand(const Change& change, const ScheduleStatusView& after,
                           const ActiveView& entry, VirtualTime now);
  void left_active(const std::string& schedule, const ObjectKey& key, const ActiveView& entry,
                   VirtualTime now);
  void check_settled_by_hand(const ObjectStore& store, VirtualTime now);
  void on_permit(RunAccount& run, const Change& change, VirtualTime now);
  void check_update(RunAccount& run, const Change& change, VirtualTime now);
  void check_final(const RunAccount& run, const Json& pod_job, VirtualTime now);
  void check_target(const RunAccount& run, const Json& target, VirtualTime now);
  void check_removal(RunAccount& run, const Change& change, VirtualTime now);
  [[nodiscard]] bool in_active(const RunAccount& run) const;
  RunAccount& run_of(const std::string& owner, const ObjectKey& key);
  RunAccount* run_of_process(const ProcessRecord& process);

  void check_permitted(const RunAccount& run, const ProcessRecord& process);
  void check_once(const RunAccount& run, const ProcessRecord& process);
  void check_times(const RunAccount& run, const ProcessRecord& process);
  void check_overlap(const RunAccount& run, const ProcessRecord& process);
  void check_advised(const RunAccount& run, const ProcessRecord& process);
  [[nodiscard]] bool gave_up_place(const RunAccount& run, const ProcessRecord& process,
                                   VirtualTime now) const;

  void check_settled_schedule(const ScheduleAccount& account, const Json& pod_cron_job,
                              VirtualTime now);
  void check_settled_runs(const ObjectStore& store, VirtualTime now);

  [[nodiscard]] WallMillis wall(VirtualTime now) const { return limits_.start + now; }

  CheckerLimits limits_;
  const Ledger& ledger_;
  std::map<std::string, ScheduleAccount> schedules_;  // by UID
  std::map<RunKey, RunAccount> runs_;
  std::map<ObjectKey, std::string> owner_of_pod_job_;  // UID of the owner, of the last PodJob
  std::set<ObjectKey> user_deleted_;
  /// What a replica did while it led.
  struct Led {
    std::set<std::uint64_t> sent;  // hashes of its PATCH requests
    std::set<std::string> dialled;
  };
  std::map<std::string, Led, std::less<>> led_;  // by holder
  std::map<std::string, VirtualTime> copies_;    // by UID: PodJobs that a user made from others
  std::map<std::string, std::set<std::string>> advised_;  // names of pods by run
  std::map<std::string, std::uint64_t> outcomes_;
  std::uint64_t claims_ = 0;
  std::uint64_t pod_jobs_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace podcron::simulation
