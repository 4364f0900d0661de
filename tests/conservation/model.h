// The contract's section 3 as a model: what has to become of each due time, one by one.
//
// Written from the contract, over plain lists of due times; it shares no code with
// reconcile/plan.cc. One Model is what one controller process has seen; a crash makes a new one.
//
// Where the contract leaves a choice, the model takes the narrow reading and says so here:
// - Outside Queue only the oldest time waits. Times that come due behind it are decided when it is,
//   and are catch-up then (None: more than 10 s late; All: the newest catchUpLimit).
// - In Queue every time waits that is due when the controller looks and finds the first one
// waiting.
// - ApiUnavailable holds for a time whose claim did not get through, and for those before it that
//   the same write would have disposed of, until any write gets through.
// - What a process has decided and not yet written stays decided, unless another write intervenes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "conservation/due_times.h"

namespace podcron::conservation {

/// All that bears on a decision, at one look.
struct Facts {
  const api::PodCronJob& job;
  WallTime now;           // the controller's own clock
  WallTime server_bound;  // the API server's, plus its tolerance
  Seconds spread;
  std::size_t active = 0;  // runs that keep their place
  bool capacity = true;
  bool pods = true;               // as many eligible ones as minEligible
  std::string_view suspended_by;  // the reason of the first switch that is on; empty: none is
  DueTimes& due;                  // of spec's schedule
  DueTimes* observed_due = nullptr;
};

/// A due time that does not run.
struct Ruling {
  WallTime time;
  std::string_view reason;
  friend bool operator==(const Ruling&, const Ruling&) = default;
};

/// True for the reasons whose outcome is Missed; the others are Skipped.
bool is_miss(std::string_view reason);

struct Waiting {
  WallTime time;
  bool lacks_pod = false;
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

struct Verdict {
  /// Oldest first; also those that an earlier look ruled on and that are not written yet.
  std::vector<Ruling> rulings;
  std::optional<WallTime> claim;
  std::optional<Waiting> waiting;
  /// The runs in `active` have to end first: Replace.
  bool replaces = false;
  /// By our clock more is due than the API server's clock has reached.
  bool beyond_server_clock = false;
  /// Without any other change the next look has to be no later than this.
  std::optional<WallTime> look_by;
};

class Model {
 public:
  Verdict look(const Facts& facts);
  /// What the last look said has been written.
  void written();
  /// The last look's claim has not been written, because the API server could not be reached.
  void unreachable(WallTime claim);

 private:
  void begin(const Facts& facts, Verdict& verdict);
  bool take_in_change(const Facts& facts, Verdict& verdict);
  [[nodiscard]] bool switch_alone(const Facts& facts) const;
  void decide(const Facts& facts, Verdict& verdict);
  bool kept(const Facts& facts, std::size_t at) const;
  std::string_view given_up(const Facts& facts, WallTime time) const;
  std::string_view refusal(const Facts& facts, WallTime time) const;
  bool is_unreachable(WallTime time) const { return unreachable_ && time <= *unreachable_; }
  bool is_queued(WallTime time) const { return queued_ && time <= *queued_; }

  // What the rules were applied to: another status makes the rulings void.
  std::optional<WallTime> decided_through_;
  std::optional<api::ObservedSchedule> observed_;
  std::vector<Ruling> unwritten_;
  std::optional<Waiting> waiting_;
  bool rests_ = false;
  std::optional<WallTime> queued_;       // times up to it wait in Queue
  std::optional<WallTime> unreachable_;  // up to it no write got through
  // Of the look in progress.
  WallTime decided_;
  std::vector<WallTime> open_;  // due, not decided, oldest first
};

/// When a start of `time` is too late.
WallTime deadline_of(const Facts& facts, WallTime time);

}  // namespace podcron::conservation
