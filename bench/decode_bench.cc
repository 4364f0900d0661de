// How fast the pods of a large cluster are read, and how fast records are written.
//
// Method: pods as the API server sends them (about 8.7 KB each, most of it managedFields), 100,000
// of them, fed in pieces of 64 KB as they come from a socket. Reported: bytes a second.
// Aim: 100,000 pods in a second or two on one core; a claim or a new PodJob in 5 us.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/codec.h"
#include "kube/splitter.h"
#include "kube/stream_decoder.h"

namespace podcron {
namespace {

constexpr int kPods = 100'000;
constexpr int kPageItems = 500;
constexpr std::size_t kReadBytes = 64 * 1024;

/// What server-side apply keeps about every field of a pod with `containers` containers.
std::string managed_fields(int containers) {
  std::string fields;
  for (int i = 0; i < containers; ++i) {
    fields += fmt::format(
        R"("k:{{\"name\":\"app-{}\"}}":{{".":{{}},"f:env":{{".":{{}},)"
        R"("k:{{\"name\":\"DATABASE_URL\"}}":{{".":{{}},"f:name":{{}},"f:value":{{}}}},)"
        R"("k:{{\"name\":\"POD_IP\"}}":{{".":{{}},"f:name":{{}},"f:valueFrom":{{".":{{}},)"
        R"("f:fieldRef":{{}}}}}}}},"f:image":{{}},"f:imagePullPolicy":{{}},"f:livenessProbe":)"
        R"({{".":{{}},"f:failureThreshold":{{}},"f:httpGet":)"
        R"({{".":{{}},"f:path":{{}},"f:port":{{}},)"
        R"("f:scheme":{{}}}},"f:periodSeconds":{{}},"f:successThreshold":{{}},)"
        R"("f:timeoutSeconds":{{}}}},"f:name":{{}},"f:ports":{{".":{{}},)"
        R"("k:{{\"containerPort\":8080,\"protocol\":\"TCP\"}}":{{".":{{}},"f:containerPort":{{}},)"
        R"("f:name":{{}},"f:protocol":{{}}}}}},"f:readinessProbe":{{".":{{}},)"
        R"("f:failureThreshold":{{}},"f:httpGet":{{".":{{}},"f:path":{{}},"f:port":{{}}}}}},)"
        R"("f:resources":{{".":{{}},"f:limits":{{".":{{}},"f:memory":{{}}}},"f:requests":)"
        R"({{".":{{}},"f:cpu":{{}},"f:memory":{{}}}}}},"f:volumeMounts":{{".":{{}},)"
        R"("k:{{\"mountPath\":\"/etc/shop\"}}":{{".":{{}},"f:mountPath":{{}},"f:name":{{}}}}}}}},)",
        i);
  }
  fields.pop_back();
  return R"([{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1",)"
         R"("time":"2026-03-08T07:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":)"
         R"({"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{},)"
         R"("f:podcron.dev/serving":{}},"f:ownerReferences":{".":{},)"
         R"("k:{\"uid\":\"1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222\"}":{}}},"f:spec":)"
         R"({"f:containers":{)" +
         fields +
         R"(},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},)"
         R"("f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}},)"
         R"({"manager":"kubelet","operation":"Update","apiVersion":"v1",)"
         R"("time":"2026-03-08T07:00:05Z","fieldsType":"FieldsV1","fieldsV1":{"f:status":)"
         R"({"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},)"
         R"("f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":)"
         R"({".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},)"
         R"("f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{},)"
         R"("f:startTime":{}}},"subresource":"status"}])";
}

std::string container(int index) {
  return fmt::format(
      R"({{"name":"app-{}","image":"registry.example.com/shop/app@sha256:{:064}","ports":)"
      R"([{{"name":"http","containerPort":8080,"protocol":"TCP"}}],"env":[{{"name":)"
      R"("DATABASE_URL","value":"postgres://db.shop.svc:5432/shop?sslmode=verify-full"}},)"
      R"({{"name":"POD_IP","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":)"
      R"("status.podIP"}}}}}}],"resources":{{"limits":{{"memory":"512Mi"}},"requests":)"
      R"({{"cpu":"100m","memory":"256Mi"}}}},"volumeMounts":[{{"name":"config","mountPath":)"
      R"("/etc/shop"}},{{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":)"
      R"("/var/run/secrets/kubernetes.io/serviceaccount"}}],"livenessProbe":{{"httpGet":)"
      R"({{"path":"/healthz","port":"http","scheme":"HTTP"}},"timeoutSeconds":1,)"
      R"("periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"readinessProbe":)"
      R"({{"httpGet":{{"path":"/readyz","port":"http","scheme":"HTTP"}},"timeoutSeconds":1,)"
      R"("periodSeconds":5,"successThreshold":1,"failureThreshold":3}},)"
      R"("terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",)"
      R"("imagePullPolicy":"IfNotPresent","securityContext":{{"capabilities":{{"drop":["ALL"]}},)"
      R"("runAsNonRoot":true,"allowPrivilegeEscalation":false}}}})",
      index, index);
}

