// The order of requests: what waits, what is under way, what is repeated.
//
// Priorities when requests wait: lease, sessions (somebody waits for each), claims (at most
// kClaimsInFlightMax), permits, the live reads before a dial, outcomes, the rest. A request whose
// fate is unknown is sent again, unchanged, until an answer is certain; while nothing gets through,
// everything waits for one probe (0.5 s doubled to 10 s, with jitter). Bounded by the number of
// runs and objects.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "base/time.h"
#include "engine/effects.h"

namespace podcron::engine {

enum class Priority : std::uint8_t { kLease, kSession, kClaim, kPermit, kRead, kOutcome, kRest };
inline constexpr std::size_t kPriorityCount = 7;

/// 32 in flight is where the API server's writes stop growing on small machines.
inline constexpr std::size_t kClaimsInFlightMax = 32;
inline constexpr std::size_t kRequestsInFlightMax = 48;

/// What an answer is for.
enum class CallKind : std::uint8_t {
  kClaim,           // PATCH PodCronJob status: a claim, disposals, conditions, settled runs
  kReadJob,         // GET PodCronJob after a 409
  kTakeClaim,       // PATCH PodCronJob status: active.holder of a gone holder becomes ours
  kPermit,          // POST PodJob
  kReadRecord,      // GET PodJob for a run
  kReadParent,      // GET PodCronJob before a dial
  kReadPod,         // GET Pod before a dial
  kWriteRecord,     // PATCH PodJob status of a run
  kGiveBack,        // PATCH PodJob annotation to ""
  kRemoveRecord,    // DELETE PodJob that was never dialled
  kInspectRecord,   // GET PodJob of a gone holder
  kAskOwner,        // GET PodCronJob of a PodJob whose owner we do not know
  kSwapHolder,      // PATCH PodJob annotation to ours
  kConcludeRecord,  // PATCH PodJob status to Unknown for a gone holder
  kDropFinalizer,   // PATCH PodJob finalizers
  kDeleteRecord,    // DELETE PodJob beyond the history limit
  kLease,           // POST, PUT or GET of our Lease
  kElection,        // POST, PUT or GET of the Lease that names the leader
  kDeleteLease,
  kEvent,
  kCheckPod,         // GET Pod of a running target that the watch does not show any more
  kReadFate,         // GET Pod of a target whose container may have ended
  kProbeLabels,      // LIST pods without the serving label
  kStoreSession,     // POST or PATCH of a session's Lease
  kDeleteSession,    // DELETE of one that is over
  kReadSessionPod,   // GET Pod for its UID
  kCheckSessionPod,  // GET Pod that the watch does not show any more
  kSelfTest,         // CONNECT to the reserved pod
  kAskOwnAccount,    // POST SelfSubjectReview
  // Of a PodJob made by hand, before it has a run:
  kTakeRecord,    // PATCH PodJob annotation and finalizer
  kTakePlace,     // PATCH PodCronJob status: its place in active, or that the others shall end
  kPermitByHand,  // PATCH PodJob status: its targets
  kTellWait,      // PATCH PodJob status: why it is Pending
  kEndByHand,     // PATCH PodJob status: refused, too late, or nobody knows
  kReadByHand,    // GET PodJob after a 409
  kAskParent,     // GET PodCronJob before it is refused
};
inline constexpr std::size_t kCallKindCount = static_cast<std::size_t>(CallKind::kAskParent) + 1;
/// For logs and metrics.
std::string_view to_string(CallKind kind);

struct Call {
  CallKind kind = CallKind::kEvent;
  Priority priority = Priority::kRest;
  std::uint64_t job = 0;  // row number in the job table; 0: none
  std::uint64_t run = 0;  // 0: none
  std::uint32_t target = 0;
  std::string name;  // key of a record row or an event series
  Method method = Method::kGet;
  std::string path;
  std::string body;
  /// Tries at the most; 0: until the answer is certain.
  std::uint32_t tries_max = 0;
  /// A request that certainly did not leave is handed back at once instead of being repeated.
  bool hand_back_not_executed = false;
  std::optional<Millis> timeout;  // instead of the usual one

  // Kept by the outbox.
  std::uint32_t tries = 0;
  bool was_uncertain = false;  // some try may have been executed without our knowing
};

struct Answer {
  Call call;
  KubeReply reply;
};

class Outbox {
 public:
  explicit Outbox(std::uint64_t seed) : prng_(seed) {}

  void submit(Call&& call);
  /// The answer, or nullopt: it is not certain and will be repeated (or the id is not ours).
  std::optional<Answer> on_reply(Now now, KubeReply&& reply);
  /// Moves what may go now into `out`. `next_id` is the engine's counter.
  void pump(Now now, std::uint64_t& next_id, std::vector<Effect>& out);
  /// Takes back those calls of which it is certain that they were never executed.
  std::vector<Call> withdraw(const std::function<bool(const Call&)>& unwanted);
  /// When to pump again if no reply comes.
  [[nodiscard]] std::optional<MonoTime> wake_at() const;

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  /// Outcomes, give-backs and permits that are not certain yet: a shutdown waits for them.
  [[nodiscard]] bool idle_but_rest() const;
  /// An answer came within the last 30 s, or nothing was asked.
  [[nodiscard]] bool reachable() const { return failures_ == 0; }

 private:
  [[nodiscard]] bool may_send(Priority priority) const;
  Millis back_off(std::uint32_t tries);

  std::array<std::deque<Call>, kPriorityCount> waiting_;
  std::array<std::size_t, kPriorityCount> flying_{};
  std::map<std::uint64_t, Call> in_flight_;
  std::multimap<MonoTime, Call> resting_;
  Prng prng_;
  std::uint32_t failures_ = 0;  // in a row, of requests that got no answer
  MonoTime paused_until_{};
};

}  // namespace podcron::engine
