// Weeks in the life of one PodCronJob: one or two controllers plan it, while users edit, clocks
// step, pods and processes come and go, and writes get lost.
//
// Only reconcile::plan is real; what surrounds it does what the engine does (engine/jobs.cc), at
// events only, so that a week costs milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "conservation/ledger.h"
#include "conservation/model.h"

namespace podcron::conservation {

struct StoryReport {
  std::int64_t weeks = 0;
  std::int64_t looks = 0;
  std::int64_t writes = 0;
  std::int64_t due = 0;
  std::int64_t pending = 0;
  std::map<std::string_view, std::int64_t> sums;  // by reason; "Claimed"
  std::string wrong;                              // empty: all laws held
};

using Tell = std::function<void(const std::string& line)>;

/// A claimed run, as its record will tell.
struct RunStory {
  WallTime ends;
  WallTime leaves;  // later than `ends` where the end is unknown for a while
  bool succeeds = true;
};

struct Controller {
  std::string name;
  Seconds ahead{0};  // its clock less the true one
  bool clock_known = false;
  std::optional<WallTime> down_until;
  reconcile::Memory memory;
  Model model;
  std::optional<WallTime> look_at;  // true time: something changed, or a monotonic timer
  std::optional<WallMillis> wake_at;
  std::optional<WallTime> flush_at;
  int failures = 0;
  bool waits_for_pods = false;
  bool waits = false;
};

/// The same seed tells the same story.
class Story {
 public:
  /// `tell` gets a line for everything that happens; it may be null.
  Story(std::uint64_t seed, const Tell& tell);
  StoryReport run();

 private:
  // What happens.
  void begin_job();
  bool step();
  void fault();
  void edit();
  void turn_a_switch();
  [[nodiscard]] std::string_view suspended_by() const;
  void edit_policies();
  void step_clock();
  void change_pods();
  void change_capacity();
  void crash(Controller& controller, std::int64_t seconds);
  void look_later(Controller& controller, std::int64_t seconds_most);
  void everybody_looks();

  // What a controller does.
  std::optional<WallTime> next_look(const Controller& controller) const;
  void look(Controller& controller);
  reconcile::RunFact fact_of(const api::ActiveRun& run) const;
  Facts facts_of(const Controller& controller);
  void write(Controller& controller, reconcile::Plan&& plan, WallTime controller_now);
  void store(const reconcile::Plan& plan, WallTime controller_now);
  void give_up(Controller& controller, std::vector<reconcile::Disposal>&& disposals,
               WallTime controller_now);
  void retry(Controller& controller);

  // What is checked.
  void compare(const Controller& controller, const reconcile::Plan& plan, const Verdict& verdict,
               WallTime now);
  void compare_wake(const reconcile::Plan& plan, const Verdict& verdict, WallTime now);
  void wrong(std::string text);

  std::int64_t draw(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(to - from + 1)));
  }
  bool chance(std::uint64_t per_mille) { return prng_.chance(per_mille); }
  WallTime clock_of(const Controller& controller) const { return now_ + controller.ahead; }
  const Result<Schedule>& schedule_of(const std::string& text, const std::string& zone,
                                      const std::string& saving);
  DueTimes* due_of(const std::string& text, const std::string& zone, const std::string& saving);
  void say(const std::string& text) const {
    if (tell_) tell_(to_rfc3339(now_) + " " + text);
  }

  Prng prng_;
  const Tell& tell_;
  WallTime now_;  // true time, and the API server's
  WallTime end_;
  std::int64_t weeks_;
  std::int64_t calm_seconds_;  // between two faults, on average
  std::int64_t run_seconds_;   // of a run, at most
  bool crowded_ = false;
  WallTime fault_at_;
  api::PodCronJob job_;
  std::uint64_t job_version_ = 1;
  std::uint64_t pod_version_ = 1;
  std::vector<Controller> controllers_;
  std::map<std::string, RunStory> runs_;
  std::int64_t pods_ready_ = 0;
  bool capacity_ = true;
  bool namespace_held_ = false;
  bool everything_held_ = false;
  bool racing_ = false;  // no race within a race
  std::optional<WallTime> api_down_until_;
  store::PodStore pods_;
  store::WorkloadStore owners_;
  api::LabelSelector serving_;
  std::vector<std::string> owner_kinds_{"ReplicaSet"};
  std::map<std::string, Result<Schedule>> schedules_;
  std::map<std::string, std::unique_ptr<DueTimes>> due_;
  Ledger ledger_;
  int looks_at_once_ = 0;
  StoryReport report_;
};

}  // namespace podcron::conservation
