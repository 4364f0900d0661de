#include "cli/schedule_source.h"

#include <yaml-cpp/yaml.h>

#include <fmt/format.h>

#include "cli/manifest.h"
#include "cli/yaml_document.h"

namespace podcron::cli {
namespace {

/// Aliases can make many objects of a small file.
constexpr std::size_t kManifestObjectsMax = 100'000;

/// As kubectl prints the object: "spec.schedule: not a text".
Result<std::string> text_at(const YAML::Node& map, const char* key, std::string otherwise) {
  const YAML::Node node = map[key];
  if (!node || node.IsNull()) return otherwise;
  if (!node.IsScalar()) return fail(ErrorCode::kMalformed, fmt::format("{} is not a text", key));
  return node.as<std::string>();
}

Result<api::PodCronJob> read_job(const YAML::Node& document, const std::string& namespace_) {
  api::PodCronJob job;
  const YAML::Node meta = document["metadata"];
  const YAML::Node spec = document["spec"];
  if (!meta || !meta.IsMap()) return fail(ErrorCode::kMalformed, "metadata: missing");
  if (!spec || !spec.IsMap()) return fail(ErrorCode::kMalformed, "spec: missing");
  struct Field {
    const YAML::Node& map;
    const char* key;
    std::string& out;
    const char* prefix;
  };
  job.meta.namespace_ = namespace_;
  const Field fields[] = {
      {meta, "name", job.meta.name, "metadata."},
      {meta, "namespace", job.meta.namespace_, "metadata."},
      {spec, "schedule", job.spec.schedule, "spec."},
      {spec, "timeZone", job.spec.time_zone, "spec."},
      {spec, "daylightSaving", job.spec.daylight_saving, "spec."},
  };
  for (const Field& field : fields) {
    auto text = text_at(field.map, field.key, field.out);
    if (!text) return fail(text.error().code, field.prefix + text.error().message);
    field.out = std::move(*text);
  }
  if (job.spec.schedule.empty()) return fail(ErrorCode::kMalformed, "spec.schedule: missing");
  job.spec.suspend = spec["suspend"] && spec["suspend"].as<bool>(false);
  job.spec.spread_seconds = spec["spreadSeconds"] ? spec["spreadSeconds"].as<std::int32_t>(0) : 0;
  return job;
}

/// No List has another inside; an alias may, even itself.
enum class Lists : std::uint8_t { kOpen, kSkip };

Result<void> collect(const YAML::Node& document, const std::string& namespace_, Lists lists,
                     std::vector<api::PodCronJob>& out) {
  if (!document.IsMap()) return {};
  if (is_pod_cron_job(document)) {
    auto job = read_job(document, namespace_);
    if (!job) return tl::unexpected(job.error());
    if (out.size() == kManifestObjectsMax) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("more than {} PodCronJobs in one file", kManifestObjectsMax));
    }
    out.push_back(std::move(*job));
    return {};
  }
  const YAML::Node items = document["items"];
  if (lists == Lists::kSkip || !items || !items.IsSequence()) return {};
  for (const auto& item : items) {
    auto collected = collect(item, namespace_, Lists::kSkip, out);
    if (!collected) return collected;
  }
  return {};
}

}  // namespace

Result<std::vector<api::PodCronJob>> read_manifest(const std::string& path, std::string_view text,
                                                   const std::string& namespace_) {
  std::vector<api::PodCronJob> jobs;
  for (const auto& [line, document] : yaml_documents(text)) {
    const auto root = parse_yaml(path, line, document);
    if (!root) return tl::unexpected(root.error());
    if (auto collected = collect(*root, namespace_, Lists::kOpen, jobs); !collected) {
      return fail(collected.error().code, path + ": " + collected.error().message);
    }
  }
  if (jobs.empty()) {
    return fail(ErrorCode::kNotFound,
                path + ": no PodCronJob of podcron.dev/v1alpha1 in this file");
  }
  return jobs;
}

Result<Schedule> schedule_of(const ZoneDatabase& zones, const api::PodCronJob& job) {
  const bool is_object = !job.meta.name.empty();
  const auto zone = zones.find(job.spec.time_zone);
  if (!zone) {
    return fail(zone.error().code, (is_object ? "spec.timeZone: " : "") + zone.error().message);
  }
  const auto daylight_saving =
      job.spec.daylight_saving == "AsCronJob" ? DaylightSaving::kAsCronJob : DaylightSaving::kOnce;
  const std::string identity =
      is_object ? fmt::format("{}/{}", job.meta.namespace_, job.meta.name) : "";
  auto schedule = Schedule::parse(job.spec.schedule, *zone, daylight_saving, identity);
  if (!schedule) {
    return fail(schedule.error().code,
                (is_object ? "spec.schedule: " : "") + schedule.error().message);
  }
  return schedule;
}

}  // namespace podcron::cli
