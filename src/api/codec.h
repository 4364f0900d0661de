// Kubernetes JSON <-> plain structs.
//
// Reading is a projection over simdjson: unknown fields cost nothing and are dropped; a missing or
// mistyped field that podcron needs is an Error naming its path, never an exception. Input is
// hostile: any bytes are fine. Writing appends to one string, with invalid UTF-8 replaced and text
// of foreign origin cut to what the CRDs allow, so that no record is refused for its length.
//
// Every decode function takes one whole JSON object. A Decoder keeps its buffers between calls; it
// belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/container_fate.h"
#include "api/lease.h"
#include "api/pod.h"
#include "api/pod_address.h"
#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "api/strategy_review.h"
#include "api/workload.h"
#include "base/result.h"

namespace podcron::api {

/// Errors of all: kMalformed with the path ("metadata.uid: missing").
/// Cost: about 1.3 ns a byte, one copy of the input for its padding.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  Result<Pod> pod(std::string_view json);
  /// `kind` because items of a list carry none.
  Result<Workload> workload(std::string_view json, std::string_view kind);
  Result<PodCronJob> pod_cron_job(std::string_view json);
  Result<PodJob> pod_job(std::string_view json);
  Result<Lease> lease(std::string_view json);
  Result<StrategyAnswer> strategy_answer(std::string_view json);
  /// Of one container of a Pod.
  Result<ContainerFate> container_fate(std::string_view json, std::string_view container);
  /// Of a Pod.
  Result<PodAddress> pod_address(std::string_view json);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

/// Body of a JSON merge patch for PodCronJob `/status`: {"metadata":{"resourceVersion":...},
/// "status":{...}}. Lists are whole, absent optionals are null, so that the patch is the state.
/// `before` is the version that the patch is of: its resourceVersion is written, and what it has
/// and `status` has not is removed.
std::string encode_status_patch(const PodCronJobStatus& status, const PodCronJob& before);

/// Everything but the template of a new PodJob.
struct NewPodJob {
  std::string namespace_;
  std::string name;
  OwnerReference owner;  // the PodCronJob; written with controller and blockOwnerDeletion
  std::string holder;    // value of the annotation
  std::string pod_cron_job_name;
  std::int64_t pod_cron_job_generation = 0;
  WallTime scheduled_time;
  std::span<const TargetRef> targets;
  const StringMap& template_labels;
  const StringMap& template_annotations;
  std::string_view job_json;  // podJobTemplate.spec, spliced in unchanged
  std::optional<std::int64_t> starting_deadline_seconds = std::nullopt;
};

/// Body of the POST: annotation, finalizer and owner reference as the contract's section 7.2.
std::string encode_new_pod_job(const NewPodJob& job);

/// Body of a merge patch for PodJob `/status` with resourceVersion. Conditions Complete, Failed and
/// Finished follow from the phase and carry `now`.
std::string encode_status_patch(const PodJobStatus& status, std::uint64_t resource_version,
                                WallTime now);

/// Merge patch of metadata: a new holder annotation (take-over, give-back), with resourceVersion.
std::string encode_holder_patch(std::string_view holder, std::uint64_t resource_version);

/// Merge patch of metadata that makes a PodJob made by hand a holder's: annotation, and podcron's
/// finalizer beside `other_finalizers`, with resourceVersion.
std::string encode_take_patch(std::string_view holder,
                              std::span<const std::string> other_finalizers,
                              std::uint64_t resource_version);

/// Merge patch of metadata that leaves the finalizers `kept` (all but podcron's own).
std::string encode_finalizers_patch(std::span<const std::string> kept,
                                    std::uint64_t resource_version);

/// DELETE body with preconditions on UID (and resourceVersion unless 0), propagation Background.
std::string encode_delete_options(const Uid& uid, std::uint64_t resource_version);

/// A whole Lease for POST (resource_version 0) or PUT; `transitions` of elections only.
std::string encode_lease(std::string_view namespace_, std::string_view name,
                         std::string_view holder, Seconds duration, WallMillis acquire,
                         WallMillis renew, std::uint64_t resource_version,
                         std::optional<std::int64_t> transitions = std::nullopt);

/// The Lease of the sessions of one kind in one pod: holder = who came last.
struct SessionLease {
  std::string_view namespace_;  // podcron's own
  std::string_view name;        // "<pod UID>-<kind>"
  std::string_view kind;        // "tty" or "exec"
  std::string_view pod;         // "<namespace>/<name>"
  std::string_view user;        // cut to kSessionUserBytesMax
  WallMillis first;
  WallMillis last;
};
inline constexpr std::size_t kSessionUserBytesMax = 512;
/// A whole Lease for POST.
std::string encode_session_lease(const SessionLease& session);
/// Merge patch of an existing one, unconditional: of two at once, either is right.
std::string encode_session_renewal(std::string_view user, WallMillis last);

/// One events.k8s.io/v1 Event. `series_count` 1 writes no series.
struct NewEvent {
  std::string namespace_;
  std::string name;
  std::string regarding_kind;  // "PodCronJob" or "PodJob"
  std::string regarding_name;
  Uid regarding_uid;
  bool warning = true;
  std::string reason;
  std::string action;
  std::string note;
  std::string reporting_instance;
  WallMillis first;
  WallMillis last;
  std::int32_t series_count = 1;
};
std::string encode_event(const NewEvent& event);
/// Merge patch that moves a series on.
std::string encode_event_series(WallMillis last, std::int32_t series_count);

}  // namespace podcron::api
