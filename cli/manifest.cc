#include "cli/manifest.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "api/codec.h"
#include "cli/yaml_document.h"
#include "kube/paths.h"

namespace podcron::cli {
namespace {

std::string text_of(const YAML::Node& map, const char* key) {
  const YAML::Node node = map.IsMap() ? map[key] : YAML::Node();
  return node && node.IsScalar() ? node.as<std::string>() : "";
}

/// Where a field can be put behind metadata.name.
void place_name(const YAML::Node& meta, Manifest& manifest) {
  manifest.versioned = !text_of(meta, "resourceVersion").empty();
  for (const auto& field : meta) {
    if (field.first.as<std::string>("") != "name") continue;
    manifest.name_at = static_cast<std::size_t>(field.second.Mark().pos);
    const auto indent = static_cast<std::size_t>(field.first.Mark().column);
    manifest.separator =
        meta.Style() == YAML::EmitterStyle::Flow ? ", " : "\n" + std::string(indent, ' ');
  }
}

}  // namespace

Result<std::string> with_version(const Manifest& manifest, const std::string& version) {
  if (manifest.versioned) return manifest.text;
  std::string text = manifest.text;
  std::size_t at = manifest.name_at;
  const bool quoted = at < text.size() && (text[at] == '"' || text[at] == '\'');
  if (text.compare(at + (quoted ? 1 : 0), manifest.name.size(), manifest.name) != 0) {
    return fail(ErrorCode::kMalformed,
                "metadata.name: wanted the plain name here, without anchors and escapes");
  }
  at += manifest.name.size() + (quoted ? 2 : 0);
  text.insert(at, fmt::format("{}resourceVersion: \"{}\"", manifest.separator, version));
  return text;
}

bool is_pod_cron_job(const YAML::Node& document) {
  return document.IsMap() && text_of(document, "apiVersion").starts_with("podcron.dev/") &&
         text_of(document, "kind") == "PodCronJob";
}

Result<std::vector<Manifest>> read_manifests(const std::string& path, std::string_view text,
                                             const std::string& namespace_, bool given) {
  std::vector<Manifest> found;
  const auto wrong = [&](int line, const std::string& what) {
    return fail(ErrorCode::kMalformed, fmt::format("{}:{}: {}", path, line, what));
  };
  for (auto& [line, document] : yaml_documents(text)) {
    const auto root = parse_yaml(path, line, document);
    if (!root) return tl::unexpected(root.error());
    if (root->IsMap() && text_of(*root, "kind").ends_with("List")) {
      return wrong(line, "a List; wanted each PodCronJob in a document of its own");
    }
    if (!is_pod_cron_job(*root)) continue;
    const YAML::Node meta = (*root)["metadata"];
    Manifest manifest;
    manifest.namespace_ = namespace_;
    manifest.name = meta ? text_of(meta, "name") : "";
    manifest.text = std::move(document);
    if (manifest.name.empty()) return wrong(line, "metadata.name: missing");
    place_name(meta, manifest);
    if (const std::string named = text_of(meta, "namespace"); !named.empty()) {
      if (given && named != namespace_) {
        return wrong(line, fmt::format("metadata.namespace is \"{}\", but -n says \"{}\"", named,
                                       namespace_));
      }
      manifest.namespace_ = named;
    }
    found.push_back(std::move(manifest));
  }
  if (found.empty()) {
    return fail(ErrorCode::kNotFound,
                path + ": no PodCronJob of podcron.dev/v1alpha1 in this file");
  }
  return found;
}

Result<DryRun> dry_run(ApiServer& server, const Manifest& manifest) {
  const auto path = kube::pod_cron_job_path(manifest.namespace_, manifest.name);
  const auto there = server.get(path);
  const bool is_new = !there && there.error().code == ErrorCode::kNotFound;
  if (!there && !is_new) return tl::unexpected(there.error());
  Result<std::string> body = manifest.text;
  if (is_new) {
    body = server.dry_run_create(kube::pod_cron_jobs_path(manifest.namespace_), manifest.text);
  } else {
    const auto live = api::Decoder().pod_cron_job(*there);
    if (!live) return tl::unexpected(live.error());
    body = with_version(manifest, std::to_string(live->meta.resource_version));
    if (body) body = server.dry_run_replace(path, *body);
  }
  if (!body) return tl::unexpected(body.error());
  if (is_new) {
    // What was never stored has no version.
    auto json = nlohmann::json::parse(*body, nullptr, false);
    if (json.is_object() && json["metadata"].is_object()) {
      json["metadata"]["resourceVersion"] = "1";
      body = json.dump();
    }
  }
  auto job = api::Decoder().pod_cron_job(*body);
  if (!job) {
    return fail(job.error().code, fmt::format("PodCronJob {}/{}: {}", manifest.namespace_,
                                              manifest.name, job.error().message));
  }
  return DryRun{std::move(*job), is_new};
}

}  // namespace podcron::cli
