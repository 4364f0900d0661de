// The seam between deciding and acting: everything that enters the engine and everything that
// leaves it.
//
// Every effect with an id gets exactly one final completion (StreamEnded, KubeReply, TaskEnded,
// StrategyReply),
// also after Cancel, with a Certainty. Handlers never retry, queue, classify or decide about
// time-outs: they perform. Source: docs/architecture.md section 3.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/exec_report.h"
#include "api/http_report.h"
#include "api/pod_job_spec.h"
#include "base/time.h"
#include "cron/zone_database.h"
#include "kube/admission_review.h"
#include "kube/stream_item.h"

namespace podcron::engine {

/// From the engine's counter, never reused. Zero is "none".
struct EffectId {
  std::uint64_t value = 0;
  friend auto operator<=>(const EffectId&, const EffectId&) = default;
};

/// May it have happened?
enum class Certainty : std::uint8_t {
  kDone,         // an answer came
  kNotExecuted,  // certainly not: the request did not leave
  kUnknown,      // it may have: the request left, no whole answer came
};

// ---- Effects ----

enum class Method : std::uint8_t { kGet, kPost, kPut, kPatch, kDelete, kHead };

/// One API call with a small body. The path carries the query. A PATCH is a JSON merge patch.
struct KubeRequest {
  EffectId id;
  Method method = Method::kGet;
  std::string path;
  std::string body;
  Millis timeout{};
};

/// One LIST page or one WATCH.
struct OpenStream {
  EffectId id;
  kube::ObjectKind kind = kube::ObjectKind::kPod;
  bool watch = false;
  std::string path;
  Millis inactivity_timeout{};
};

/// One WebSocket exec; `path` from kube::exec_path. The engine cancels it at its deadline.
struct ExecTask {
  EffectId id;
  std::string path;
  /// For the User-Agent: "run/<run id>", or "probe/<run id>" of a servingProbe.
  std::string purpose;
  /// Until the 101; afterwards pings every 5 s, and 61 s without any frame count as lost.
  Millis handshake_timeout{};
};

/// One HTTP request to a pod; no redirects, no proxies, no connection kept. The engine cancels it
/// at its deadline.
struct HttpTask {
  EffectId id;
  std::string address;  // IPv4, or IPv6 without brackets; empty: through the API server
  std::uint16_t port = 0;
  api::HttpMethod method = api::HttpMethod::kGet;
  std::string path;  // through the API server, its whole path
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool https = false;
  api::HttpTls tls;
  std::string purpose;  // as in ExecTask; not sent
  Millis connect_timeout{};
};

/// One question to a registered strategy service: a POST of JSON, no redirects.
struct AskStrategy {
  EffectId id;
  std::string service;
  std::string body;
  Millis timeout{};
};

/// Ends `target` early; its final completion still comes (kCancelled or what had happened before).
struct Cancel {
  EffectId target;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// A constant message with the facts as keys. Keys are from observe/log_keys.h.
struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string_view message;
  std::vector<std::pair<std::string_view, std::string>> facts;
};

enum class MetricKind : std::uint8_t { kCounterAdd, kGaugeSet, kHistogramObserve };

/// Names and label names are constants of observe/metrics.h.
struct Metric {
  MetricKind kind = MetricKind::kCounterAdd;
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> labels;
  double value = 1;
};

/// The answer to a SessionReview: allowed, as always. Exactly one each, unless the process ends.
struct AnswerReview {
  std::uint64_t review = 0;
};

/// Everything was given back; the process may end.
struct Exit {
  int code = 0;
};

using Effect = std::variant<KubeRequest, OpenStream, ExecTask, HttpTask, AskStrategy, Cancel,
                            AnswerReview, Log, Metric, Exit>;

// ---- Inputs ----

/// At most kStreamBatchItemsMax items of one stream, in order. The first is empty: the API server
/// has answered 200, and what it has to say follows.
struct StreamBatch {
  EffectId id;
  std::vector<kube::StreamItem> items;
};
inline constexpr std::size_t kStreamBatchItemsMax = 256;

struct StreamEnded {
  EffectId id;
  bool orderly = false;  // the body was complete
  int http_status = 0;   // 0: no answer
  std::optional<Millis> retry_after;
  std::optional<WallTime> date;  // of the answer's head: the API server's clock
  std::string error;
};

/// The completion of a KubeRequest.
struct KubeReply {
  EffectId id;
  Certainty certainty = Certainty::kDone;
  int http_status = 0;  // with kDone
  std::string body;     // at most kReplyBytesMax; a larger answer is kUnknown
  std::optional<WallTime> date;
  std::optional<Millis> retry_after;
  std::string error;
};
inline constexpr std::size_t kReplyBytesMax = 4u << 20;

/// Of exec: the 101 came; not proof that a process runs. Of HTTP: the request is being written.
struct TaskStarted {
  EffectId id;
};

struct TaskEnded {
  EffectId id;
  std::variant<api::ExecReport, api::HttpReport> report;  // as the effect was
};

/// The completion of an AskStrategy. What became of a question that got no answer does not matter:
/// asking changes nothing.
struct StrategyReply {
  EffectId id;
  int http_status = 0;
  std::string body;   // at most kStrategyReplyBytesMax; a larger answer is an error
  std::string error;  // empty: an answer came
};
/// A thousand names of pods, each as long as names can be, and room for blanks.
inline constexpr std::size_t kStrategyReplyBytesMax = 512u << 10;

/// The API server asks before it connects somebody to a pod.
struct SessionReview {
  std::uint64_t review = 0;  // never reused; for the answer
  kube::ConnectReview connect;
  std::string fault;  // what is wrong with the review; then `connect` means nothing
};

/// New tzdata was read (also once at the start).
struct ZonesReplaced {
  std::shared_ptr<const ZoneDatabase> zones;
};

/// A timer fired, or the driver has nothing else to say.
struct Wake {};

/// SIGTERM: start nothing, give back what is not dialled, end in order.
struct Shutdown {};

using Input = std::variant<StreamBatch, StreamEnded, KubeReply, TaskStarted, TaskEnded,
                           StrategyReply, SessionReview, ZonesReplaced, Wake, Shutdown>;

}  // namespace podcron::engine
