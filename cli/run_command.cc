// kubectl podcron run: a PodJob by hand, and how it ends; suspend and resume: the schedule's
// switch.
#include <utility>

#include <fmt/format.h>

#include "api/codec.h"
#include "api/json_writer.h"
#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/runs.h"
#include "cli/snapshot.h"
#include "kube/paths.h"

namespace podcron::cli {
namespace {

constexpr Millis kLookEvery{500};
constexpr int kFailed = 1;
constexpr int kUnknown = 2;
constexpr int kInterrupted = 130;  // as shells say it of SIGINT

/// From the template as it stands in the cluster. Owned as `kubectl create job --from` does it:
/// without blockOwnerDeletion, which would ask for rights on the PodCronJob's finalizers.
std::string new_pod_job(const api::PodCronJob& job) {
  api::JsonWriter json(1024 + job.spec.job_json.size());
  const auto map = [&](const char* name, const api::StringMap& entries) {
    json.begin_object(name);
    for (const auto& [key, value] : entries) {
      if (key == api::kHolderAnnotation) continue;  // the controller's alone
      json.foreign_key(key);
      json.string(value);
    }
    json.end_object();
  };
  json.begin_object();
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.word("kind", "PodJob");
  json.begin_object("metadata");
  json.text("generateName", job.meta.name + "-manual-");
  map("labels", job.spec.template_labels);
  map("annotations", job.spec.template_annotations);
  json.begin_array("ownerReferences");
  json.begin_object();
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.word("kind", "PodCronJob");
  json.text("name", job.meta.name);
  json.word("uid", job.meta.uid.to_string());
  json.boolean("controller", true);
  json.end_object();
  json.end_array();
  json.end_object();
  json.begin_object("spec");
  const std::string_view spec = job.spec.job_json;
  if (spec.size() > 2) json.raw(spec.substr(1, spec.size() - 2));
  json.text("podCronJobName", job.meta.name);
  json.number("podCronJobGeneration", job.meta.generation);
  json.end_object();
  json.end_object();
  return json.take();
}

int exit_code_of(api::PodJobPhase phase) {
  if (phase == api::PodJobPhase::kSucceeded) return 0;
  return phase == api::PodJobPhase::kFailed ? kFailed : kUnknown;
}

/// Follows the run to its end. Requests that fail are made again: the run does not care.
class Follower {
 public:
  Follower(ApiServer& server, const RunCommand& command, const Surroundings& surroundings)
      : server_(server), command_(command), surroundings_(surroundings) {}

  Printout follow(const api::PodJob& made, std::string body) {
    Printout printout;
    const std::string& name = made.meta.name;
    const std::string path = kube::pod_job_path(made.meta.namespace_, name);
    api::PodJob record = made;
    say(record);
    while (!is_final(record.status.phase)) {
      if (!surroundings_.pause(kLookEvery)) {
        printout.notes.push_back(fmt::format(
            "interrupted: {} goes on; kubectl podcron runs {} shows it", name, command_.name));
        printout.exit_code = kInterrupted;
        return printout;
      }
      auto found = server_.get(path);
      if (!found && found.error().code == ErrorCode::kNotFound) return gone(name);
      if (!found) continue;
      auto read = api::Decoder().pod_job(*found);
      if (!read || read->meta.uid != made.meta.uid) return gone(name);
      record = std::move(*read);
      body = std::move(*found);
      say(record);
    }
    printout.exit_code = exit_code_of(record.status.phase);
    if (command_.output == RunOutput::kJson) printout.out = body;
    if (command_.output == RunOutput::kName) printout.out = "podjob.podcron.dev/" + name + "\n";
    return printout;
  }

 private:
  static Printout gone(const std::string& name) {
    return {"", {fmt::format("{} was deleted; how it ended is not known", name)}, kUnknown};
  }
  /// One line a phase, and one more when it says why it waits.
  void say(const api::PodJob& record) {
    if (command_.output != RunOutput::kText) return;
    std::string word =
        fmt::format("{} {}", static_cast<int>(record.status.phase), record.status.reason);
    if (word == said_) return;
    said_ = std::move(word);
    surroundings_.say(phase_line(record));
  }

  ApiServer& server_;
  const RunCommand& command_;
  const Surroundings& surroundings_;
  std::string said_;
};

}  // namespace

Result<Printout> run_run(const RunCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  const auto job = get_pod_cron_job(**server, choice->namespace_, command.name);
  if (!job) return tl::unexpected(job.error());
  auto body = (*server)->create(kube::pod_jobs_path(choice->namespace_), new_pod_job(*job));
  if (!body) return tl::unexpected(body.error());
  const auto made = api::Decoder().pod_job(*body);
  if (!made) return tl::unexpected(made.error());
  const std::string name = "podjob.podcron.dev/" + made->meta.name;
  if (command.wait) {
    if (command.output == RunOutput::kText) surroundings.say(name + " created");
    return Follower(**server, command, surroundings).follow(*made, std::move(*body));
  }
  switch (command.output) {
    case RunOutput::kText:
      return Printout{name + " created\n", {}, 0};
    case RunOutput::kName:
      return Printout{name + "\n", {}, 0};
    case RunOutput::kJson:
      return Printout{std::move(*body), {}, 0};
  }
  return Printout{};
}

Result<Printout> run_suspend(const SuspendCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  const auto job = get_pod_cron_job(**server, choice->namespace_, command.name);
  if (!job) return tl::unexpected(job.error());
  const std::string name = "podcronjob.podcron.dev/" + command.name;
  if (job->spec.suspend == command.suspend) {
    return Printout{
        name + (command.suspend ? " was suspended already\n" : " was not suspended\n"), {}, 0};
  }
  const auto written =
      (*server)->merge_patch(kube::pod_cron_job_path(choice->namespace_, command.name),
                             fmt::format(R"({{"spec":{{"suspend":{}}}}})", command.suspend));
  if (!written) return tl::unexpected(written.error());
  return Printout{name + (command.suspend ? " suspended\n" : " resumed\n"), {}, 0};
}

}  // namespace podcron::cli
