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

}  // namespace

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
    Manifest manifest{namespace_, meta ? text_of(meta, "name") : "", std::move(document)};
    if (manifest.name.empty()) return wrong(line, "metadata.name: missing");
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
  const auto body = server.dry_run_apply(path, manifest.text);
  if (!body) return tl::unexpected(body.error());
  // What was never stored has no version.
  auto json = nlohmann::json::parse(*body, nullptr, false);
  const bool is_object = json.is_object() && json["metadata"].is_object();
  const bool is_new = is_object && !json["metadata"].contains("resourceVersion");
  if (is_new) json["metadata"]["resourceVersion"] = "1";
  auto job = api::Decoder().pod_cron_job(is_new ? json.dump() : *body);
  if (!job) {
    return fail(job.error().code, fmt::format("PodCronJob {}/{}: {}", manifest.namespace_,
                                              manifest.name, job.error().message));
  }
  return DryRun{std::move(*job), is_new};
}

}  // namespace podcron::cli
