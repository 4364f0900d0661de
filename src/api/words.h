// The words of the API's enumerations, once for reading and writing. The first of each table is
// its default.
//
// Source: crds/.
#pragma once

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "api/word.h"

namespace podcron::api {

inline constexpr Word<Revision> kRevisionWords[] = {
    {"PreferLatest", Revision::kPreferLatest},
    {"Any", Revision::kAny},
    {"Latest", Revision::kLatest},
};
inline constexpr Word<Ownership> kOwnershipWords[] = {
    {"Required", Ownership::kRequired},
    {"Optional", Ownership::kOptional},
};
inline constexpr Word<SessionExclusion> kSessionExclusionWords[] = {
    {"StdinOrTTY", SessionExclusion::kStdinOrTty},
    {"AnyExec", SessionExclusion::kAnyExec},
    {"None", SessionExclusion::kNone},
};
inline constexpr Word<NoTargetPolicy> kNoTargetPolicyWords[] = {
    {"Wait", NoTargetPolicy::kWait},
    {"Skip", NoTargetPolicy::kSkip},
};
inline constexpr Word<OrdinalFallback> kOrdinalFallbackWords[] = {
    {"None", OrdinalFallback::kNone},
    {"Random", OrdinalFallback::kRandom},
};
inline constexpr Word<FailurePolicy> kFailurePolicyWords[] = {
    {"Fail", FailurePolicy::kFail},
    {"Random", FailurePolicy::kRandom},
};
inline constexpr Word<DeliveryPolicy> kDeliveryPolicyWords[] = {
    {"AtMostOnce", DeliveryPolicy::kAtMostOnce},
    {"AtLeastOnce", DeliveryPolicy::kAtLeastOnce},
};
inline constexpr Word<OutputPolicy> kOutputPolicyWords[] = {
    {"OnFailure", OutputPolicy::kOnFailure},
    {"Always", OutputPolicy::kAlways},
    {"Never", OutputPolicy::kNever},
};
inline constexpr Word<HttpMethod> kHttpMethodWords[] = {
    {"POST", HttpMethod::kPost}, {"GET", HttpMethod::kGet},     {"HEAD", HttpMethod::kHead},
    {"PUT", HttpMethod::kPut},   {"PATCH", HttpMethod::kPatch}, {"DELETE", HttpMethod::kDelete},
};
/// True: HTTPS.
inline constexpr Word<bool> kHttpSchemeWords[] = {{"HTTP", false}, {"HTTPS", true}};
/// True: the pod's certificate is verified.
inline constexpr Word<bool> kTlsVerificationWords[] = {{"Full", true}, {"None", false}};
/// True: through the API server.
inline constexpr Word<bool> kHttpViaWords[] = {{"PodIP", false}, {"ApiServerProxy", true}};
inline constexpr Word<CatchUpPolicy> kCatchUpPolicyWords[] = {
    {"Latest", CatchUpPolicy::kLatest},
    {"None", CatchUpPolicy::kNone},
    {"All", CatchUpPolicy::kAll},
};
inline constexpr Word<ConcurrencyPolicy> kConcurrencyPolicyWords[] = {
    {"Forbid", ConcurrencyPolicy::kForbid},
    {"Allow", ConcurrencyPolicy::kAllow},
    {"Replace", ConcurrencyPolicy::kReplace},
    {"Queue", ConcurrencyPolicy::kQueue},
};
inline constexpr Word<ActiveState> kActiveStateWords[] = {
    {"Active", ActiveState::kActive},
    {"Ending", ActiveState::kEnding},
    {"Unknown", ActiveState::kUnknown},
};
inline constexpr Word<ConditionStatus> kConditionStatusWords[] = {
    {"False", ConditionStatus::kFalse},
    {"True", ConditionStatus::kTrue},
    {"Unknown", ConditionStatus::kUnknown},
};
inline constexpr Word<Outcome> kOutcomeWords[] = {
    {"Succeeded", Outcome::kSucceeded}, {"Failed", Outcome::kFailed},
    {"Unknown", Outcome::kUnknown},     {"Skipped", Outcome::kSkipped},
    {"Missed", Outcome::kMissed},
};
inline constexpr Word<PodJobPhase> kPodJobPhaseWords[] = {
    {"Pending", PodJobPhase::kPending},     {"Running", PodJobPhase::kRunning},
    {"Succeeded", PodJobPhase::kSucceeded}, {"Failed", PodJobPhase::kFailed},
    {"Unknown", PodJobPhase::kUnknown},
};
inline constexpr Word<TargetOutcome> kTargetOutcomeWords[] = {
    {"Pending", TargetOutcome::kPending},       {"Running", TargetOutcome::kRunning},
    {"Succeeded", TargetOutcome::kSucceeded},   {"Failed", TargetOutcome::kFailed},
    {"NotStarted", TargetOutcome::kNotStarted}, {"Unknown", TargetOutcome::kUnknown},
};

}  // namespace podcron::api
