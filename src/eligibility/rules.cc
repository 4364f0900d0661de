#include "eligibility/rules.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace podcron::eligibility {
namespace {

// k8s.io/apiserver pkg/storage/names: a base, cut, and characters of k8s.io/apimachinery's rand.
constexpr std::size_t kGeneratedBaseBytesMax = 58;
constexpr std::size_t kGeneratedSuffixBytes = 5;
constexpr std::string_view kGeneratedAlphabet = "bcdfghjklmnpqrstvwxz2456789";
// An object's name has at most 253 characters, so a longer prefix is not "<owner>-" but "<owner>".
constexpr std::size_t kNameBytesMax = 253;
// Ordinals are int32: at most ten digits.
constexpr std::size_t kOrdinalDigitsMax = 10;
constexpr std::string_view kDigits = "0123456789";

/// Rules 4 to 8 ask where a pod comes from, which `ownership: Optional` waives.
bool ownership_waived(const Subject& subject) {
  return subject.criteria.target->ownership == api::Ownership::kOptional;
}

bool generated_from(std::string_view name, std::string_view generate_name) {
  const std::string_view base = generate_name.substr(0, kGeneratedBaseBytesMax);
  if (name.size() != base.size() + kGeneratedSuffixBytes) return false;
  return name.substr(0, base.size()) == base &&
         name.find_first_not_of(kGeneratedAlphabet, base.size()) == std::string_view::npos;
}

bool numbered_from(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return false;
  const std::string_view ordinal = name.substr(prefix.size());
  if (ordinal.empty() || ordinal.size() > kOrdinalDigitsMax) return false;
  if (ordinal.find_first_not_of(kDigits) != std::string_view::npos) return false;
  return ordinal == "0" || ordinal.front() != '0';
}

/// "<owner>-" without building the string.
bool is_prefix_of_owner(std::string_view generate_name, std::string_view owner) {
  if (generate_name.substr(0, owner.size()) != owner) return false;
  const std::string_view rest = generate_name.substr(owner.size());
  return rest == "-" || (rest.empty() && owner.size() >= kNameBytesMax);
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
  return ownership_waived(subject) || subject.shape.controller.has_value();
}

bool owner_kind_allowed(const Subject& subject) {
  return ownership_waived(subject) || subject.facts.owner_kind_allowed;
}

bool owner_chain_declared(const Subject& subject) {
  return ownership_waived(subject) || subject.facts.owner_chain_declared;
}

// A controller sets generateName and leaves the name to the generator; adopting a pod changes
// neither. So both prove that the owner made the pod, which its owner reference does not.
bool made_by_owner(const Subject& subject) {
  if (ownership_waived(subject) || !subject.shape.controller) return true;
  const api::OwnerReference& owner = *subject.shape.controller;
  const std::string_view generate_name = subject.shape.generate_name;
  if (!is_prefix_of_owner(generate_name, owner.name)) return false;
  return owner.kind == "StatefulSet" ? numbered_from(subject.row.name(), generate_name)
                                     : generated_from(subject.row.name(), generate_name);
}

// A template that is not known allows nothing: a shell must not pass because a watch is late.
bool not_interactive(const Subject& subject) {
  const api::ContainerSpec* container = subject.facts.container;
  if (container == nullptr) return true;
  const api::ContainerSpec* allowed =
      ownership_waived(subject) ? nullptr : subject.facts.in_template;
  return (!container->stdin_open || (allowed != nullptr && allowed->stdin_open)) &&
         (!container->tty || (allowed != nullptr && allowed->tty));
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
  return subject.row.cold.container(static_cast<std::size_t>(subject.facts.status));
}

// Without a container ID the container cannot be pinned, so that a restart would go unseen.
bool container_running(const Subject& subject) {
  if (subject.facts.container == nullptr) return true;
  const store::ContainerState state = container_state(subject);
  return state.running && state.has_id;
}

bool container_ready(const Subject& subject) {
  if (subject.facts.container == nullptr) return true;
  const store::ContainerState state = container_state(subject);
  return state.ready && state.started;
}

bool pod_ready(const Subject& subject) { return subject.row.ready; }

bool available(const Subject& subject) {
  if (subject.criteria.target->min_ready_seconds <= 0) return true;
  const std::optional<WallTime> instant = available_at(subject);
  return instant && *instant <= subject.criteria.now;
}

bool no_ephemeral_container(const Subject& subject) { return !subject.row.ephemeral_running; }

bool not_busy(const Subject& subject) {
  return !subject.criteria.busy || !subject.criteria.busy(subject.row.uid);
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
    Rule{Reason::kInteractiveContainer, not_interactive},
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
    Rule{Reason::kEphemeralContainerRunning, no_ephemeral_container},
    Rule{Reason::kPodBusy, not_busy},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

std::optional<WallTime> available_at(const Subject& subject) {
  if (!subject.row.ready || !subject.row.has_ready_since) return std::nullopt;
  return subject.row.ready_since + Seconds(subject.criteria.target->min_ready_seconds);
}

}  // namespace podcron::eligibility
