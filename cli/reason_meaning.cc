#include "cli/explanation.h"

namespace podcron::cli {

// The contract's section 4, in words that say what to look at.
std::string_view meaning_of(eligibility::Reason reason) {
  using eligibility::Reason;
  switch (reason) {
    case Reason::kEligible:
      return "";
    case Reason::kNotLabelledServing:
      return "lacks the serving label";
    case Reason::kSelectorMismatch:
      return "not matched by target.selector or podNames";
    case Reason::kOptedOut:
      return "has the annotation podcron.dev/exclude";
    case Reason::kNotOwnedByWorkload:
      return "has no controller owner, as after kubectl run or kubectl debug --copy-to";
    case Reason::kOwnerKindNotAllowed:
      return "its owner's kind is not among --owner-kinds";
    case Reason::kOwnerMismatch:
      return "does not belong to target.workloadRef";
    case Reason::kAdoptedPod:
      return "adopted by its owner, not made by it";
    case Reason::kTemplateMismatch:
      return "differs from its owner's template";
    case Reason::kInteractiveContainer:
      return "the container has stdin or tty, its owner's template has not";
    case Reason::kDevToolActive:
      return "a development tool is at work in it";
    case Reason::kRevisionExcluded:
      return "of an older revision";
    case Reason::kPodTerminating:
      return "is being deleted";
    case Reason::kPodDisrupted:
      return "is about to be evicted";
    case Reason::kPodCompleted:
      return "has ended";
    case Reason::kPodPending:
      return "does not run yet";
    case Reason::kContainerNotFound:
      return "has no container of that name";
    case Reason::kContainerAmbiguous:
      return "has several containers: say target.container";
    case Reason::kContainerNotRunning:
      return "the container does not run";
    case Reason::kContainerNotReady:
      return "the container is not ready";
    case Reason::kPodNotReady:
      return "condition Ready is not True";
    case Reason::kNotAvailableYet:
      return "ready for less than minReadySeconds";
    case Reason::kNotInService:
      return "no endpoint of target.serviceName";
    case Reason::kEndpointNotServing:
      return "its endpoint is not serving";
    case Reason::kEphemeralContainerRunning:
      return "kubectl debug is attached";
    case Reason::kInteractiveSession:
      return "somebody has a session in it";
    case Reason::kPodBusy:
      return "a run of this PodCronJob, or too many of any, hold it";
    case Reason::kRecentlyFailed:
      return "a start failed there a short while ago";
  }
  return "";
}

}  // namespace podcron::cli
