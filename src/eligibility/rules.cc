#include "eligibility/rules.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

namespace podcron::eligibility {
namespace {

/// Rules 4 to 8 ask where a pod comes from, which `ownership: Optional` waives.
bool ownership_waived(const Subject& subject) {
  return subject.criteria.target->ownership == api::Ownership::kOptional;
}

/// Rules 5 to 7 ask about an owner; without one rule 4 has spoken.
bool nothing_to_ask_of_owner(const Subject& subject) {
  return ownership_waived(subject) || !subject.facts.owned;
}

bool labelled_serving(const Subject& subject) { return subject.serving; }

bool selected(const Subject& subject) {
  const std::vector<std::string>& names = subject.criteria.target->pod_names;
  return subject.selected &&
         (names.empty() ||
          std::binary_search(names.begin(), names.end(), subject.row.name(), std::less<>()));
}

bool not_opted_out(const Subject& subject) { return !subject.row.excluded; }

bool owned_by_workload(const Subject& subject) {
  return ownership_waived(subject) || subject.facts.owned;
}

bool owner_kind_allowed(const Subject& subject) {
  return nothing_to_ask_of_owner(subject) || subject.facts.owner_kind_allowed;
}

bool owner_chain_declared(const Subject& subject) {
  return nothing_to_ask_of_owner(subject) || subject.facts.owner_chain_declared;
}

bool made_by_owner(const Subject& subject) {
  return nothing_to_ask_of_owner(subject) || is_made_by_owner(subject.row, subject.facts);
}

bool conforms_to_template(const Subject& subject) {
  return nothing_to_ask_of_owner(subject) || subject.facts.template_match == TemplateMatch::kSame;
}

// A template that is not known allows nothing: a shell must not pass because a watch is late.
bool not_interactive(const Subject& subject) {
  const ShapeFacts& facts = subject.facts;
  const bool template_counts = !ownership_waived(subject);
  return (!facts.stdin_open || (template_counts && facts.template_stdin_open)) &&
         (!facts.tty || (template_counts && facts.template_tty));
}

bool no_dev_tool(const Subject& subject) { return !subject.row.dev_tool; }

bool revision_allowed(const Subject& subject) {
  switch (subject.criteria.target->revision) {
    case api::Revision::kAny:
      return true;
    case api::Revision::kLatest:
      return subject.facts.newest_revision;
    case api::Revision::kPreferLatest:
      return !subject.facts.superseded;
  }
  return false;
}

bool not_terminating(const Subject& subject) { return !subject.row.terminating; }

bool not_disrupted(const Subject& subject) { return !subject.row.disrupted; }

bool not_completed(const Subject& subject) {
  return subject.row.phase != api::PodPhase::kSucceeded &&
         subject.row.phase != api::PodPhase::kFailed;
}

// A completed pod is past pending: rule 14 has said so.
bool not_pending(const Subject& subject) {
  return subject.row.phase == api::PodPhase::kRunning || !not_completed(subject);
}

bool container_found(const Subject& subject) {
  return subject.facts.choice != ContainerChoice::kNotFound;
}

bool container_unambiguous(const Subject& subject) {
  return subject.facts.choice != ContainerChoice::kAmbiguous;
}

store::ContainerState container_state(const Subject& subject) {
  if (subject.facts.status < 0) return {};
  return subject.row.container(static_cast<std::size_t>(subject.facts.status));
}

// Without a container ID the container cannot be pinned, so that a restart would go unseen.
bool container_running(const Subject& subject) {
  if (subject.facts.choice != ContainerChoice::kChosen) return true;
  const store::ContainerState state = container_state(subject);
  return state.running && state.has_id;
}

bool container_ready(const Subject& subject) {
  if (subject.facts.choice != ContainerChoice::kChosen) return true;
  const store::ContainerState state = container_state(subject);
  return state.ready && state.started;
}

bool pod_ready(const Subject& subject) { return subject.row.ready; }

/// When the pod has been Ready for minReadySeconds; nullopt while it is not Ready.
std::optional<WallTime> available_at(const Subject& subject) {
  if (subject.criteria.target->min_ready_seconds <= 0) return WallTime::min();
  if (!subject.row.ready || !subject.row.has_ready_since) return std::nullopt;
  return subject.row.ready_since + Seconds(subject.criteria.target->min_ready_seconds);
}

bool available(const Subject& subject) {
  const std::optional<WallTime> instant = available_at(subject);
  return instant && *instant <= subject.criteria.now;
}

using Membership = store::ServiceEndpoints::Membership;

Membership membership(const Subject& subject) {
  if (subject.criteria.target->service_name.empty()) return Membership::kServing;
  return subject.service == nullptr ? Membership::kNone : subject.service->of(subject.row.uid);
}

bool in_service(const Subject& subject) { return membership(subject) != Membership::kNone; }

// Never the endpoint's `ready`: publishNotReadyAddresses makes it true for all.
bool endpoint_serving(const Subject& subject) {
  return membership(subject) != Membership::kNotServing;
}

bool no_ephemeral_container(const Subject& subject) { return !subject.row.ephemeral_running; }

/// When the cooldown after the last session is over.
WallTime left_alone_at(const Subject& subject) {
  const Criteria& criteria = subject.criteria;
  const api::InteractiveSessions& sessions = criteria.target->interactive_sessions;
  if (!criteria.last_session || sessions.exclude == api::SessionExclusion::kNone) {
    return WallTime::min();
  }
  const auto last = criteria.last_session(subject.row.uid, sessions.exclude);
  return last ? *last + Seconds(sessions.cooldown_seconds) : WallTime::min();
}

bool left_alone(const Subject& subject) { return left_alone_at(subject) <= subject.criteria.now; }

bool not_busy(const Subject& subject) {
  return !subject.criteria.busy || !subject.criteria.busy(subject.row.uid);
}

bool not_recently_failed(const Subject& subject) {
  return !subject.criteria.recently_failed || !subject.criteria.recently_failed(subject.row.uid);
}

// Identity before state, and within state the final before the passing: the contract's order.
constexpr std::array kRules{
    Rule{Reason::kNotLabelledServing, labelled_serving},
    Rule{Reason::kSelectorMismatch, selected},
    Rule{Reason::kOptedOut, not_opted_out},
    Rule{Reason::kNotOwnedByWorkload, owned_by_workload},
    Rule{Reason::kOwnerKindNotAllowed, owner_kind_allowed},
    Rule{Reason::kOwnerMismatch, owner_chain_declared},
    Rule{Reason::kAdoptedPod, made_by_owner},
    Rule{Reason::kTemplateMismatch, conforms_to_template},
    Rule{Reason::kInteractiveContainer, not_interactive},
    Rule{Reason::kDevToolActive, no_dev_tool},
    Rule{Reason::kRevisionExcluded, revision_allowed},
    Rule{Reason::kPodTerminating, not_terminating},
    Rule{Reason::kPodDisrupted, not_disrupted},
    Rule{Reason::kPodCompleted, not_completed},
    Rule{Reason::kPodPending, not_pending},
    Rule{Reason::kContainerNotFound, container_found},
    Rule{Reason::kContainerAmbiguous, container_unambiguous},
    Rule{Reason::kContainerNotRunning, container_running},
    Rule{Reason::kContainerNotReady, container_ready},
    Rule{Reason::kPodNotReady, pod_ready},
    Rule{Reason::kNotAvailableYet, available},
    Rule{Reason::kNotInService, in_service},
    Rule{Reason::kEndpointNotServing, endpoint_serving},
    Rule{Reason::kEphemeralContainerRunning, no_ephemeral_container},
    Rule{Reason::kInteractiveSession, left_alone},
    Rule{Reason::kPodBusy, not_busy},
    Rule{Reason::kRecentlyFailed, not_recently_failed},
};

// Unrolled, so that the compiler sees which functions the table names: no call per rule.
template <std::size_t... Index>
std::size_t first_failing_of(const Subject& subject, std::index_sequence<Index...> /*all*/) {
  std::size_t failing = kRules.size();
  (void)((kRules[Index].passes(subject) || (failing = Index, false)) && ...);
  return failing;
}

}  // namespace

std::span<const Rule> rules() { return kRules; }

std::size_t first_failing(const Subject& subject) {
  return first_failing_of(subject, std::make_index_sequence<kRules.size()>());
}

// A controller sets generateName and leaves the name to the generator; adopting a pod changes
// neither. So both prove that the owner made the pod, which its owner reference does not.
bool is_made_by_owner(const store::PodStore::Row& row, const ShapeFacts& facts) {
  if (!facts.generate_name_is_owners) return false;
  return facts.owner_is_stateful_set ? row.name_is_numbered : row.name_is_generated;
}

bool waits_for_time(Reason reason) {
  return reason == Reason::kNotAvailableYet || reason == Reason::kInteractiveSession;
}

std::optional<WallTime> time_served_at(const Subject& subject) {
  const std::optional<WallTime> available = available_at(subject);
  if (!available) return std::nullopt;
  return std::max(*available, left_alone_at(subject));
}

}  // namespace podcron::eligibility
