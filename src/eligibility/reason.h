// Why a pod is refused: the contract's section 4, in its order. The number is the rule's number.
#pragma once

#include <cstdint>
#include <string_view>

namespace podcron::eligibility {

enum class Reason : std::uint8_t {
  kEligible = 0,
  kNotLabelledServing = 1,
  kSelectorMismatch = 2,
  kOptedOut = 3,
  kNotOwnedByWorkload = 4,
  kOwnerKindNotAllowed = 5,
  kOwnerMismatch = 6,
  kAdoptedPod = 7,
  kTemplateMismatch = 8,
  kInteractiveContainer = 9,
  kDevToolActive = 10,
  kRevisionExcluded = 11,
  kPodTerminating = 12,
  kPodDisrupted = 13,
  kPodCompleted = 14,
  kPodPending = 15,
  kContainerNotFound = 16,
  kContainerAmbiguous = 17,
  kContainerNotRunning = 18,
  kContainerNotReady = 19,
  kPodNotReady = 20,
  kNotAvailableYet = 21,
  kNotInService = 22,
  kEndpointNotServing = 23,
  kEphemeralContainerRunning = 24,
  kInteractiveSession = 25,
  kPodBusy = 26,
  kRecentlyFailed = 27,
};
inline constexpr std::size_t kReasonCount = 28;

/// "AdoptedPod"; "Eligible" for kEligible.
std::string_view to_string(Reason reason);

}  // namespace podcron::eligibility
