#include "reconcile/outcome.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "api/kube_status.h"
#include "observe/reasons.h"

namespace podcron::reconcile {
namespace {

using api::ExecEnd;
using api::HttpEnd;
using api::TargetOutcome;
namespace reason = observe::reason;

constexpr std::size_t kMessageBytesMax = 512;

TaskResult result(TargetOutcome outcome, std::string_view why, std::string message) {
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  TaskResult made;
  made.outcome = outcome;
  made.reason = why;
  made.message = std::move(message);
  return made;
}

/// Texts of a node that says a command could not be started. A Failure with another text is not
/// proof: the runtime may have failed after the start.
bool names_a_non_start(std::string_view text) {
  constexpr std::string_view kTexts[] = {
      "executable file not found", "no such file or directory",
      "permission denied",         "container not found",
      "not found in pod",          "is not running",
      "container is not created",  "unable to start container process",
      "no running task found",     "exec format error"};
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [&](std::string_view t) { return text.find(t) != std::string_view::npos; });
}

/// Texts of an API server that could not forward the request, and of a node that found nothing to
/// start it in (kubelet: "unable to upgrade connection: container not found").
bool names_an_early_refusal(std::string_view text) {
  constexpr std::string_view kTexts[] = {"dial tcp", "failed calling webhook", "admission webhook",
                                         "container not found", "pod does not exist"};
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [&](std::string_view t) { return text.find(t) != std::string_view::npos; });
}

/// "env" itself is missing, not what env was told to start.
bool names_missing_env(std::string_view text) {
  return text.find("exec: \"env\"") != std::string_view::npos;
}

/// Channel 3 arrived whole.
TaskResult judge_status(const api::ExecReport& report) {
  const auto status = api::decode_status(report.status_json);
  if (!status) {
    return result(TargetOutcome::kUnknown, reason::kNoStatus,
                  "the node's status cannot be read: " + status.error().message);
  }
  if (status->success) {
    // The proof counts only as the node's own word, and only v4 passes that through.
    TaskResult success = result(TargetOutcome::kSucceeded, "", "");
    success.exit_code = 0;
    return success;
  }
  if (status->exit_code) {
    TaskResult failed = result(TargetOutcome::kFailed, reason::kNonZeroExitCode,
                               fmt::format("exit code {}", *status->exit_code));
    failed.exit_code = status->exit_code;
    return failed;
  }
  if (names_a_non_start(status->message)) {
    TaskResult not_started =
        result(TargetOutcome::kNotStarted, reason::kNotStarted, status->message);
    not_started.env_missing = names_missing_env(status->message);
    return not_started;
  }
  return result(TargetOutcome::kUnknown, reason::kContactLost, status->message);
}

/// Over v4 the API server dials the node before it answers. A 4xx is somebody's refusal; a 5xx is
/// certain only when its text says that the node was never reached.
TaskResult judge_refusal(const api::ExecReport& report) {
  const auto status = api::decode_status(report.http_body);
  std::string message = fmt::format("exec refused with HTTP {}{}{}", report.http_status,
                                    status ? ": " : "", status ? status->message : "");
  const bool certain = report.http_status >= 400 && report.http_status < 500;
  const bool early = status && names_an_early_refusal(status->message);
  if (certain || early) {
    return result(TargetOutcome::kNotStarted, reason::kNotStarted, std::move(message));
  }
  // Anything else may have lost the node's answer on the way.
  return result(TargetOutcome::kUnknown, reason::kContactLost, std::move(message));
}

TaskResult judge_exec(const api::ExecReport& report) {
  switch (report.end) {
    case ExecEnd::kNotConnected:
      return result(TargetOutcome::kNotStarted, reason::kNotStarted,
                    "the API server could not be reached: " + report.error);
    case ExecEnd::kRefused:
      return judge_refusal(report);
    case ExecEnd::kClosed:
      if (!report.status_json.empty()) return judge_status(report);
      return result(TargetOutcome::kUnknown, reason::kNoStatus,
                    "the exchange ended without a status");
    case ExecEnd::kLost:
      // A whole status that arrived before the connection broke is the node's word all the same,
      // except for success, which needs an orderly end as well.
      if (!report.status_json.empty()) {
        TaskResult said = judge_status(report);
        if (said.outcome != TargetOutcome::kSucceeded) return said;
      }
      return result(TargetOutcome::kUnknown, reason::kContactLost, "contact lost: " + report.error);
    case ExecEnd::kCancelled:
      return result(TargetOutcome::kUnknown, reason::kDeadlineExceeded,
                    "given up before the end was known");
  }
  return result(TargetOutcome::kUnknown, reason::kContactLost, "");
}

/// The API server's own word instead of the pod's: nothing reached it.
TaskResult judge_proxy_refusal(const api::HttpReport& report) {
  const auto status = api::decode_status(report.refusal);
  return result(TargetOutcome::kNotStarted, reason::kNotStarted,
                fmt::format("the API server: HTTP {}{}{}", report.status, status ? ": " : "",
                            status ? status->message : ""));
}

