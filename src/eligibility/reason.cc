#include "eligibility/reason.h"

namespace podcron::eligibility {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kEligible:
      return "Eligible";
    case Reason::kNotLabelledServing:
      return "NotLabelledServing";
    case Reason::kSelectorMismatch:
      return "SelectorMismatch";
    case Reason::kOptedOut:
      return "OptedOut";
    case Reason::kNotOwnedByWorkload:
      return "NotOwnedByWorkload";
    case Reason::kOwnerKindNotAllowed:
      return "OwnerKindNotAllowed";
    case Reason::kOwnerMismatch:
      return "OwnerMismatch";
    case Reason::kAdoptedPod:
      return "AdoptedPod";
    case Reason::kTemplateMismatch:
      return "TemplateMismatch";
    case Reason::kInteractiveContainer:
      return "InteractiveContainer";
    case Reason::kDevToolActive:
      return "DevToolActive";
    case Reason::kRevisionExcluded:
      return "RevisionExcluded";
    case Reason::kPodTerminating:
      return "PodTerminating";
    case Reason::kPodDisrupted:
      return "PodDisrupted";
    case Reason::kPodCompleted:
      return "PodCompleted";
    case Reason::kPodPending:
      return "PodPending";
    case Reason::kContainerNotFound:
      return "ContainerNotFound";
    case Reason::kContainerAmbiguous:
      return "ContainerAmbiguous";
    case Reason::kContainerNotRunning:
      return "ContainerNotRunning";
    case Reason::kContainerNotReady:
      return "ContainerNotReady";
    case Reason::kPodNotReady:
      return "PodNotReady";
    case Reason::kNotAvailableYet:
      return "NotAvailableYet";
    case Reason::kNotInService:
      return "NotInService";
    case Reason::kEndpointNotServing:
      return "EndpointNotServing";
    case Reason::kEphemeralContainerRunning:
      return "EphemeralContainerRunning";
    case Reason::kInteractiveSession:
      return "InteractiveSession";
    case Reason::kPodBusy:
      return "PodBusy";
    case Reason::kRecentlyFailed:
      return "RecentlyFailed";
  }
  return "";
}

}  // namespace podcron::eligibility
