#include "cli/cron_job_source.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/left_out.h"
#include "cli/yaml_document.h"
#include "cli/yaml_place.h"
#include "cron/quote.h"

namespace podcron::cli {
namespace {

using cron::quote;

constexpr std::size_t kLabelsMax = 32;  // of podJobTemplate.metadata
constexpr std::size_t kAnnotationBytesMax = 4096;

struct Numbers {
  std::int64_t min;
  std::int64_t max;
};
constexpr Numbers kStartingDeadlines{1, 31'536'000};
constexpr Numbers kActiveDeadlines{1, 604'800};
constexpr Numbers kHistoryLimits{0, 1000};
constexpr Numbers kBackoffLimits{0, 100};
constexpr Numbers kLifetimes{0, 2'147'483'647};

/// Reads one CronJob. Wrong types become faults of the source; the caller asks for them at the end.
class CronJobReader {
 public:
  CronJobReader(const YamlPlace& object, const ConversionOptions& options)
      : object_(object), options_(options) {}

  ConvertedJob read();

 private:
  void read_metadata();
  void read_schedule();
  void read_policies();
  void read_job(const YamlPlace& job);
  void read_container(const YamlPlace& pod);
  void read_command(const YamlPlace& container);
  void read_env(const YamlPlace& env);
  void name_target(const YamlPlace& pod_template);

  void differ(std::string text) { job_.differences.push_back(std::move(text)); }
  std::optional<std::int64_t> within(const YamlPlace& place, Numbers allowed);
  [[nodiscard]] api::StringMap small_map(const YamlPlace& place, std::size_t bytes_max);

  const YamlPlace& object_;
  const ConversionOptions& options_;
  ConvertedJob job_;
};

/// The value, or the nearest one that the CRD takes.
std::optional<std::int64_t> CronJobReader::within(const YamlPlace& place, Numbers allowed) {
  const auto value = place.number();
  if (!value) return value;
  const std::int64_t taken = std::clamp(*value, allowed.min, allowed.max);
  if (taken != *value) {
    differ(fmt::format("{} {}: a PodCronJob takes {} to {}, it is {} here", place.way(), *value,
                       allowed.min, allowed.max, taken));
  }
  return taken;
}

/// Labels or annotations of the template without what the CRD refuses.
api::StringMap CronJobReader::small_map(const YamlPlace& place, std::size_t bytes_max) {
  api::StringMap out;
  for (auto& [key, value] : place.text_map()) {
    if (out.size() == kLabelsMax || value.size() > bytes_max || key.starts_with("podcron.dev/")) {
      differ(
          fmt::format("{}: {} is left out; a PodCronJob takes {} of at most {} bytes, and none "
                      "that begin with podcron.dev/",
                      place.way(), quote(key), kLabelsMax, bytes_max));
    } else {
      out.emplace_back(key, value);
    }
  }
  return out;
}

void CronJobReader::read_metadata() {
  const YamlPlace meta = object_.at("metadata");
  if (!meta.present()) meta.wanted("a map with a name");
  const YamlPlace name = meta.at("name");
  job_.name = name.text();
  const bool is_name =
      !job_.name.empty() &&
      job_.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos &&
      job_.name.front() != '-' && job_.name.front() != '.';
  if (!is_name && meta.present()) name.wanted("a name of lowercase letters, digits, '-' and '.'");
  job_.namespace_ = meta.at("namespace").text();
  job_.labels = meta.at("labels").text_map();
  for (auto& [key, value] : meta.at("annotations").text_map()) {
    // Made by kubectl apply from the object that this one no longer is.
    if (key == "kubectl.kubernetes.io/last-applied-configuration") continue;
    job_.annotations.emplace_back(key, value);
  }
  append_left_out(meta, Level::kMetadata, job_.differences);
}

void CronJobReader::read_schedule() {
  const YamlPlace spec = object_.at("spec");
  const YamlPlace schedule = spec.at("schedule");
  const YamlPlace zone = spec.at("timeZone");
  std::string text = schedule.text();
  job_.time_zone = zone.text();
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const std::size_t blank = std::min(text.find_first_of(" \t"), text.size());
    const std::size_t equals = text.find('=');
    const std::string prefix = text.substr(equals + 1, blank - equals - 1);
    if (zone.present()) {
      return schedule.wrong(
          fmt::format("got the zone {} before the schedule and spec.timeZone {}, "
                      "wanted spec.timeZone alone",
                      quote(prefix), quote(job_.time_zone)));
    }
    job_.time_zone = prefix;
    text.erase(0, blank);
    differ(fmt::format("spec.schedule: the zone before it is in timeZone {} here", prefix));
  }
  if (text.find_first_not_of(" \t") == std::string::npos) {
    return schedule.wanted("a schedule such as \"0 3 * * *\"");
  }
  if (job_.time_zone.empty()) {
    job_.time_zone = options_.zone.empty() ? "UTC" : options_.zone;
    differ(
        fmt::format("spec.timeZone: missing, which means the zone of kube-controller-manager "
                    "(UTC in nearly every cluster); it is {} here (--zone ZONE)",
                    job_.time_zone));
  }
  const auto checked = checked_schedule(text, job_.time_zone, options_.zoneinfo_dir);
  if (!checked) return schedule.wrong(checked.error().message);
  job_.schedule = *checked;
  const bool is_macro = job_.schedule.starts_with('@');
  if (!is_macro && std::count(job_.schedule.begin(), job_.schedule.end(), ' ') != 4) {
    return schedule.wrong(fmt::format("got 6 fields in {}, wanted 5: a CronJob has no seconds",
                                      quote(job_.schedule)));
  }
  job_.daylight_saving = "AsCronJob";
  if (is_every(job_.schedule)) {
    differ(
        fmt::format("spec.schedule: {} counts from the Unix epoch; a CronJob counts from its "
                    "last run, so its times are others",
                    job_.schedule));
  } else if (job_.time_zone != "UTC" && job_.time_zone != "Etc/UTC") {
    differ(
        "daylightSaving: AsCronJob keeps a CronJob's rule (a time that the clock leaves out does "
        "not run, one that comes twice runs twice); podcron's default Once runs each once");
  }
}

std::string meaning_of(const std::string& policy) {
  if (policy == "Allow") {
    return "two runs never share a pod: the second goes to another pod, or waits for one";
  }
  if (policy == "Forbid") {
    return "a time that is due during a run is recorded as skipped; a CronJob would start it late, "
           "when that run ends";
  }
  return "the old process is ended first, and the new one waits until that is certain";
}

void CronJobReader::read_policies() {
  const YamlPlace spec = object_.at("spec");
  const YamlPlace policy = spec.at("concurrencyPolicy");
  job_.concurrency_policy = policy.present() ? policy.text() : "Allow";
  if (job_.concurrency_policy != "Allow" && job_.concurrency_policy != "Forbid" &&
      job_.concurrency_policy != "Replace") {
    policy.wanted("Allow, Forbid or Replace");
  }
  differ(fmt::format("spec.concurrencyPolicy: {}{}: {}", job_.concurrency_policy,
                     policy.present() ? "" : ", a CronJob's default (podcron's is Forbid)",
                     meaning_of(job_.concurrency_policy)));
  const YamlPlace deadline = spec.at("startingDeadlineSeconds");
  job_.starting_deadline_seconds = within(deadline, kStartingDeadlines);
  differ(deadline.present()
             ? "spec.startingDeadlineSeconds: also ends the wait for a pod that may be chosen"
             : "spec.startingDeadlineSeconds: missing, which means no limit in a CronJob; here a "
               "run may start until the next scheduled time, at most 4 h late");
  const bool suspended = spec.at("suspend").truth().value_or(false);
  differ(fmt::format(
      "spec.suspend: true, the CronJob has {}: suspend the CronJob before this becomes false, or "
      "the work is done twice; un-suspending runs no time of the past, a CronJob's latest runs",
      suspended));
  const YamlPlace succeeded = spec.at("successfulJobsHistoryLimit");
  const YamlPlace failed = spec.at("failedJobsHistoryLimit");
  job_.successful_jobs_history_limit = within(succeeded, kHistoryLimits);
  job_.failed_jobs_history_limit = within(failed, kHistoryLimits);
  if (succeeded.present() || failed.present()) {
    differ(
        "spec.successfulJobsHistoryLimit, failedJobsHistoryLimit: count PodJobs, which are records "
        "without a pod and its log; a run whose end nobody saw counts as failed");
  }
}

void CronJobReader::read_job(const YamlPlace& job) {
  const YamlPlace spec = job.at("spec");
  if (!spec.is_map()) return spec.wanted("a map with a template");
  const YamlPlace pod = spec.at("template").at("spec");
  if (!pod.is_map()) return pod.wanted("a map with containers");
  job_.template_labels = small_map(job.at("metadata").at("labels"), 63);
  job_.template_annotations = small_map(job.at("metadata").at("annotations"), kAnnotationBytesMax);
  name_target(spec.at("template"));
  read_container(pod);
  const YamlPlace active = spec.at("activeDeadlineSeconds");
  const YamlPlace pods_active = pod.at("activeDeadlineSeconds");
  const auto limit = within(active.present() ? active : pods_active, kActiveDeadlines);
  job_.active_deadline_seconds = limit.value_or(job_.active_deadline_seconds);
  differ(limit ? fmt::format("{}: a run that is stopped by it ends as Failed only if its end is "
                             "certain, else as Unknown",
                             (active.present() ? active : pods_active).way())
               : fmt::format("{}: missing, which means no limit in a Job; it is {} here",
                             active.way(), job_.active_deadline_seconds));
  const YamlPlace backoff = spec.at("backoffLimit");
  job_.backoff_limit = within(backoff, kBackoffLimits);
  differ(fmt::format("{}: {}", backoff.way(),
                     backoff.present()
                         ? "retries only a run that certainly did not succeed, never an Unknown one"
                         : "missing, which means 6 retries in a Job; here there are none"));
  const YamlPlace restart = pod.at("restartPolicy");
  if (restart.present()) {
    differ(fmt::format("{} {}: left out; a command that fails is not restarted in its pod",
                       restart.way(), quote(restart.text())));
  }
  const YamlPlace lifetime = spec.at("ttlSecondsAfterFinished");
  job_.ttl_seconds_after_finished = within(lifetime, kLifetimes);
  if (lifetime.present()) {
    differ(fmt::format("{}: deletes the PodJob, which is a record; no pod goes with it",
                       lifetime.way()));
  }
  append_left_out(spec, Level::kJobSpec, job_.differences);
  append_left_out(spec.at("template").at("metadata"), Level::kTemplateMetadata, job_.differences);
  append_left_out(pod, Level::kPodSpec, job_.differences);
}

void CronJobReader::name_target(const YamlPlace& pod_template) {
  std::string labels;
  for (const auto& [key, value] : pod_template.at("metadata").at("labels").text_map()) {
    labels += fmt::format("{}{}={}", labels.empty() ? "" : ",", key, value);
  }
  job_.to_fill_in.push_back(fmt::format(
      "spec.podJobTemplate.spec.target.selector: the labels of the pods that serve the app{}; "
      "app: FILL-IN matches none",
      labels.empty() ? ""
                     : fmt::format(" (those that the CronJob gave its pods: {})", quote(labels))));
}

void CronJobReader::read_container(const YamlPlace& pod) {
  const std::vector<YamlPlace> containers = pod.at("containers").items();
  if (containers.empty() || !containers.front().is_map()) {
    return pod.at("containers").wrong("got no container, wanted the one whose command is run");
  }
  const YamlPlace& container = containers.front();
  const std::string image = container.at("image").text();
  differ(fmt::format(
      "{}: no pod is made from {}; the command runs as a new process in a container that serves, "
      "with its image, user, files, environment and limits, and ends when that container ends",
      container.way(), image.empty() ? "an image" : quote(image)));
  for (std::size_t i = 1; i < containers.size(); ++i) {
    differ(fmt::format("{} {}: left out; a PodCronJob runs one command", containers[i].way(),
                       quote(containers[i].at("name").text())));
  }
  read_command(container);
  read_env(container.at("env"));
  append_left_out(container, Level::kContainer, job_.differences);
}

void CronJobReader::read_command(const YamlPlace& container) {
  const YamlPlace command = container.at("command");
  job_.command = command.texts();
  const std::vector<std::string> arguments = container.at("args").texts();
  if (job_.command.empty()) {
    job_.command.emplace_back("fill-in-the-program");
    job_.to_fill_in.push_back(fmt::format(
        "spec.podJobTemplate.spec.exec.command: the program, by its path in the serving container; "
        "the CronJob leaves it to the image {}",
        quote(container.at("image").text())));
  }
  job_.command.insert(job_.command.end(), arguments.begin(), arguments.end());
  if (job_.command.front().empty()) command.wanted("the program to run first");
  if (job_.command.size() > kWordsMax) {
    command.wrong(
        fmt::format("got {} words with args, wanted at most {}", job_.command.size(), kWordsMax));
  }
  bool expands = false;
  for (const std::string& word : job_.command) {
    if (word.size() > kWordBytesMax) {
      command.wrong(
          fmt::format("got a word of {} bytes, wanted at most {}", word.size(), kWordBytesMax));
    }
    expands = expands || word.find("$(") != std::string::npos;
  }
  if (expands) {
    differ(
        fmt::format("{}: $(NAME) is filled in for podcron's own names only (PODCRON_RUN_ID and "
                    "the like); a shell can read the environment",
                    command.way()));
  }
}

void CronJobReader::read_env(const YamlPlace& env) {
  std::string left_out;
  for (const YamlPlace& variable : env.items()) {
    const std::string name = variable.at("name").text();
    const std::string value = variable.at("value").text();
    const bool is_name = !name.empty() && (name.front() < '0' || name.front() > '9') &&
                         name.size() <= kVariableNameBytesMax &&
                         std::all_of(name.begin(), name.end(), [](char c) {
                           return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                  (c >= 'A' && c <= 'Z');
                         });
    const bool is_taken = std::any_of(job_.env.begin(), job_.env.end(),
                                      [&](const auto& pair) { return pair.first == name; });
    if (variable.at("valueFrom").present() || !is_name || is_taken ||
        name.starts_with("PODCRON_") || value.size() > kWordBytesMax ||
        job_.env.size() == kVariablesMax) {
      left_out += fmt::format("{}{}", left_out.empty() ? "" : ", ", quote(name));
    } else {
      job_.env.emplace_back(name, value);
    }
  }
  if (!left_out.empty()) {
    differ(
        fmt::format("{}: {} left out, which a PodCronJob cannot set; the serving container must "
                    "have it",
                    env.way(), left_out));
  }
  if (!job_.env.empty()) {
    differ(
        fmt::format("{}: added to the environment of the serving container by its program env; "
                    "a name that both have gets the value from here",
                    env.way()));
  }
}

ConvertedJob CronJobReader::read() {
  read_metadata();
  const YamlPlace spec = object_.at("spec");
  if (!spec.is_map()) {
    spec.wanted("a map with schedule and jobTemplate");
    return std::move(job_);
  }
  read_schedule();
  read_policies();
  read_job(spec.at("jobTemplate"));
  append_left_out(spec, Level::kCronSpec, job_.differences);
  append_left_out(object_, Level::kObject, job_.differences);
  job_.origin = fmt::format("{}:{}: CronJob {}{}", options_.path, object_.line(),
                            job_.namespace_.empty() ? "" : job_.namespace_ + "/", job_.name);
  return std::move(job_);
}

void convert_object(const YamlPlace& object, YamlSource& source, const ConversionOptions& options,
                    Conversion& conversion) {
  const std::string kind = object.at("kind").text();
  const std::string version = object.at("apiVersion").text();
  const bool is_of_batch = version.starts_with("batch/") || version.empty();
  if (!object.is_map() || kind.empty()) {
    object.wanted("an object with apiVersion and kind");
  } else if (kind != "CronJob" || !is_of_batch) {
    conversion.add_note(
        fmt::format("{}:{}: {} {} is left out, only CronJobs of batch/v1 are "
                    "converted",
                    source.path, object.line(), quote(version), quote(kind)));
  } else if (version != "batch/v1" && version != "batch/v1beta1") {
    object.at("apiVersion").wanted("batch/v1");
  } else {
    ConvertedJob job = CronJobReader(object, options).read();
    if (source.faults.empty()) conversion.add(std::move(job));
  }
  for (const std::string& fault : std::exchange(source.faults, {})) conversion.add_fault(fault);
}

void convert_document(const YAML::Node& document, YamlSource& source,
                      const ConversionOptions& options, Conversion& conversion) {
  const YamlPlace root(source, document, "");
  if (!root.present()) return;
  const YamlPlace items = root.at("items");
  // `kubectl get -o yaml` answers with a List; none of them has another inside.
  if (items.is_list() && !root.at("spec").present()) {
    for (const YamlPlace& item : items.items()) {
      if (conversion.full()) return;
      convert_object(item.as_root(), source, options, conversion);
    }
    return;
  }
  convert_object(root, source, options, conversion);
}

}  // namespace

void convert_cron_jobs(std::string_view text, const ConversionOptions& options,
                       Conversion& conversion) {
  for (const auto& [line, document] : yaml_documents(text)) {
    if (conversion.full()) return;
    const auto root = parse_yaml(options.path, line, document);
    if (!root) {
      conversion.add_fault(root.error().message);
      continue;
    }
    YamlSource source{options.path, line, {}};
    convert_document(*root, source, options, conversion);
  }
}

}  // namespace podcron::cli
