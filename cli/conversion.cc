#include "cli/conversion.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "cli/schedule_source.h"
#include "cli/yaml_text.h"
#include "cli/zone_files.h"
#include "cron/duration.h"
#include "cron/quote.h"

namespace podcron::cli {
namespace {

using Json = nlohmann::ordered_json;

/// All that one command prints: aliases and settings that many jobs share can make a small source
/// large.
constexpr std::size_t kOutputBytesMax = 64u << 20;
/// Who has more of them has given the wrong file.
constexpr std::size_t kFaultsMax = 100;

constexpr std::string_view kEvery = "@every ";

/// Matches no pod, so that nothing runs before somebody has said where.
constexpr const char* kSelectorKey = "app";
constexpr const char* kSelectorValue = "FILL-IN";

Json to_json(const api::StringMap& map) {
  Json out = Json::object();
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

Json env_of(const api::StringMap& env) {
  Json out = Json::array();
  for (const auto& [name, value] : env) out.push_back({{"name", name}, {"value", value}});
  return out;
}

template <class T>
void put_if(Json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

void put_if(Json& out, const char* key, Json value) {
  if (!value.empty()) out[key] = std::move(value);
}

void put_if(Json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

Json template_of(const ConvertedJob& job) {
  Json run;
  run["target"]["selector"]["matchLabels"][kSelectorKey] = kSelectorValue;
  run["exec"]["command"] = job.command;
  put_if(run["exec"], "env", env_of(job.env));
  put_if(run["exec"], "stdin", job.stdin_text);
  run["activeDeadlineSeconds"] = job.active_deadline_seconds;
  put_if(run, "backoffLimit", job.backoff_limit);
  put_if(run, "ttlSecondsAfterFinished", job.ttl_seconds_after_finished);
  Json meta;
  put_if(meta, "labels", to_json(job.template_labels));
  put_if(meta, "annotations", to_json(job.template_annotations));
  Json out;
  put_if(out, "metadata", std::move(meta));
  out["spec"] = std::move(run);
  return out;
}

Json object_of(const ConvertedJob& job) {
  Json meta;
  meta["name"] = job.name;
  put_if(meta, "namespace", job.namespace_);
  put_if(meta, "labels", to_json(job.labels));
  put_if(meta, "annotations", to_json(job.annotations));
  Json spec;
  spec["schedule"] = job.schedule;
  spec["timeZone"] = job.time_zone;
  spec["daylightSaving"] = job.daylight_saving;
  put_if(spec, "startingDeadlineSeconds", job.starting_deadline_seconds);
  spec["concurrencyPolicy"] = job.concurrency_policy;
  spec["suspend"] = true;
  put_if(spec, "successfulJobsHistoryLimit", job.successful_jobs_history_limit);
  put_if(spec, "failedJobsHistoryLimit", job.failed_jobs_history_limit);
  spec["podJobTemplate"] = template_of(job);
  return {{"apiVersion", "podcron.dev/v1alpha1"},
          {"kind", "PodCronJob"},
          {"metadata", std::move(meta)},
          {"spec", std::move(spec)}};
}

std::string scalar_of(const Json& value) {
  return value.is_string() ? yaml_scalar(value.get_ref<const std::string&>()) : value.dump();
}

/// Block style throughout: a value on the line of its key, or indented below it.
void append_yaml(std::string& out, const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  if (value.is_array()) {
    for (const Json& item : value) {
      if (!item.is_structured()) {
        out += fmt::format("{}- {}\n", margin, scalar_of(item));
        continue;
      }
      const std::size_t begin = out.size();
      append_yaml(out, item, indent + 2);
      out[begin + indent] = '-';
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    out += fmt::format("{}{}:", margin, yaml_scalar(key));
    if (!item.is_structured()) {
      out += fmt::format(" {}\n", scalar_of(item));
      continue;
    }
    out += '\n';
    append_yaml(out, item, item.is_array() ? indent : indent + 2);
  }
}

/// The first field that this build cannot honour; empty when there is none.
std::string not_implemented_in(const Json& object) {
  Json stored = object;
  stored["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000";
  stored["metadata"]["resourceVersion"] = "1";
  if (!stored["metadata"].contains("namespace")) stored["metadata"]["namespace"] = "default";
  const auto decoded = api::Decoder().pod_cron_job(stored.dump());
  return decoded ? decoded->spec.not_implemented : "";
}

void append_list(std::string& out, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += fmt::format("# {}\n", title);
  for (const std::string& line : lines) out += fmt::format("# - {}\n", yaml_comment(line));
}

/// The CRD takes fewer ways to write a duration than Go does: no sign, no U+00B5.
bool is_plain_duration(std::string_view text) {
  return text.find_first_not_of("0123456789.hmnsu") == text.npos &&
         text.find_first_of("0123456789.") == 0;
}

bool ends_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// `name` cut so that `suffix` fits behind it; still a name that Kubernetes takes.
std::string with_suffix(std::string name, const std::string& suffix) {
  if (name.size() + suffix.size() > kNameBytesMax) name.resize(kNameBytesMax - suffix.size());
  while (!name.empty() && !ends_name(name.back())) name.pop_back();
  return name + suffix;
}

}  // namespace

std::string Conversion::free_name(const ConvertedJob& job) {
  std::string name = with_suffix(job.name, "");
  const auto [taken, is_free] = names_.insert({{job.namespace_, name}, 1});
  if (is_free) return name;
  do {
    name = with_suffix(job.name, fmt::format("-{}", ++taken->second));
  } while (!names_.insert({{job.namespace_, name}, 1}).second);
  return name;
}

void Conversion::add(ConvertedJob job) {
  if (full_) return;
  const std::string wanted = job.name;
  job.name = free_name(job);
  if (job.name != wanted && job.has_own_name) {
    job.differences.push_back(
        wanted.size() > kNameBytesMax
            ? fmt::format("metadata.name: {} has {} characters, a PodCronJob's name at most {}: "
                          "it is {} here",
                          cron::quote(wanted), wanted.size(), kNameBytesMax, job.name)
            : fmt::format("metadata.name: {} is taken by a job above: it is {} here",
                          cron::quote(wanted), job.name));
  }
  const Json object = object_of(job);
  if (const std::string field = not_implemented_in(object); !field.empty()) {
    job.differences.push_back(
        fmt::format("{} is not in this version of podcron: while it stands here, the object is "
                    "Ready=False, NotImplemented",
                    field));
  }
  std::string text = fmt::format("---\n# {}\n", yaml_comment(job.origin));
  append_list(text, "Fill in before suspend becomes false:", job.to_fill_in);
  append_list(text, "Differences from the source:", job.differences);
  append_yaml(text, object, 0);
  bytes_ += 2 * text.size();
  if (bytes_ > kOutputBytesMax) {
    full_ = true;
    faults_.push_back(
        fmt::format("{}: the output is larger than {} bytes; this and what follows "
                    "is left out, convert it in smaller files",
                    job.origin, kOutputBytesMax));
    return;
  }
  out_ += text;
  for (const std::vector<std::string>* lines : {&job.to_fill_in, &job.differences}) {
    for (const std::string& line : *lines) {
      notes_.push_back(yaml_comment(fmt::format("{}: {}", job.origin, line)));
    }
  }
}

void Conversion::add_fault(const std::string& message) {
  if (full_) return;
  faults_.push_back(yaml_comment(message));
  if (faults_.size() < kFaultsMax) return;
  full_ = true;
  faults_.push_back(fmt::format("more than {} errors: what follows is left out", kFaultsMax - 1));
}

void Conversion::add_note(const std::string& message) {
  bytes_ += message.size();
  if (bytes_ <= kOutputBytesMax) notes_.push_back(yaml_comment(message));
}

bool is_every(const std::string& schedule) { return schedule.starts_with(kEvery); }

Result<std::string> checked_schedule(const std::string& text, const std::string& time_zone,
                                     const std::string& zoneinfo_dir) {
  api::PodCronJob job;
  job.spec.schedule = text;
  job.spec.time_zone = time_zone;
  const auto zones = read_zone(zoneinfo_dir, time_zone);
  if (const auto schedule = schedule_of(*zones, job); !schedule) {
    return tl::unexpected(schedule.error());
  }
  std::string tidy;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\r\n\v\f", at)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\v\f", at), text.size());
    if (!tidy.empty()) tidy += ' ';
    tidy += text.substr(at, end - at);
    at = end;
  }
  if (is_every(tidy) && !is_plain_duration(tidy.substr(kEvery.size()))) {
    const auto seconds = cron::parse_go_duration(tidy.substr(kEvery.size()));
    tidy = fmt::format("{}{}s", kEvery, seconds.value_or(0));
  }
  const bool is_ascii = std::none_of(tidy.begin(), tidy.end(), [](char c) { return c < 0; });
  if (!is_ascii) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("got {}, wanted plain blanks between the fields", cron::quote(tidy)));
  }
  if (tidy.size() > kScheduleBytesMax) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("got {} bytes, wanted at most {}", tidy.size(), kScheduleBytesMax));
  }
  return tidy;
}

}  // namespace podcron::cli
