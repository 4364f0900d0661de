// Every reason that a history entry, a PodJob, a condition or an Event can carry. Users and alerts
// match on these words: they are the contract's (sections 2, 3, 6, 7 and 10).
#pragma once

#include <string_view>

namespace podcron::observe {

// Why a due time was not run, in the order in which they apply (the contract's section 3).
namespace reason {
inline constexpr std::string_view kSuspended = "Suspended";
inline constexpr std::string_view kNamespaceSuspended = "NamespaceSuspended";
inline constexpr std::string_view kGloballySuspended = "GloballySuspended";
inline constexpr std::string_view kScheduleChanged = "ScheduleChanged";
inline constexpr std::string_view kApiUnavailable = "ApiUnavailable";
inline constexpr std::string_view kCatchUpDisabled = "CatchUpDisabled";
inline constexpr std::string_view kSuperseded = "Superseded";
inline constexpr std::string_view kCatchUpLimit = "CatchUpLimit";
inline constexpr std::string_view kStartingDeadlineExceeded = "StartingDeadlineExceeded";
inline constexpr std::string_view kHarmfulToTarget = "HarmfulToTarget";
inline constexpr std::string_view kActiveLimit = "ActiveLimit";
inline constexpr std::string_view kConcurrencyForbidden = "ConcurrencyForbidden";
inline constexpr std::string_view kNoEligiblePod = "NoEligiblePod";
inline constexpr std::string_view kDenied = "Denied";

// How a run ended, beside an exit code.
inline constexpr std::string_view kNonZeroExitCode = "NonZeroExitCode";
inline constexpr std::string_view kUnexpectedStatus = "UnexpectedStatus";
inline constexpr std::string_view kTargetRefused = "TargetRefused";
inline constexpr std::string_view kTargetHarmed = "TargetHarmed";
inline constexpr std::string_view kNotStarted = "NotStarted";
inline constexpr std::string_view kServingProbeFailed = "ServingProbeFailed";
inline constexpr std::string_view kContactLost = "ContactLost";
inline constexpr std::string_view kNoStatus = "NoStatus";
inline constexpr std::string_view kDeadlineExceeded = "DeadlineExceeded";
inline constexpr std::string_view kPodGone = "PodGone";
inline constexpr std::string_view kHolderGone = "HolderGone";
inline constexpr std::string_view kControllerShutdown = "ControllerShutdown";
inline constexpr std::string_view kReplaced = "Replaced";
inline constexpr std::string_view kDeleted = "Deleted";
inline constexpr std::string_view kPodJobNameTaken = "PodJobNameTaken";
inline constexpr std::string_view kRecordMissing = "RecordMissing";
inline constexpr std::string_view kRestoredRecord = "RestoredRecord";
inline constexpr std::string_view kMaxFailedExceeded = "MaxFailedExceeded";
}  // namespace reason

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kScheduleValid = "ScheduleValid";
inline constexpr std::string_view kTargetsAvailable = "TargetsAvailable";
inline constexpr std::string_view kSessionDetection = "SessionDetection";

// Reasons of conditions.
inline constexpr std::string_view kValid = "Valid";
inline constexpr std::string_view kInvalidSchedule = "InvalidSchedule";
inline constexpr std::string_view kUnknownTimeZone = "UnknownTimeZone";
inline constexpr std::string_view kNotImplemented = "NotImplemented";
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kDecidedInFuture = "DecidedInFuture";
inline constexpr std::string_view kHarmfulToTarget = "HarmfulToTarget";
inline constexpr std::string_view kEligiblePods = "EligiblePods";
inline constexpr std::string_view kNoEligiblePod = "NoEligiblePod";
inline constexpr std::string_view kNotLabelledServing = "NotLabelledServing";
inline constexpr std::string_view kNoPodsMatch = "NoPodsMatch";
inline constexpr std::string_view kServingUnproven = "ServingUnproven";
inline constexpr std::string_view kEndpointsNotListed = "EndpointsNotListed";
inline constexpr std::string_view kNodesNotListed = "NodesNotListed";
inline constexpr std::string_view kUnknownStrategyService = "UnknownStrategyService";
// Of SessionDetection.
inline constexpr std::string_view kActive = "Active";
inline constexpr std::string_view kDegraded = "Degraded";
inline constexpr std::string_view kDisabled = "Disabled";
inline constexpr std::string_view kInternalError = "InternalError";
}  // namespace condition

// Events (events.k8s.io/v1): one reason per situation.
namespace event {
inline constexpr std::string_view kRunSkipped = "RunSkipped";
inline constexpr std::string_view kRunMissed = "RunMissed";
inline constexpr std::string_view kRunFailed = "RunFailed";
inline constexpr std::string_view kRunUnknown = "RunUnknown";
inline constexpr std::string_view kRanInUnexpectedPod = "RanInUnexpectedPod";
inline constexpr std::string_view kPodJobNameTaken = "PodJobNameTaken";
}  // namespace event

}  // namespace podcron::observe