std::string container_status(int index, int pod) {
  return fmt::format(
      R"({{"name":"app-{}","state":{{"running":{{"startedAt":"2026-03-08T07:00:03Z"}}}},)"
      R"("lastState":{{}},"ready":true,"restartCount":0,"image":"registry.example.com/shop/app",)"
      R"("imageID":"registry.example.com/shop/app@sha256:{:064}","containerID":)"
      R"("containerd://{:064x}","started":true}})",
      index, index, pod * 10 + index);
}

std::string condition(std::string_view type) {
  return fmt::format(R"({{"type":"{}","status":"True","lastProbeTime":null,)"
                     R"("lastTransitionTime":"2026-03-08T07:00:05Z"}})",
                     type);
}

std::string pod_json(int index) {
  constexpr int kContainers = 2;
  return fmt::format(
      R"({{"metadata":{{"name":"shop-7c9d6b5f4-{0:05}","generateName":"shop-7c9d6b5f4-",)"
      R"("namespace":"shop","uid":"0b9ff3a0-7f0e-4c50-9d0b-{0:012x}","resourceVersion":"{1}",)"
      R"("creationTimestamp":"2026-03-08T07:00:00Z","labels":{{"app":"shop",)"
      R"("app.kubernetes.io/version":"1.42.0","pod-template-hash":"7c9d6b5f4",)"
      R"("podcron.dev/serving":"true","tier":"web"}},"annotations":{{)"
      R"("kubectl.kubernetes.io/default-container":"app-0","prometheus.io/scrape":"true"}},)"
      R"("ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":)"
      R"("shop-7c9d6b5f4","uid":"1c9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d222","controller":true,)"
      R"("blockOwnerDeletion":true}}],"managedFields":{2}}},"spec":{{"volumes":[{{"name":)"
      R"("config","configMap":{{"name":"shop","defaultMode":420}}}},{{"name":)"
      R"("kube-api-access-x7k2p","projected":{{"sources":[{{"serviceAccountToken":)"
      R"({{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":)"
      R"("kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],)"
      R"("defaultMode":420}}}}],"containers":[{3},{4}],"restartPolicy":"Always",)"
      R"("terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":)"
      R"("shop","nodeName":"node-{5}","securityContext":{{}},"schedulerName":)"
      R"("default-scheduler","tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":)"
      R"("Exists","effect":"NoExecute","tolerationSeconds":300}}],"priority":0,)"
      R"("enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}},"status":)"
      R"({{"phase":"Running","conditions":[{6},{7},{8},{9}],"hostIP":"10.0.0.{5}","podIP":)"
      R"("10.1.0.9","podIPs":[{{"ip":"10.1.0.9"}}],"startTime":"2026-03-08T07:00:00Z",)"
      R"("containerStatuses":[{10},{11}],"qosClass":"Burstable"}}}})",
      index, 1'000'000 + index, managed_fields(kContainers), container(0), container(1),
      index % 200, condition("Initialized"), condition("Ready"), condition("ContainersReady"),
      condition("PodScheduled"), container_status(0, index), container_status(1, index));
}

constexpr std::string_view kHead = R"({"kind":"PodList","apiVersion":"v1","metadata":)"
                                   R"({"resourceVersion":"123456","continue":"token"},"items":[)";

/// The items of one page, with a comma behind each: a list of any length is made of them.
const std::string& page_items() {
  static const std::string items = [] {
    std::string text;
    for (int i = 0; i < kPageItems; ++i) text += pod_json(i) + ",";
    return text;
  }();
  return items;
}

/// Feeds `text` as a socket would and counts what comes out.
void feed(kube::StreamDecoder& decoder, std::string_view text, std::vector<kube::StreamItem>& items,
          std::int64_t& applied) {
  while (!text.empty()) {
    decoder.feed(text.substr(0, kReadBytes), items);
    text.remove_prefix(std::min(kReadBytes, text.size()));
    for (const auto& item : items) applied += std::holds_alternative<kube::Apply>(item) ? 1 : 0;
    items.clear();
  }
}

void report(benchmark::State& state, std::int64_t bytes, std::int64_t pods) {
  if (pods != kPods) state.SkipWithError("not every pod was read");
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["pod_bytes"] = static_cast<double>(page_items().size()) / kPageItems;
  state.counters["pods"] = benchmark::Counter(kPods, benchmark::Counter::kIsIterationInvariantRate);
}

