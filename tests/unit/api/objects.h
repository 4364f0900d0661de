// Objects in the shape in which the API server returns them, for the tests of this folder and of
// tests/unit/kube.
#pragma once

#include <string>
#include <string_view>

namespace podcron::api::testing {

inline constexpr std::string_view kPodUid = "0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111";
inline constexpr std::string_view kReplicaSetUid = "1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222";

inline constexpr std::string_view kPod = R"({
  "metadata": {
    "name": "shop-7c9d-4xk2p", "generateName": "shop-7c9d-", "namespace": "shop",
    "uid": "0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111", "resourceVersion": "4711", "generation": 1,
    "creationTimestamp": "2026-03-08T07:00:00Z",
    "labels": {"pod-template-hash": "7c9d", "app": "shop", "podcron.dev/serving": "true"},
    "annotations": {"kubectl.kubernetes.io/default-container": "app", "note": "a \"quoted\" \\ word"},
    "ownerReferences": [
      {"apiVersion": "example.com/v1", "kind": "Other", "name": "x",
       "uid": "2c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d333"},
      {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-7c9d",
       "uid": "1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222", "controller": true,
       "blockOwnerDeletion": true}],
    "managedFields": [
      {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
       "time": "2026-03-08T07:00:00Z", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}}}}}}]
  },
  "spec": {
    "volumes": [{"name": "kube-api-access-x", "projected": {"sources": []}}],
    "initContainers": [{"name": "migrate", "image": "shop:1"}],
    "containers": [
      {"name": "app", "image": "shop:1", "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
       "resources": {}},
      {"name": "proxy", "image": "proxy:1", "stdin": true, "tty": true}],
    "nodeName": "node-1", "restartPolicy": "Always", "priority": 0
  },
  "status": {
    "phase": "Running",
    "conditions": [
      {"type": "Initialized", "status": "True", "lastProbeTime": null,
       "lastTransitionTime": "2026-03-08T07:00:01Z"},
      {"type": "Ready", "status": "True", "lastProbeTime": null,
       "lastTransitionTime": "2026-03-08T07:00:05Z"}],
    "hostIP": "10.0.0.1", "podIP": "10.1.0.9",
    "containerStatuses": [
      {"name": "app", "state": {"running": {"startedAt": "2026-03-08T07:00:03Z"}}, "lastState": {},
       "ready": true, "restartCount": 0, "started": true, "containerID": "containerd://abc"},
      {"name": "proxy", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "ready": false,
       "restartCount": 3, "containerID": "containerd://def"}],
    "qosClass": "BestEffort"
  }
})";

