// Leadership: who decides, and what is left to who does not.
//
// A standby knows all that the leader knows and starts nothing. It answers the session webhook, and
// what it holds from a time when it led it brings to its end: runs that it has dialled go on, with
// all their targets, and are recorded by it. Those that it has not dialled it gives back.
#include <algorithm>

#include <fmt/format.h>

#include "api/kube_status.h"
#include "engine/state.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;

/// Calls that only who leads may make: writes that decide, and take-overs.
bool decides(const Call& call) {
  // A PodJob made by hand is given back by the same kind of call; that is no decision.
  const bool takes = call.kind == CallKind::kTakeRecord && call.priority == Priority::kPermit;
  return takes || call.kind == CallKind::kClaim || call.kind == CallKind::kTakeClaim ||
         call.kind == CallKind::kSwapHolder || call.kind == CallKind::kTakePlace ||
         call.kind == CallKind::kPermitByHand;
}

}  // namespace

void Engine::State::tend_leadership() {
  // Who has not listed everything once could decide nothing, and keeps nobody from it who could.
  if (listed_once_) {
    if (auto call = elector_.poll(now_)) outbox_.submit(std::move(*call));
  }
  const bool leads = elector_.leads(now_);
  if (leads == leads_) return;
  leads_ = leads;
  gauge(metric::kLeader, leads_ ? 1 : 0);
  if (config_.election) {
    count(metric::kLeaderTransitions);
    log(LogLevel::kInfo, leads_ ? "leading" : "not leading any more", {{key::kHolder, holder_}});
  }
  if (leads_) {
    look_at_everything();
  } else {
    hand_over();
  }
}

/// What is not dialled yet goes back at once, so that the next leader need not wait until we are
/// gone; what was not even sent never happens.
void Engine::State::hand_over() {
  std::vector<RunId> ids;
  for (const auto& [id, entry] : runs_) ids.push_back(id);
  for (const RunId id : ids) {
    if (RunEntry* entry = find_run(id)) feed(*entry, reconcile::Draining{false});
  }
  for (Call& call : outbox_.withdraw(decides)) {
    KubeReply reply;
    reply.certainty = Certainty::kNotExecuted;
    reply.error = "not sent: this replica does not lead any more";
    const CallKind kind = call.kind;
    Answer answer{std::move(call), std::move(reply)};
    if (kind == CallKind::kClaim) {
      on_status_answer(std::move(answer));
    } else if (kind == CallKind::kTakeClaim) {
      on_claim_taken(std::move(answer));
    } else if (kind == CallKind::kTakePlace) {
      on_place_taken(std::move(answer));
    } else if (kind == CallKind::kTakeRecord || kind == CallKind::kPermitByHand) {
      on_hand_made_answer(std::move(answer));
    } else {
      on_holder_swapped(std::move(answer));
    }
  }
  give_back_hand_made();
}

/// Whether a run that we held is in `active` and nobody follows it any more. From the permit on the
/// annotation, not `active`, names the holder.
bool Engine::State::is_left_by_us(const JobRow& row, const api::ActiveRun& active) {
  const std::string name = key_of(row.object.meta.namespace_, active.name);
  if (runs_here(name)) return false;
  const RecordRow* record = records_.find(name);
  const bool recorded = record != nullptr && record->owner == row.object.meta.uid;
  return recorded ? record->holder.starts_with(holder_ + "/") : active.holder == holder_;
}

/// All that a standby does for a PodCronJob: ends of its own runs enter the history, its records
/// are let go, and its own leftovers are looked after.
void Engine::State::settle_own(JobRow& row) {
  set_wake(row, std::nullopt, std::nullopt);
  // The leader may have taken one from `active`: then its finalizer is ours to drop.
  for (const std::string& name : records_.owned_by(row.object.meta.uid)) {
    const RecordRow* record = records_.find(name);
    const bool ours = record->holder.starts_with(holder_ + "/");
    if (ours && record->has_finalizer && !record->tending && is_final(record->phase)) {
      record_timers_[now_.mono].insert(name);
    }
  }
  const auto& active = row.object.status.active;
  const bool any = std::any_of(active.begin(), active.end(),
                               [&](const api::ActiveRun& run) { return is_left_by_us(row, run); });
  if (!any) {
    row.flush_at.reset();
    return;
  }
  reconcile::Plan plan;
  plan.status = row.object.status;
  plan.settled =
      reconcile::settle(plan.status, [&](const api::ActiveRun& run) { return fact_of(row, run); });
  const bool flush = flush_is_due(row, plan.settled);
  set_wake(row, std::nullopt, row.flush_at);
  tend_active(row);
  if (flush) submit_status(row, std::move(plan));
}

void Engine::State::on_election_answer(const KubeReply& reply) {
  elector_.on_answer(now_, reply);
  const bool refused = reply.certainty == Certainty::kDone && reply.http_status >= 400 &&
                       reply.http_status != 404 && reply.http_status != 409;
  if (!refused) {
    election_refusals_ = 0;
    return;
  }
  // Nobody decides without it, so the first refusal in a row and every sixteenth are told.
  if (election_refusals_++ % 16 != 0) return;
  const auto status = api::decode_status(reply.body);
  log(LogLevel::kWarning, "the Lease of the election cannot be read or written",
      {{key::kNamespace, config_.lease_namespace},
       {key::kHttpStatus, std::to_string(reply.http_status)},
       {key::kError, status ? status->message : fmt::format("HTTP {}", reply.http_status)}});
}

}  // namespace podcron::engine
