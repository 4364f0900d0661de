// PodJob.spec, and podJobTemplate.spec of a PodCronJob: what runs where.
//
// Source: docs/reference (crds/), the contract's sections 2, 4, 5 and 6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/label_selector.h"
#include "api/object_meta.h"

namespace podcron::api {

struct WorkloadRef {
  std::string api_group = "apps";
  std::string kind = "Deployment";
  std::string name;
  friend bool operator==(const WorkloadRef&, const WorkloadRef&) = default;
};

enum class Revision : std::uint8_t { kPreferLatest, kAny, kLatest };
enum class Ownership : std::uint8_t { kRequired, kOptional };
enum class NoTargetPolicy : std::uint8_t { kWait, kSkip };
enum class DeliveryPolicy : std::uint8_t { kAtMostOnce, kAtLeastOnce };
enum class OutputPolicy : std::uint8_t { kOnFailure, kAlways, kNever };
/// What it means that a strategy service did not answer: as if no pod were eligible, or any of
/// them.
enum class FailurePolicy : std::uint8_t { kFail, kRandom };
enum class OrdinalFallback : std::uint8_t { kNone, kRandom };
enum class Executor : std::uint8_t { kNone, kExec, kHttp, kJob };

enum class HttpMethod : std::uint8_t { kPost, kGet, kHead, kPut, kPatch, kDelete };

/// A port that the pod must declare, by number or by name.
struct PortRef {
  std::int32_t number = 0;  // 0: by name
  std::string name;
  friend bool operator==(const PortRef&, const PortRef&) = default;
};

struct HttpTls {
  std::string server_name;  // verified and sent as SNI; empty: the pod's address
  std::string ca_bundle;    // PEM in base64; empty: the system's authorities
  bool verify = true;
  friend bool operator==(const HttpTls&, const HttpTls&) = default;
};

/// Statuses from `first` to `last`.
struct StatusRange {
  std::int32_t first = 200;
  std::int32_t last = 299;
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

/// One HTTP request to the pod's own address.
struct HttpSpec {
  PortRef port;
  std::string path = "/";
  HttpMethod method = HttpMethod::kPost;
  bool https = false;
  std::vector<std::pair<std::string, std::string>> headers;  // in the user's order
  std::string body;
  HttpTls tls;
  std::vector<StatusRange> expected{StatusRange{}};
  bool via_api_server = false;  // pods/proxy instead of the pod's address
  friend bool operator==(const HttpSpec&, const HttpSpec&) = default;
};

/// Asked of a chosen pod right before a run is dispatched to it: a command in the target container
/// (exit code 0 passes), or a GET to the pod's address (200 to 399 passes).
struct ServingProbe {
  std::vector<std::string> command;
  std::optional<HttpSpec> http;  // then there is no command
  std::int32_t timeout_seconds = 1;
  friend bool operator==(const ServingProbe&, const ServingProbe&) = default;
};

/// Which execs and attaches make a pod's sessions count (rule 25).
enum class SessionExclusion : std::uint8_t { kStdinOrTty, kAnyExec, kNone };

struct InteractiveSessions {
  SessionExclusion exclude = SessionExclusion::kStdinOrTty;
  std::int32_t cooldown_seconds = 3600;  // after the last one that counts
  friend bool operator==(const InteractiveSessions&, const InteractiveSessions&) = default;
};

struct Target {
  LabelSelector selector;
  std::optional<WorkloadRef> workload_ref;
  std::vector<std::string> pod_names;  // sorted
  std::string service_name;
  std::string container;
  std::int32_t min_ready_seconds = 0;
  Revision revision = Revision::kPreferLatest;
  Ownership ownership = Ownership::kRequired;
  std::int32_t min_eligible = 1;
  std::optional<ServingProbe> serving_probe;
  InteractiveSessions interactive_sessions;
  friend bool operator==(const Target&, const Target&) = default;
};

/// The strategy service that Webhook asks, by the name under which the administrator registered it.
struct StrategyWebhook {
  std::string name;
  std::int32_t timeout_seconds = 5;
  FailurePolicy failure_policy = FailurePolicy::kFail;
  friend bool operator==(const StrategyWebhook&, const StrategyWebhook&) = default;
};

/// A number, or a percentage of something (IntOrString "25%").
struct IntOrPercent {
  std::int32_t value = 0;
  bool percent = false;
  friend bool operator==(const IntOrPercent&, const IntOrPercent&) = default;
};

struct StrategySpec {
  std::string type = "Random";
  std::int32_t count = 1;               // Random
  IntOrPercent max_parallel{25, true};  // of several targets, how many at once
  IntOrPercent max_failed{0, false};    // more failed targets than this fail the run
  std::int32_t ordinal = 0;             // Ordinal: index of the StatefulSet's pod
  OrdinalFallback fallback = OrdinalFallback::kNone;
  std::string topology_key;    // PerTopology
  std::int32_t percent = 100;  // Percent
  StrategyWebhook webhook;     // Webhook
  friend bool operator==(const StrategySpec&, const StrategySpec&) = default;
};

struct ExecSpec {
  std::vector<std::string> command;  // argv; $(PODCRON_...) is expanded
  StringMap env;
  friend bool operator==(const ExecSpec&, const ExecSpec&) = default;
};

struct PodJobTemplateSpec {
  Target target;
  StrategySpec strategy;
  NoTargetPolicy no_target_policy = NoTargetPolicy::kWait;
  Executor executor = Executor::kNone;
  ExecSpec exec;
  std::optional<HttpSpec> http;  // with Executor::kHttp
  std::int32_t active_deadline_seconds = 600;
  DeliveryPolicy delivery_policy = DeliveryPolicy::kAtMostOnce;
  OutputPolicy output_policy = OutputPolicy::kOnFailure;
  /// A finished PodJob is deleted so long after its end; nullopt: by the history limits alone.
  std::optional<std::int64_t> ttl_seconds_after_finished;
  std::string service_account_name;  // of the same namespace; empty: podcron's own account
  /// The first field, as a path such as "http" or "target.servingProbe", whose non-default value
  /// this build cannot honour; empty when there is none.
  std::string not_implemented;
  friend bool operator==(const PodJobTemplateSpec&, const PodJobTemplateSpec&) = default;
};

}  // namespace podcron::api
