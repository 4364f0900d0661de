#include "cli/left_out.h"

#include <span>
#include <string_view>

#include <fmt/format.h>

#include "cron/quote.h"

namespace podcron::cli {
namespace {

struct Row {
  std::string_view key;
  /// What holds instead. Empty: carried over, said elsewhere, or of no meaning outside its cluster.
  std::string_view instead = {};
  /// With this value the field says nothing.
  std::string_view harmless = {};
};

constexpr Row kObjectRows[] = {{"apiVersion"}, {"kind"}, {"metadata"}, {"spec"}, {"status"}};

constexpr Row kMetadataRows[] = {
    {"name"},
    {"namespace"},
    {"labels"},
    {"annotations"},
    {"uid"},
    {"resourceVersion"},
    {"generation"},
    {"creationTimestamp"},
    {"managedFields"},
    {"selfLink"},
    {"generateName", "a PodCronJob has a fixed name"},
    {"ownerReferences",
     "left out: the PodCronJob belongs to nobody, and stays when the owner goes"},
    {"finalizers", "left out"},
};

constexpr Row kCronSpecRows[] = {
    {"schedule"}, {"timeZone"},    {"startingDeadlineSeconds"},    {"concurrencyPolicy"},
    {"suspend"},  {"jobTemplate"}, {"successfulJobsHistoryLimit"}, {"failedJobsHistoryLimit"},
};

constexpr std::string_view kOneProcess =
    "left out: each scheduled time starts one process in one pod; strategy.count or strategy All "
    "would start it in several pods at once";
constexpr std::string_view kRetries =
    "left out: backoffLimit alone decides about retries, and only of runs that certainly did not "
    "succeed";

constexpr Row kJobSpecRows[] = {
    {"template"},
    {"activeDeadlineSeconds"},
    {"backoffLimit"},
    {"ttlSecondsAfterFinished"},
    {"parallelism", kOneProcess, "1"},
    {"completions", kOneProcess, "1"},
    {"completionMode", kOneProcess, "NonIndexed"},
    {"backoffLimitPerIndex", kOneProcess},
    {"maxFailedIndexes", kOneProcess},
    {"successPolicy", kOneProcess},
    {"podFailurePolicy", kRetries},
    {"podReplacementPolicy", kRetries},
    {"suspend", "left out: spec.suspend of the PodCronJob holds every run back", "false"},
    {"selector", "left out: podcron finds its runs by their names"},
    {"manualSelector", "left out: podcron finds its runs by their names", "false"},
    {"managedBy", "left out: podcron runs it"},
};

constexpr std::string_view kPodsOwn = "left out: that of the serving pod holds";
constexpr std::string_view kPlacing =
    "left out: it runs where the serving pods are; target and strategy choose among them";

constexpr Row kTemplateMetadataRows[] = {
    {"creationTimestamp"},
    {"name"},
    {"labels", "left out: no pod is made; those of the serving pod hold"},
    {"annotations", "left out: no pod is made; those of the serving pod hold"},
};

constexpr Row kPodSpecRows[] = {
    {"containers"},
    {"activeDeadlineSeconds"},
    {"restartPolicy"},
    {"imagePullSecrets"},
    {"initContainers", "left out: nothing runs before the command; the serving pod's have run"},
    {"volumes", "left out: the process sees the volumes of the serving container"},
    {"serviceAccountName",
     "left out: the process has the serving pod's account; a PodCronJob's serviceAccountName is "
     "the account that may start it"},
    {"serviceAccount"},
    {"automountServiceAccountToken", kPodsOwn},
    {"nodeSelector", kPlacing},
    {"nodeName", kPlacing},
    {"affinity", kPlacing},
    {"tolerations", kPlacing},
    {"topologySpreadConstraints", kPlacing},
    {"priority", kPodsOwn},
    {"priorityClassName", kPodsOwn},
    {"preemptionPolicy", kPodsOwn},
    {"runtimeClassName", kPodsOwn},
    {"securityContext", kPodsOwn},
    {"hostNetwork", kPodsOwn, "false"},
    {"hostPID", kPodsOwn, "false"},
    {"hostIPC", kPodsOwn, "false"},
    {"hostAliases", kPodsOwn},
    {"dnsConfig", kPodsOwn},
    {"dnsPolicy", kPodsOwn, "ClusterFirst"},
    {"enableServiceLinks", kPodsOwn, "true"},
    {"schedulerName", kPlacing, "default-scheduler"},
    {"terminationGracePeriodSeconds", kPodsOwn, "30"},
    {"shareProcessNamespace", kPodsOwn, "false"},
};

constexpr std::string_view kNotForTheRun = "left out: the serving container's own hold";

constexpr Row kContainerRows[] = {
    {"name"},
    {"image"},
    {"command"},
    {"args"},
    {"env"},
    {"imagePullPolicy"},
    {"envFrom",
     "left out: the process has the environment of the serving container; what came from there "
     "must be in it"},
    {"resources", "left out: the process shares CPU and memory limits of the serving container"},
    {"volumeMounts", "left out: the process sees the volumes of the serving container"},
    {"volumeDevices", "left out: the process sees the volumes of the serving container"},
    {"workingDir",
     "left out: the command starts in the working directory of the serving container"},
    {"securityContext", "left out: user and rights are those of the serving container"},
    {"ports", kNotForTheRun},
    {"livenessProbe", kNotForTheRun},
    {"readinessProbe", kNotForTheRun},
    {"startupProbe", kNotForTheRun},
    {"lifecycle", kNotForTheRun},
    {"resizePolicy", kNotForTheRun},
    {"stdin", "left out: the command gets an empty standard input", "false"},
    {"stdinOnce", "left out: the command gets an empty standard input", "false"},
    {"tty", "left out: the command gets no terminal", "false"},
    {"terminationMessagePath", "left out: the end of the output is kept (outputPolicy)",
     "/dev/termination-log"},
    {"terminationMessagePolicy", "left out: the end of the output is kept (outputPolicy)", "File"},
};

std::span<const Row> rows_of(Level level) {
  switch (level) {
    case Level::kObject:
      return kObjectRows;
    case Level::kMetadata:
      return kMetadataRows;
    case Level::kCronSpec:
      return kCronSpecRows;
    case Level::kJobSpec:
      return kJobSpecRows;
    case Level::kTemplateMetadata:
      return kTemplateMetadataRows;
    case Level::kPodSpec:
      return kPodSpecRows;
    case Level::kContainer:
      return kContainerRows;
  }
  return {};
}

}  // namespace

void append_left_out(const YamlPlace& place, Level level, std::vector<std::string>& differences) {
  for (const auto& [key, value] : place.fields()) {
    const Row* found = nullptr;
    for (const Row& row : rows_of(level)) {
      if (row.key == key) found = &row;
    }
    if (value.is_nothing() || (found != nullptr && found->instead.empty())) continue;
    const bool is_scalar = !value.is_map() && !value.is_list();
    const std::string text = is_scalar ? value.text() : "";
    if (found != nullptr && !found->harmless.empty() && text == found->harmless) continue;
    differences.push_back(
        fmt::format("{}{}: {}", value.way(), text.empty() ? "" : " " + cron::quote(text),
                    found == nullptr ? "left out: this version of podcron knows no such field"
                                     : found->instead));
  }
}

}  // namespace podcron::cli