void decode_list_in_pages(benchmark::State& state) {
  std::string_view items = page_items();
  items.remove_suffix(1);
  const std::string page = std::string(kHead) + std::string(items) + "]}\n";
  std::int64_t applied = 0;
  for ([[maybe_unused]] auto _ : state) {
    applied = 0;
    for (int i = 0; i < kPods / kPageItems; ++i) {
      std::vector<kube::StreamItem> out;
      kube::StreamDecoder decoder(kube::ObjectKind::kPod, false);
      feed(decoder, page, out, applied);
      decoder.finish(out);
    }
  }
  report(state, static_cast<std::int64_t>(page.size()) * (kPods / kPageItems), applied);
}
BENCHMARK(decode_list_in_pages)->Unit(benchmark::kMillisecond);

void decode_list_whole(benchmark::State& state) {
  std::int64_t applied = 0;
  for ([[maybe_unused]] auto _ : state) {
    applied = 0;
    std::vector<kube::StreamItem> out;
    kube::StreamDecoder decoder(kube::ObjectKind::kPod, false);
    feed(decoder, kHead, out, applied);
    for (int i = 0; i < kPods / kPageItems; ++i) feed(decoder, page_items(), out, applied);
    feed(decoder, "]}", out, applied);
  }
  report(state, static_cast<std::int64_t>(page_items().size()) * (kPods / kPageItems), applied);
}
BENCHMARK(decode_list_whole)->Unit(benchmark::kMillisecond);

void split_list_whole(benchmark::State& state) {
  std::int64_t pieces = 0;
  for ([[maybe_unused]] auto _ : state) {
    pieces = 0;
    kube::ListSplitter splitter(kube::kObjectBytesMax);
    const auto take = [&](std::string_view text) {
      while (!text.empty()) {
        std::string_view bytes = text.substr(0, kReadBytes);
        text.remove_prefix(bytes.size());
        while (splitter.next(bytes)) ++pieces;
      }
    };
    take(kHead);
    for (int i = 0; i < kPods / kPageItems; ++i) take(page_items());
  }
  report(state, static_cast<std::int64_t>(page_items().size()) * (kPods / kPageItems), pieces);
}
BENCHMARK(split_list_whole)->Unit(benchmark::kMillisecond);

void decode_watch_event(benchmark::State& state) {
  const std::string line = R"({"type":"MODIFIED","object":)" + pod_json(7) + "}\n";
  kube::StreamDecoder decoder(kube::ObjectKind::kPod, true);
  std::vector<kube::StreamItem> out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    decoder.feed(line, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line.size()));
}
BENCHMARK(decode_watch_event);

constexpr WallTime kScheduled{Seconds{1'772'971'200}};

void encode_claim(benchmark::State& state) {
  api::PodCronJobStatus status;
  status.decided_through = status.last_schedule_time = status.next_schedule_time = kScheduled;
  status.last_successful_time = kScheduled;
  status.observed_schedule =
      api::ObservedSchedule{"*/5 * * * *", "Europe/Berlin", "Once", 0, "", kScheduled};
  status.active = {{"nightly-digest-1772971200-k7x2p", kScheduled, "podcron-0/0123456789abcdef", 1,
                    api::ActiveState::kActive}};
  for (int i = 0; i < 10; ++i) {
    status.history.push_back({kScheduled, kScheduled, 1, api::Outcome::kSucceeded, "",
                              "nightly-digest-1772971200-k7x2p"});
  }
  for (const auto* type : {"Ready", "ScheduleValid", "SessionDetection", "TargetsAvailable"}) {
    status.conditions.push_back({type, api::ConditionStatus::kTrue, "EligiblePods",
                                 "5 of 6 pods eligible: 1 PodNotReady", kScheduled, 4});
  }
  api::PodCronJob before;
  before.meta.resource_version = 123'456;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(api::encode_status_patch(status, before));
  }
}
BENCHMARK(encode_claim);

void encode_new_pod_job(benchmark::State& state) {
  const std::string template_json =
      R"({"activeDeadlineSeconds":600,"exec":{"command":["bin/shop","digest"]},)"
      R"("target":{"selector":{"matchLabels":{"app":"shop"}}}})";
  const std::vector<api::TargetRef> targets{
      {"shop-7c9d6b5f4-4xk2p", {1, 2}, "node-1", "app", "containerd://" + std::string(64, 'a')}};
  const api::StringMap none;
  const api::NewPodJob job{.namespace_ = "shop",
                           .name = "nightly-digest-1772971200-k7x2p",
                           .owner = {"podcron.dev", "PodCronJob", "nightly-digest", {3, 4}},
                           .holder = "podcron-0/0123456789abcdef/1",
                           .pod_cron_job_name = "nightly-digest",
                           .pod_cron_job_generation = 4,
                           .scheduled_time = kScheduled,
                           .targets = targets,
                           .template_labels = none,
                           .template_annotations = none,
                           .job_json = template_json};
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(api::encode_new_pod_job(job));
}
BENCHMARK(encode_new_pod_job);

}  // namespace
}  // namespace podcron
