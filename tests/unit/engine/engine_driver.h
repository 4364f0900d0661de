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
      if (auto* task = std::get_if<HttpTask>(&effect)) http_tasks_.push_back(std::move(*task));
      if (auto* asked = std::get_if<AskStrategy>(&effect)) questions_.push_back(std::move(*asked));
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

  /// The oldest waiting request whose path holds `part` and ends so, taken; nullopt: there is none.
  std::optional<KubeRequest> take_request(std::string_view part, std::string_view end = "") {
    const auto at = std::find_if(requests_.begin(), requests_.end(), [&](const KubeRequest& r) {
      return r.path.find(part) != std::string::npos && r.path.ends_with(end);
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
  std::vector<HttpTask> take_http_tasks() { return std::exchange(http_tasks_, {}); }
  std::vector<AskStrategy> take_questions() { return std::exchange(questions_, {}); }
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
    // Our own sign of life; an election is the test's to decide.
    const std::string_view name = "podcron-holder-";
    if (request.path.find("/leases") == std::string::npos) return false;
    if ((request.path + request.body).find(name) == std::string::npos) return false;
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
  std::vector<HttpTask> http_tasks_;
  std::vector<AskStrategy> questions_;
  std::vector<EffectId> cancelled_;
  std::vector<Metric> metrics_;
  Engine engine_;
};

/// A PodCronJob of namespace shop at every minute, decided up to kNow; its text, as the API server
/// answers. `template_spec` is podJobTemplate.spec.
inline std::string job_text(const std::string& name, std::uint64_t uid, std::uint64_t version,
                            const std::string& template_spec, const std::string& status = "") {
  // One JSON text, whose dull parts are those of every PodCronJob.
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

/// test::serving_pod as the API server answers.
inline std::string pod_text(std::uint64_t version, const std::string& container_id = "",
                            const std::string& ip = "10.244.1.7") {
  const api::Pod pod = test::serving_pod();
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"shop","uid":"{}","resourceVersion":"{}",)"
      R"("generateName":"shop-7c9d-","labels":{{"app":"shop","podcron.dev/serving":"true"}},)"
      R"("ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"shop-7c9d",)"
      R"("uid":"{}","controller":true}}]}},"spec":{{"containers":[{{"name":"app",)"
      R"("ports":[{{"name":"http","containerPort":8080}}]}}]}},)"
      R"("status":{{"podIP":"{}","phase":"Running","conditions":[{{"type":"Ready","status":"True",)"
      R"("lastTransitionTime":"{}"}}],"containerStatuses":[{{"name":"app","containerID":"{}",)"
      R"("ready":true,"started":true,"state":{{"running":{{}}}}}}]}}}})",
      pod.meta.name, pod.meta.uid.to_string(), version, test::kReplicaSetUid.to_string(), ip,
      to_rfc3339(*pod.ready_since), container_id.empty() ? test::running_id() : container_id);
}

/// One PodCronJob whose runs a test takes through their life. Everything is listed, and the first
/// write of conditions is answered.
class OneJob {
 public:
  explicit OneJob(std::string template_spec = template_text(),
                  EngineConfig config = Driver::config_of())
      : driver(std::move(config)), template_spec_(std::move(template_spec)) {
    using kube::ObjectKind;
    driver.list(ObjectKind::kPodCronJob, {job_named("digest", 1, template_spec_)});
    driver.list(ObjectKind::kPod, {test::serving_pod()});
    driver.list_the_rest();
    grant_status();
  }
  /// Answers the status write that waits; its body, or "" when there is none.
  std::string grant_status() {
    const auto write = driver.take_request("podcronjobs/digest/status");
    if (!write) return "";
    status_ = status_in(write->body);
    driver.answer(*write, 200, job());
    return write->body;
  }
  /// Answers the permit of the run that was just claimed; false: none was asked for.
  bool permit_only() {
    const auto create = driver.take_request("namespaces/shop", "/podjobs");
    if (!create) return false;
    record_ = create->body;
    ++records_;
    answer_record(*create, 201);
    return true;
  }
  /// Answers permit, parent and pod; what is dialled then.
  std::vector<ExecTask> permit(const std::string& ip = "10.244.1.7") {
    const bool permitted = permit_only();
    EXPECT_TRUE(permitted) << "no permit was asked for";
    if (!permitted) return {};
    const auto parent = driver.take_request("podcronjobs", "/digest");
    EXPECT_TRUE(parent);
    if (parent) driver.answer(*parent, 200, job());
    return read_pod(ip);
  }
  std::vector<ExecTask> read_pod(const std::string& ip = "10.244.1.7") {
    const auto pod = driver.take_request("/pods/");
    EXPECT_TRUE(pod);
    if (pod) driver.answer(*pod, 200, pod_text(driver.next_version(), "", ip));
    return driver.take_tasks();
  }
  /// Answers the write of the run's status; its body.
  std::string grant_record() {
    const auto write = driver.take_request("/podjobs/", "/status");
    if (!write) return "";
    const std::string spec = record_.substr(0, record_.find(",\"status\":"));
    const bool first = spec.size() == record_.size();
    record_ = (first ? spec.substr(0, spec.size() - 1) : spec) +
              ",\"status\":" + status_in(write->body) + "}";
    answer_record(*write, 200);
    return write->body;
  }
  void end(const ExecTask& task, api::ExecReport report) {
    driver.step(TaskEnded{task.id, std::move(report)});
  }
  void end(const HttpTask& task, int status) {
    api::HttpReport report;
    report.end = api::HttpEnd::kAnswered;
    report.status = status;
    driver.step(TaskEnded{task.id, std::move(report)});
  }
  static api::ExecReport not_found() {
    api::ExecReport report;
    report.end = api::ExecEnd::kClosed;
    report.status_json = R"({"status":"Failure","message":"executable file not found in $PATH"})";
    return report;
  }
  static api::ExecReport exited(int code) {
    api::ExecReport report;
    report.end = api::ExecEnd::kClosed;
    report.subprotocol = "v4.channel.k8s.io";
    report.status_json =
        code == 0 ? R"({"status":"Success"})"
                  : fmt::format(R"({{"status":"Failure","reason":"NonZeroExitCode","details":)"
                                R"({{"causes":[{{"reason":"ExitCode","message":"{}"}}]}}}})",
                                code);
    return report;
  }

  Driver driver;

  /// The PodCronJob as the API server has it now.
  [[nodiscard]] std::string job() {
    return job_text("digest", 1, driver.next_version(), template_spec_, status_);
  }

 private:
  /// Of a merge patch, in which `status` comes last.
  static std::string status_in(const std::string& patch) {
    const auto at = patch.find("\"status\":");
    return patch.substr(at + 9, patch.size() - at - 10);
  }
  void answer_record(const KubeRequest& request, int http_status) {
    std::string body = record_;
    const std::string meta = "\"metadata\":{";
    body.insert(body.find(meta) + meta.size(),
                fmt::format(R"("uid":"{}","resourceVersion":"{}",)", Uid({4, records_}).to_string(),
                            driver.next_version()));
    driver.answer(request, http_status, body);
  }

  std::string template_spec_;
  std::string status_;
  std::string record_;
  std::uint64_t records_ = 0;
};

}  // namespace podcron::engine::testing
