// An engine whose streams, requests and tasks a test answers by hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "engine/engine.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::engine::testing {

class Driver {
 public:
  explicit Driver(EngineConfig config = config_of()) : engine_(std::move(config)) {
    step(ZonesReplaced{ZoneDatabase::make("test", {})});
  }

  static EngineConfig config_of() {
    EngineConfig config;
    config.serving_selector = *api::parse_selector("podcron.dev/serving=true");
    return config;
  }

  WakeAt step(Input&& input) {
    std::vector<Effect> made;
    wake_ = engine_.step(now_, std::move(input), made);
    for (Effect& effect : made) {
      if (auto* stream = std::get_if<OpenStream>(&effect)) streams_.push_back(std::move(*stream));
      if (auto* request = std::get_if<KubeRequest>(&effect)) {
        if (!keep_lease(*request)) requests_.push_back(std::move(*request));
      }
      if (auto* task = std::get_if<ExecTask>(&effect)) tasks_.push_back(std::move(*task));
      if (auto* cancel = std::get_if<Cancel>(&effect)) cancelled_.push_back(cancel->target);
      if (auto* metric = std::get_if<Metric>(&effect)) metrics_.push_back(std::move(*metric));
    }
    while (!leases_.empty()) {
      const EffectId id = leases_.back();
      leases_.pop_back();
      KubeReply reply;
      reply.id = id;
      reply.http_status = 201;
      reply.body = R"({"metadata":{"name":"l","namespace":"podcron","resourceVersion":"1",)"
                   R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111"}})";
      reply.date = whole_seconds(now_.wall);
      step(std::move(reply));
    }
    if (wake_.at_once) step(Wake{});
    return wake_;
  }
  void pass(Millis time) {
    now_.wall += time;
    now_.mono += time;
    step(Wake{});
  }

  /// The open call for this kind; nullptr: there is none.
  [[nodiscard]] const OpenStream* stream(kube::ObjectKind kind) const {
    for (const OpenStream& each : streams_) {
      if (each.kind == kind) return &each;
    }
    return nullptr;
  }
  /// Answers the list of this kind; the watch follows.
  void list(kube::ObjectKind kind, std::vector<kube::Object> objects = {}) {
    const OpenStream call = take(kind);
    EXPECT_FALSE(call.watch) << call.path;
    StreamBatch batch{call.id, {}};
    for (kube::Object& object : objects) batch.items.emplace_back(kube::Apply{std::move(object)});
    batch.items.emplace_back(kube::PageEnd{"", ++version_});
    step(std::move(batch));
    step(StreamEnded{call.id, true, 200, std::nullopt, whole_seconds(now_.wall), ""});
  }
  void refuse(kube::ObjectKind kind, int status, std::string error) {
    const OpenStream call = take(kind);
    step(StreamEnded{call.id, true, status, std::nullopt, std::nullopt, std::move(error)});
  }
  /// News on the watch of this kind.
  void put(kube::ObjectKind kind, kube::Object object) {
    ASSERT_NE(stream(kind), nullptr);
    step(StreamBatch{stream(kind)->id, {kube::Apply{std::move(object)}}});
  }
  void remove(kube::ObjectKind kind, kube::Object object) {
    ASSERT_NE(stream(kind), nullptr);
    step(StreamBatch{stream(kind)->id, {kube::Delete{std::move(object)}}});
  }
  /// Every kind but PodCronJobs, pods and EndpointSlices, as empty lists.
  void list_the_rest() {
    using kube::ObjectKind;
    for (const auto kind :
         {ObjectKind::kPodJob, ObjectKind::kNamespace, ObjectKind::kLease, ObjectKind::kStatefulSet,
          ObjectKind::kDaemonSet, ObjectKind::kDeployment}) {
      list(kind);
    }
    list(ObjectKind::kReplicaSet, {test::replica_set()});
  }