inline constexpr std::string_view kPodCronJob = R"json({
  "apiVersion": "podcron.dev/v1alpha1", "kind": "PodCronJob",
  "metadata": {
    "name": "nightly-digest", "namespace": "shop", "uid": "3c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d444",
    "resourceVersion": "900", "generation": 4, "creationTimestamp": "2026-03-01T00:00:00Z"},
  "spec": {
    "schedule": "0 3 * * *", "timeZone": "Asia/Shanghai", "daylightSaving": "Once",
    "startingDeadlineSeconds": 7200, "catchUpPolicy": "Latest", "catchUpLimit": 10,
    "concurrencyPolicy": "Forbid", "spreadSeconds": 30, "suspend": false,
    "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
    "podJobTemplate": {
      "metadata": {"labels": {"team": "mail"}, "annotations": {"b": "2", "a": "1"}},
      "spec": {
        "target": {
          "selector": {"matchLabels": {"app": "shop"},
                       "matchExpressions": [
                         {"key": "tier", "operator": "In", "values": ["web", "api"]},
                         {"key": "canary", "operator": "DoesNotExist"}]},
          "workloadRef": {"apiGroup": "apps", "kind": "Deployment", "name": "shop"},
          "podNames": ["shop-1", "shop-0"], "container": "app", "minReadySeconds": 5,
          "revision": "PreferLatest", "ownership": "Required", "minEligible": 2,
          "interactiveSessions": {"exclude": "StdinOrTTY", "cooldownSeconds": 3600}},
        "strategy": {"type": "All", "maxParallel": "50%", "maxFailed": 1},
        "noTargetPolicy": "Skip",
        "exec": {"command": ["bin/shop", "digest", "$(PODCRON_RUN_ID)"],
                 "env": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}]},
        "activeDeadlineSeconds": 300, "deliveryPolicy": "AtMostOnce", "backoffLimit": 0,
        "outputPolicy": "Always"}}},
  "status": {
    "observedGeneration": 4, "decidedThrough": "2026-03-08T19:00:00Z",
    "observedSchedule": {"schedule": "0 3 * * *", "timeZone": "Asia/Shanghai",
      "daylightSaving": "Once", "spreadSeconds": 30, "suspend": false,
      "since": "2026-03-01T00:00:00Z"},
    "lastScheduleTime": "2026-03-08T19:00:00Z", "nextScheduleTime": "2026-03-09T19:00:00Z",
    "active": [{"name": "nightly-digest-1772996400-k7x2p", "scheduledTime": "2026-03-08T19:00:00Z",
                "holder": "podcron-0/abc", "attempt": 1, "state": "Unknown"}],
    "history": [{"from": "2026-03-07T19:00:00Z", "outcome": "Skipped",
                 "reason": "NoEligiblePod"}],
    "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 4,
                    "lastTransitionTime": "2026-03-01T00:00:00Z", "reason": "Valid",
                    "message": ""}]}
})json";

inline constexpr std::string_view kPodJob = R"json({
  "apiVersion": "podcron.dev/v1alpha1", "kind": "PodJob",
  "metadata": {
    "name": "nightly-digest-1772996400-k7x2p", "namespace": "shop",
    "uid": "4c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d555", "resourceVersion": "901", "generation": 1,
    "annotations": {"podcron.dev/holder": "podcron-0/abc/1"},
    "finalizers": ["foregroundDeletion", "podcron.dev/record"],
    "ownerReferences": [{"apiVersion": "podcron.dev/v1alpha1", "kind": "PodCronJob",
      "name": "nightly-digest", "uid": "3c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d444",
      "controller": true, "blockOwnerDeletion": true}]},
  "spec": {
    "target": {"selector": {"matchLabels": {"app": "shop"}}},
    "exec": {"command": ["true"]},
    "podCronJobName": "nightly-digest", "podCronJobGeneration": 4,
    "scheduledTime": "2026-03-08T19:00:00Z", "startingDeadlineSeconds": 7200,
    "targets": [{"podName": "shop-7c9d-4xk2p", "podUID": "0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",
                 "nodeName": "node-1", "container": "app", "containerID": "containerd://abc"}]},
  "status": {
    "phase": "Failed", "reason": "NonZeroExitCode", "message": "exit code 7",
    "startTime": "2026-03-08T19:00:00Z", "completionTime": "2026-03-08T19:00:02Z",
    "target": "shop-7c9d-4xk2p", "exitCode": 7, "late": "0.02s", "took": "1.50s",
    "targets": [{"podName": "shop-7c9d-4xk2p", "podUID": "0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",
                 "container": "app", "attempt": 1, "outcome": "Failed", "exitCode": 7,
                 "reason": "NonZeroExitCode", "took": "1.50s", "output": "no\n"}],
    "eligibility": {"matched": 5, "eligible": 3,
                    "reasons": {"PodNotReady": 1, "InteractiveSession": 1}}}
})json";

/// `text` with the first `from` replaced. Where there is no `from` the test would mean nothing: the
/// result is then no JSON.
inline std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const auto at = changed.find(from);
  return at == std::string::npos ? "no such text: " + std::string(from)
                                 : changed.replace(at, from.size(), to);
}

}  // namespace podcron::api::testing
