#include "cli/cluster_choice.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "controller/config/file_text.h"
#include "controller/config/kubeconfig.h"

namespace podcron::cli {
namespace {

struct Context {
  std::string name;
  std::string namespace_;
};

/// What of a kubeconfig decides which file is asked. Faults are read_kubeconfig's to report.
struct Outline {
  std::string path;
  std::string current_context;
  std::vector<Context> contexts;
};

std::string text_of(const YAML::Node& node) {
  return node && node.IsScalar() ? node.as<std::string>() : "";
}

Outline outline_of(const std::string& path) {
  Outline outline{path, "", {}};
  const auto text = config::read_file(path, config::kKubeconfigBytesMax);
  if (!text) return outline;
  // yaml-cpp speaks in exceptions; they end here.
  try {
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsMap()) return outline;
    outline.current_context = text_of(root["current-context"]);
    const YAML::Node contexts = root["contexts"];
    if (!contexts || !contexts.IsSequence()) return outline;
    for (const auto& each : contexts) {
      if (!each.IsMap()) continue;
      const YAML::Node inner = each["context"];
      outline.contexts.push_back({text_of(each["name"]), inner && inner.IsMap()
                                                             ? text_of(inner["namespace"])
                                                             : std::string()});
    }
  } catch (const std::exception&) {
    return {path, "", {}};
  }
  return outline;
}

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<std::vector<std::string>> files_of(const ClusterFlags& flags,
                                          const Surroundings& surroundings) {
  if (!flags.kubeconfig.empty()) return std::vector{flags.kubeconfig};
  std::vector<std::string> files;
  std::string_view rest = surroundings.kubeconfig_variable;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string file(rest.substr(0, end));
    if (!file.empty() && is_there(file)) files.push_back(file);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!files.empty()) return files;
  if (!surroundings.kubeconfig_variable.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("KUBECONFIG: no such file: {}", surroundings.kubeconfig_variable));
  }
  const std::string file = surroundings.home + "/.kube/config";
  if (is_there(file)) return std::vector{file};
  return fail(ErrorCode::kNotFound,
              fmt::format("no kubeconfig: {} does not exist; say --kubeconfig FILE", file));
}

}  // namespace

Result<ClusterChoice> choose_cluster(const ClusterFlags& flags, const Surroundings& surroundings) {
  const auto files = files_of(flags, surroundings);
  if (!files) return tl::unexpected(files.error());
  std::vector<Outline> outlines;
  std::string wanted = flags.context;
  for (const std::string& file : *files) {
    outlines.push_back(outline_of(file));
    if (wanted.empty()) wanted = outlines.back().current_context;
  }
  // A context that stands nowhere is reported of the first file, with what there is.
  std::string file = files->front();
  std::string namespace_ = flags.namespace_;
  bool found = false;
  for (const Outline& outline : outlines) {
    for (const Context& context : outline.contexts) {
      if (found || context.name != wanted) continue;
      found = true;
      file = outline.path;
      if (namespace_.empty()) namespace_ = context.namespace_;
    }
  }
  auto access = config::read_kubeconfig(file, wanted);
  if (!access) return tl::unexpected(access.error());
  return ClusterChoice{std::move(*access), namespace_.empty() ? "default" : namespace_};
}

}  // namespace podcron::cli
