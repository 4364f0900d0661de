// The small world of a golden scenario: PodCronJobs, pods and a clock, planned by reconcile::plan.
//
// A scenario is text: commands, a line `----`, and what they print. UPDATE_GOLDEN=1 rewrites the
// latter. Commands:
//   podcronjob NAME key=value...   creates it (created at the last `at`, or the epoch)
//   edit NAME key=value...         changes its spec; generation moves
//   pod NAME [word...]             ready by default; words: notready terminating unlabelled bare
//                                  unprobed (no readinessProbe) adopted changed devtool ephemeral
//                                  stateful (named db-N) young=SECONDS node=NAME; again to change
//                                  it; one named web-5b6d-... is of an older revision
//   endpoints SERVICE [POD[:WORD]...]  its EndpointSlice; words: notserving terminating
//   unlisted on|off                no EndpointSlice can be read, or they can again
//   node NAME KEY VALUE            a Node with this one label
//   rests POD on|off               it failed to start a run (rule 27), or is rested
//   remove POD                     the pod is gone
//   session POD TIME [exec]        somebody had a shell in it then; exec: ran a command
//   switch namespace|global on|off  holds every run back, or no longer
//   end RUN OUTCOME                the run's record is final: Succeeded Failed Unknown
//   disputed NAME TIME             another controller writes that nextScheduleTime
//   answer NAME [POD...]           the strategy service that was asked chooses these
//   fails NAME TEXT                it gives no answer, for this reason
//   again NAME                     what it said holds no longer: it may be asked again
//   lost                           the next plan's write does not get through
//   rules ZONE OTHER               new tzdata, in which ZONE has the rules of OTHER
//   at TIME                        plans every PodCronJob and writes what it says
//   through TIME                   plans each PodCronJob whenever it wants to wake up, until TIME;
//                                  prints when it decided what, and then nextScheduleTime
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/pod_cron_job.h"
#include "reconcile/plan.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::golden {

class World {
 public:
  World();
  /// What the command prints. Throws std::runtime_error with a text for the test's author.
  std::string command(const std::string& line);

 private:
  struct Job {
    api::PodCronJob object;
    reconcile::Memory memory;
    std::optional<WallTime> wake;  // as the last plan said
    struct Question {
      bool answered = false;
      strategy::Advice advice;
    };
    std::map<WallTime, Question> questions;  // to the strategy service
  };

  void make_job(const std::vector<std::string>& words, bool edit);
  void make_pod(const std::vector<std::string>& words);
  void make_slice(const std::vector<std::string>& words);
  void make_session(const std::vector<std::string>& words);
  void answer(const std::vector<std::string>& words);
  [[nodiscard]] reconcile::RunFact fact_of(const api::ActiveRun& run) const;
  std::string plan_at(const std::string& time);
  std::string plan_through(const std::string& time);
  std::string plan_job(Job& job, Now now);
  [[nodiscard]] std::optional<reconcile::Unreadable> unreadable(const Job& job) const;
  [[nodiscard]] std::optional<WallTime> last_session(const Uid& pod,
                                                     api::SessionExclusion exclude) const;

  std::map<std::string, Job> jobs_;
  struct End {
    api::Outcome outcome = api::Outcome::kSucceeded;
    bool harmed = false;
    std::int64_t generation = 0;
  };
  std::map<std::string, End> ended_;  // by run
  struct Session {
    Uid pod;
    bool tty = true;
    WallTime at;
  };
  std::vector<Session> sessions_;
  store::PodStore pods_;
  store::WorkloadStore owners_;
  store::EndpointStore endpoints_;
  store::NodeStore nodes_;
  api::LabelSelector serving_;
  std::vector<std::string> owner_kinds_{"ReplicaSet", "StatefulSet"};
  std::map<std::string, std::string> zone_files_;
  std::shared_ptr<const ZoneDatabase> zones_;
  WallTime now_{};
  std::uint64_t version_ = 1;
  bool lost_ = false;
  bool unlisted_ = false;
  std::set<Uid> resting_;
  bool namespace_suspended_ = false;
  bool globally_suspended_ = false;
};

}  // namespace podcron::golden
