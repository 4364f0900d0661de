#include "engine/outbox.h"

#include <algorithm>
#include <iterator>

#include "api/word.h"

namespace podcron::engine {
namespace {

constexpr Millis kBackOffFirst{500};
constexpr Millis kBackOffMax{10'000};
constexpr Millis kTimeout{10'000};
/// Outcomes may always use a few places, so that a long row of dials does not starve the record.
constexpr std::size_t kOutcomesGuaranteed = 4;
/// And so may sessions: the API server holds back an exec for each, at most for 2 s.
constexpr std::size_t kSessionsInFlightMax = 16;

constexpr api::Word<CallKind> kCallWords[] = {
    {"claim", CallKind::kClaim},
    {"read_podcronjob", CallKind::kReadJob},
    {"take_claim", CallKind::kTakeClaim},
    {"permit", CallKind::kPermit},
    {"read_podjob", CallKind::kReadRecord},
    {"read_parent", CallKind::kReadParent},
    {"read_pod", CallKind::kReadPod},
    {"check_pod", CallKind::kCheckPod},
    {"read_fate", CallKind::kReadFate},
    {"outcome", CallKind::kWriteRecord},
    {"give_back", CallKind::kGiveBack},
    {"remove", CallKind::kRemoveRecord},
    {"inspect", CallKind::kInspectRecord},
    {"ask_owner", CallKind::kAskOwner},
    {"take_over", CallKind::kSwapHolder},
    {"conclude", CallKind::kConcludeRecord},
    {"finalizer", CallKind::kDropFinalizer},
    {"delete", CallKind::kDeleteRecord},
    {"lease", CallKind::kLease},
    {"election", CallKind::kElection},
    {"delete_lease", CallKind::kDeleteLease},
    {"event", CallKind::kEvent},
    {"probe_labels", CallKind::kProbeLabels},
    {"store_session", CallKind::kStoreSession},
    {"delete_session", CallKind::kDeleteSession},
    {"read_session_pod", CallKind::kReadSessionPod},
    {"check_session_pod", CallKind::kCheckSessionPod},
    {"self_test", CallKind::kSelfTest},
    {"ask_own_account", CallKind::kAskOwnAccount},
    {"take_record", CallKind::kTakeRecord},
    {"take_place", CallKind::kTakePlace},
    {"permit_by_hand", CallKind::kPermitByHand},
    {"tell_wait", CallKind::kTellWait},
    {"end_by_hand", CallKind::kEndByHand},
    {"read_by_hand", CallKind::kReadByHand},
    {"ask_parent", CallKind::kAskParent},
};
/// A kind without its word would be counted as another one.
static_assert(std::size(kCallWords) == kCallKindCount);

std::size_t index(Priority priority) { return static_cast<std::size_t>(priority); }

/// An answer that says nothing about whether the request took effect, or asks to come again.
bool says_come_again(int http_status) { return http_status == 429 || http_status >= 500; }

}  // namespace

std::string_view to_string(CallKind kind) { return api::word_of(kCallWords, kind); }

void Outbox::submit(Call&& call) { waiting_[index(call.priority)].push_back(std::move(call)); }

Millis Outbox::back_off(std::uint32_t tries) {
  const Millis full = std::min(kBackOffMax, kBackOffFirst * (1L << std::min(tries, 8U)));
  // Half fixed, half random, so that two controllers do not knock in step.
  return full / 2 + Millis{prng_.below(static_cast<std::uint64_t>(full.count() / 2) + 1)};
}

std::optional<Answer> Outbox::on_reply(Now now, KubeReply&& reply) {
  const auto at = in_flight_.find(reply.id.value);
  if (at == in_flight_.end()) return std::nullopt;
  Call call = std::move(at->second);
  in_flight_.erase(at);
  --flying_[index(call.priority)];

  const bool answered = reply.certainty == Certainty::kDone;
  if (answered) {
    failures_ = 0;
    paused_until_ = now.mono;
  } else {
    ++failures_;
    paused_until_ = now.mono + back_off(failures_ - 1);
  }
  const bool certain = answered && !says_come_again(reply.http_status);
  if (reply.certainty == Certainty::kUnknown || (answered && reply.http_status >= 500)) {
    call.was_uncertain = true;
  }
  ++call.tries;
  const bool handed_back = call.hand_back_not_executed && !call.was_uncertain;
  const bool exhausted = call.tries_max != 0 && call.tries >= call.tries_max;
  if (certain || handed_back || exhausted) {
    return Answer{std::move(call), std::move(reply)};
  }
  const Millis delay = std::max(reply.retry_after.value_or(Millis{0}), back_off(call.tries - 1));
  resting_.emplace(now.mono + delay, std::move(call));
  return std::nullopt;
}

bool Outbox::may_send(Priority priority) const {
  if (priority == Priority::kLease) return true;
  // While nothing gets through, one request at a time finds out whether that has changed.
  if (failures_ > 0) return in_flight_.empty();
  const std::size_t flying = flying_[index(priority)];
  if (priority == Priority::kClaim && flying >= kClaimsInFlightMax) return false;
  // Whoever reaches the webhook's port makes these: they have places of their own, and no others.
  if (priority == Priority::kSession) return flying < kSessionsInFlightMax;
  if (priority == Priority::kOutcome && flying < kOutcomesGuaranteed) return true;
  return in_flight_.size() - flying_[index(Priority::kSession)] < kRequestsInFlightMax;
}

void Outbox::pump(Now now, std::uint64_t& next_id, std::vector<Effect>& out) {
  while (!resting_.empty() && resting_.begin()->first <= now.mono) {
    auto node = resting_.extract(resting_.begin());
    waiting_[index(node.mapped().priority)].push_front(std::move(node.mapped()));
  }
  for (std::size_t p = 0; p < kPriorityCount; ++p) {
    auto& queue = waiting_[p];
    const auto priority = static_cast<Priority>(p);
    while (!queue.empty() && may_send(priority) &&
           (priority == Priority::kLease || now.mono >= paused_until_)) {
      Call call = std::move(queue.front());
      queue.pop_front();
      const std::uint64_t id = ++next_id;
      out.emplace_back(
          KubeRequest{{id}, call.method, call.path, call.body, call.timeout.value_or(kTimeout)});
      ++flying_[p];
      in_flight_.emplace(id, std::move(call));
    }
  }
}

std::vector<Call> Outbox::withdraw(const std::function<bool(const Call&)>& unwanted) {
  std::vector<Call> taken;
  const auto stays = [&](const Call& call) { return call.was_uncertain || !unwanted(call); };
  for (auto& queue : waiting_) {
    const auto first = std::stable_partition(queue.begin(), queue.end(), stays);
    std::move(first, queue.end(), std::back_inserter(taken));
    queue.erase(first, queue.end());
  }
  for (auto at = resting_.begin(); at != resting_.end();) {
    const auto next = std::next(at);
    if (!stays(at->second)) taken.push_back(std::move(resting_.extract(at).mapped()));
    at = next;
  }
  return taken;
}

std::optional<MonoTime> Outbox::wake_at() const {
  std::optional<MonoTime> at;
  if (!resting_.empty()) at = resting_.begin()->first;
  // What rests has its own time; only what is queued waits for the pause to end.
  const bool queued = waiting() > resting_.size();
  const bool held_back = failures_ > 0 && queued && in_flight_.empty();
  if (held_back) at = at ? std::min(*at, paused_until_) : paused_until_;
  return at;
}

std::size_t Outbox::waiting() const {
  std::size_t n = resting_.size();
  for (const auto& queue : waiting_) n += queue.size();
  return n;
}

bool Outbox::idle_but_rest() const {
  const auto matters = [](const Call& call) { return call.priority != Priority::kRest; };
  for (std::size_t p = 0; p + 1 < kPriorityCount; ++p) {
    if (!waiting_[p].empty() || flying_[p] != 0) return false;
  }
  return std::none_of(resting_.begin(), resting_.end(),
                      [&](const auto& entry) { return matters(entry.second); });
}

}  // namespace podcron::engine