  /// The oldest waiting request whose path holds `part`, taken; nullopt: there is none.
  std::optional<KubeRequest> take_request(std::string_view part) {
    const auto at = std::find_if(requests_.begin(), requests_.end(), [&](const KubeRequest& r) {
      return r.path.find(part) != std::string::npos;
    });
    if (at == requests_.end()) return std::nullopt;
    KubeRequest request = std::move(*at);
    requests_.erase(at);
    return request;
  }
  void answer(const KubeRequest& request, int status, std::string body) {
    KubeReply reply;
    reply.id = request.id;
    reply.http_status = status;
    reply.body = std::move(body);
    reply.date = whole_seconds(now_.wall);
    step(std::move(reply));
  }
  std::uint64_t next_version() { return ++version_; }
  [[nodiscard]] Now now() const { return now_; }
  [[nodiscard]] const WakeAt& wake() const { return wake_; }
  [[nodiscard]] Engine& engine() { return engine_; }
  std::vector<ExecTask> take_tasks() { return std::exchange(tasks_, {}); }
  [[nodiscard]] bool cancelled(EffectId id) const {
    return std::find(cancelled_.begin(), cancelled_.end(), id) != cancelled_.end();
  }
  [[nodiscard]] double counted(std::string_view name) const {
    double sum = 0;
    for (const Metric& metric : metrics_) sum += metric.name == name ? metric.value : 0;
    return sum;
  }

 private:
  OpenStream take(kube::ObjectKind kind) {
    const auto at = std::find_if(streams_.begin(), streams_.end(),
                                 [&](const OpenStream& each) { return each.kind == kind; });
    EXPECT_NE(at, streams_.end());
    if (at == streams_.end()) return {};
    OpenStream call = std::move(*at);
    streams_.erase(at);
    return call;
  }
  bool keep_lease(const KubeRequest& request) {
    if (request.path.find("/leases") == std::string::npos) return false;
    leases_.push_back(request.id);
    return true;
  }

  Now now_{WallMillis(test::kNow), MonoTime{Millis{1'000'000}}};
  WakeAt wake_;
  std::uint64_t version_ = 1000;
  std::vector<OpenStream> streams_;
  std::vector<KubeRequest> requests_;
  std::vector<EffectId> leases_;
  std::vector<ExecTask> tasks_;
  std::vector<EffectId> cancelled_;
  std::vector<Metric> metrics_;
  Engine engine_;
};

/// A PodCronJob of namespace shop at every minute, decided up to kNow; its text, as the API server
/// answers. `template_spec` is podJobTemplate.spec.
inline std::string job_text(const std::string& name, std::uint64_t uid, std::uint64_t version,
                            const std::string& template_spec, const std::string& status = "") {
  const std::string decided =
      fmt::format(R"({{"decidedThrough":"{0}","observedSchedule":{{"schedule":"* * * * *",)"
                  R"("timeZone":"UTC","daylightSaving":"Once","spreadSeconds":0,"since":"{0}"}}}})",
                  to_rfc3339(test::kNow));
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"shop","uid":"{}","resourceVersion":"{}",)"
      R"("generation":1,"creationTimestamp":"{}"}},"spec":{{"schedule":"* * * * *",)"
      R"("podJobTemplate":{{"spec":{}}}}},"status":{}}})",
      name, Uid({3, uid}).to_string(), version, to_rfc3339(test::kNow - Seconds{3600}),
      template_spec, status.empty() ? decided : status);
}

/// In the pods of test::serving_pod; `more` is spliced into `target`: ",\"serviceName\":\"web\"".
inline std::string template_text(const std::string& more = "") {
  return R"({"target":{"selector":{"matchLabels":{"app":"shop"}})" + more +
         R"(},"exec":{"command":["true"]}})";
}

inline api::PodCronJob job_named(const std::string& name, std::uint64_t uid,
                                 const std::string& template_spec = template_text(),
                                 std::uint64_t version = 10) {
  auto job = api::Decoder().pod_cron_job(job_text(name, uid, version, template_spec));
  EXPECT_TRUE(job) << job.error().message;
  return *job;
}

/// The API server takes a status write of such a job.
inline void grant(Driver& driver, const KubeRequest& write, const std::string& name,
                  std::uint64_t uid, const std::string& template_spec = template_text()) {
  const auto at = write.body.find("\"status\":");
  ASSERT_NE(at, std::string::npos) << write.body;
  const std::string status = write.body.substr(at + 9, write.body.size() - at - 10);
  driver.answer(write, 200, job_text(name, uid, driver.next_version(), template_spec, status));
}

}  // namespace podcron::engine::testing
