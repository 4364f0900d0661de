// Keys of log lines. Messages are constant; what varies stands behind one of these.
#pragma once

#include <string_view>

namespace podcron::observe::key {

inline constexpr std::string_view kPodCronJob = "podcronjob";
inline constexpr std::string_view kPodJob = "podjob";
inline constexpr std::string_view kPod = "pod";
inline constexpr std::string_view kNamespace = "namespace";
inline constexpr std::string_view kReason = "reason";
inline constexpr std::string_view kOutcome = "outcome";
inline constexpr std::string_view kScheduled = "scheduled";
inline constexpr std::string_view kStartSkewMs = "start_skew_ms";
inline constexpr std::string_view kExitCode = "exit_code";
inline constexpr std::string_view kTookMs = "took_ms";
inline constexpr std::string_view kCount = "count";
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kHttpStatus = "http_status";
inline constexpr std::string_view kResource = "resource";
inline constexpr std::string_view kHolder = "holder";
inline constexpr std::string_view kService = "service";
inline constexpr std::string_view kRetryMs = "retry_ms";
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kPath = "path";
inline constexpr std::string_view kMessage = "message";

}  // namespace podcron::observe::key
