// Which pods are serving replicas of the app: an allow-list, decided per pod before the strategy.
//
// The list of rules *is* the decision (rules.cc): the first that fails is the reason. Identity
// comes before state, so a debug pod is reported as such and never as "not ready". Pure: pods,
// owners, runs and time are arguments.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/label_selector.h"
#include "api/pod_job_spec.h"
#include "base/time.h"
#include "eligibility/reason.h"
#include "eligibility/shape_facts.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::eligibility {

/// Rule 25: when somebody last exec'd into the pod (by UID) or attached to it, of what `exclude`
/// counts; nullopt: nobody.
using LastSession =
    std::function<std::optional<WallTime>(const Uid& pod, api::SessionExclusion exclude)>;

/// What one PodCronJob (or PodJob) asks of its pods, and the controller's own settings.
struct Criteria {
  std::string_view namespace_;
  const api::Target* target = nullptr;
  const api::LabelSelector* serving = nullptr;            // null: every pod
  const std::vector<std::string>* owner_kinds = nullptr;  // null: the three built-in kinds
  /// Rule 26: pods (by UID) that an unfinished run of the same PodCronJob holds, or that carry
  /// --max-runs-per-pod runs. Null: none.
  std::function<bool(const Uid& pod)> busy;
  WallTime now;
  /// Rules 22 and 23: who serves for the Service that target.serviceName names. Null: nobody.
  const store::EndpointStore* endpoints = nullptr;
  /// Rule 27: pods (by UID) that rest after a start failure. Null: none.
  std::function<bool(const Uid& pod)> recently_failed = nullptr;
  LastSession last_session = nullptr;  // null: no session is known
};

/// The first failing rule, kEligible when none fails. Cost: O(rules) and a few look-ups of owners;
/// no allocation, unless a selector asks for a label that differs per pod (store::kOwnLabelKeys).
/// Where a pod's verdict depends on others it is that of an assess(): for pods that are not of the
/// newest revision under PreferLatest, and for images that differ from the template's.
Reason evaluate(const store::PodStore& pods, const store::WorkloadStore& owners,
                const Criteria& criteria, store::PodHandle pod);

/// The first failing rule about what the pod is or who is in it (1 to 10, 24, 25): a run that is
/// there should not be. kEligible when there is none, and for a pod that is terminating: its owner
/// may be gone before it. Not rule 11: every rollout makes replicas older ones, and a run may end
/// in them.
Reason unexpected(const store::PodStore& pods, const store::WorkloadStore& owners,
                  const Criteria& criteria, store::PodHandle pod);

/// The container a task runs in: target.container, else the default-container annotation, else the
/// only one. Empty when rules 16 or 17 refuse the pod.
std::string_view target_container(const store::PodStore& pods, const api::Target& target,
                                  store::PodHandle pod);

struct Assessment {
  std::vector<store::PodHandle> eligible;  // in name order
  std::int64_t matched = 0;                // pods that pass rules 1 and 2
  /// By reason, of the matched ones; that of kEligible is the size of `eligible`.
  std::array<std::int64_t, kReasonCount> counts{};
  /// Of the eligible ones: whose target container has no readinessProbe, so that Ready says only
  /// that it was started.
  std::int64_t without_readiness_probe = 0;
  /// When a pod that only time holds back (rules 21 and 25) becomes eligible; nullopt: none is.
  std::optional<WallTime> reconsider_at;

  /// Memory that assess() keeps for its next call; means nothing to anybody else.
  struct Scratch {
    std::uint64_t stamp = 0;
    std::vector<ShapeFacts> facts;  // by store::ShapeId
    api::StringMap labels;
    std::vector<std::pair<Uid, std::uint64_t>> images;  // template and what its pods show
    std::vector<Uid> renewed;  // workloads of which a pod of the newest revision is eligible
  };
  Scratch scratch;
};

/// Judges every pod of the namespace, a second time where PreferLatest leaves out older revisions.
/// Aim: 10,000 pods <= 1 ms (selectors and templates are compared once per shape, not per pod).
/// `out` is reused so that a steady state allocates nothing.
void assess(const store::PodStore& pods, const store::WorkloadStore& owners,
            const Criteria& criteria, Assessment& out);

/// Every failing rule in order; for explain. `assessment` is what assess() said with the same
/// arguments: whoever asks about many pods asks once what depends on all of them.
std::vector<Reason> evaluate_all(const store::PodStore& pods, const store::WorkloadStore& owners,
                                 const Criteria& criteria, const Assessment& assessment,
                                 store::PodHandle pod);

/// "0 of 6 pods eligible: 3 PodNotReady, 2 AdoptedPod": the condition's message, most first.
std::string describe(const Assessment& assessment);

}  // namespace podcron::eligibility