/// An answer of a mesh's proxy that may stand for one of the task that got lost.
bool speaks_for_another(const api::HttpReport& report) {
  constexpr int kBadGateway = 502;
  constexpr int kUnavailable = 503;
  constexpr int kGatewayTimeout = 504;
  const int status = report.status;
  return !report.proxy.empty() &&
         (status == kBadGateway || status == kUnavailable || status == kGatewayTimeout);
}

/// A sidecar that takes only mutual TLS ends a plain connection without a word.
constexpr std::string_view kMeshHint =
    "; in a service mesh, let the pod take plain connections on this port, or use exec";

TaskResult judge_http(const api::HttpReport& report,
                      const std::vector<api::StatusRange>& expected) {
  switch (report.end) {
    case HttpEnd::kNotSent:
    case HttpEnd::kNotConnected:
      return result(TargetOutcome::kNotStarted, reason::kNotStarted, report.error);
    case HttpEnd::kCancelled:
      return result(TargetOutcome::kUnknown, reason::kDeadlineExceeded,
                    "given up before the end was known");
    case HttpEnd::kLost:
    case HttpEnd::kAnswered:
      break;
  }
  const bool answered = report.end == HttpEnd::kAnswered;
  if (report.status == 0) {
    return result(TargetOutcome::kUnknown, reason::kContactLost,
                  fmt::format("no answer: {}{}", report.error, kMeshHint));
  }
  if (!report.refusal.empty()) return judge_proxy_refusal(report);
  const bool wanted = std::any_of(expected.begin(), expected.end(), [&](const auto& range) {
    return report.status >= range.first && report.status <= range.last;
  });
  if (wanted && !answered) {
    return result(TargetOutcome::kUnknown, reason::kContactLost,
                  fmt::format("HTTP {}, then the answer's body was cut short: {}", report.status,
                              report.error));
  }
  if (wanted) return result(TargetOutcome::kSucceeded, "", "");
  if (speaks_for_another(report)) {
    return result(
        TargetOutcome::kUnknown, reason::kContactLost,
        fmt::format("HTTP {} by way of {}: whether the pod itself answered is not known{}",
                    report.status, report.proxy, kMeshHint));
  }
  const bool redirect = report.status >= 300 && report.status < 400;
  return result(TargetOutcome::kFailed, reason::kUnexpectedStatus,
                fmt::format("HTTP {}{}{}", report.status,
                            redirect ? ", a redirect, which is not followed" : "",
                            report.proxy.empty() ? "" : " by way of " + report.proxy));
}

/// Whom a certain non-start is to be put down to.
bool blames_pod(const api::ExecReport& report) {
  switch (report.end) {
    case ExecEnd::kNotConnected:
    case ExecEnd::kCancelled:
      return false;
    case ExecEnd::kClosed:
    case ExecEnd::kLost:
      return true;
    case ExecEnd::kRefused:
      break;
  }
  constexpr int kBadRequest = 400;
  constexpr int kNotFound = 404;
  if (report.http_status == kBadRequest || report.http_status == kNotFound) return true;
  const auto status = api::decode_status(report.http_body);
  return report.http_status >= 500 && status && names_an_early_refusal(status->message) &&
         status->message.find("webhook") == std::string::npos;
}

}  // namespace

TaskResult not_sent(std::string message) {
  return result(TargetOutcome::kNotStarted, reason::kNotStarted, std::move(message));
}

TaskResult judge(api::ExecReport&& report) {
  TaskResult judged = judge_exec(report);
  judged.gave_up = report.end == ExecEnd::kCancelled;
  judged.reached_pod = report.end != ExecEnd::kNotConnected && report.end != ExecEnd::kRefused;
  judged.blames_pod = blames_pod(report);
  judged.output = std::move(report.tail);
  return judged;
}

TaskResult judge(api::HttpReport&& report, const std::vector<api::StatusRange>& expected) {
  TaskResult judged = judge_http(report, expected);
  judged.gave_up = report.end == HttpEnd::kCancelled;
  judged.reached_pod = report.end != HttpEnd::kNotSent && report.end != HttpEnd::kNotConnected;
  // It did not even take the connection.
  judged.blames_pod = report.end == HttpEnd::kNotConnected;
  if (report.status != 0) judged.http_status = report.status;
  judged.output = std::move(report.tail);
  return judged;
}

api::PodJobPhase phase_of(const std::vector<api::TargetStatus>& targets, std::int64_t failed_max) {
  std::int64_t failed = 0;
  bool unknown = false;
  for (const api::TargetStatus& target : targets) {
    failed +=
        target.outcome == TargetOutcome::kFailed || target.outcome == TargetOutcome::kNotStarted;
    unknown = unknown || target.outcome == TargetOutcome::kUnknown;
  }
  if (failed > failed_max) return api::PodJobPhase::kFailed;
  if (unknown) return api::PodJobPhase::kUnknown;
  return api::PodJobPhase::kSucceeded;
}

}  // namespace podcron::reconcile
