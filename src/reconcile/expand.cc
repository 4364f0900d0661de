#include "reconcile/expand.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace podcron::reconcile {
namespace {

using Pairs = std::array<std::pair<std::string_view, std::string>, 5>;

Pairs values_of(const RunIdentity& identity) {
  return {{{"PODCRON_RUN_ID", identity.run_id},
           {"PODCRON_SCHEDULED_TIME", to_rfc3339(identity.scheduled_time)},
           {"PODCRON_ATTEMPT", fmt::format("{}", identity.attempt)},
           {"PODCRON_POD_NAME", identity.pod_name},
           {"PODCRON_TARGET_INDEX", fmt::format("{}", identity.target_index)}}};
}

std::string expand_with(std::string_view text, const Pairs& values) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return out;
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      // Kubernetes turns $$ into $ wherever it stands.
      out += '$';
      text.remove_prefix(2);
      continue;
    }
    const auto close = text.find(')');
    std::string_view replaced;
    bool found = false;
    if (text.starts_with("$(") && close != std::string_view::npos) {
      for (const auto& [name, value] : values) {
        if (text.substr(2, close - 2) == name) {
          replaced = value;
          found = true;
        }
      }
    }
    if (found) {
      out += replaced;
      text.remove_prefix(close + 1);
    } else {
      out += '$';
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::string expand(std::string_view text, const RunIdentity& identity) {
  return expand_with(text, values_of(identity));
}

std::vector<std::string> argv_of(const api::ExecSpec& exec, const RunIdentity& identity,
                                 bool through_env) {
  const Pairs values = values_of(identity);
  std::vector<std::string> argv;
  argv.reserve(exec.command.size() + exec.env.size() + values.size() + 1);
  if (through_env) {
    argv.emplace_back("env");
    for (const auto& [name, value] : exec.env) {
      argv.push_back(fmt::format("{}={}", name, expand_with(value, values)));
    }
    for (const auto& [name, value] : values) argv.push_back(fmt::format("{}={}", name, value));
  }
  for (const std::string& word : exec.command) argv.push_back(expand_with(word, values));
  return argv;
}

HttpText http_text_of(const api::HttpSpec& http, const RunIdentity& identity) {
  const Pairs values = values_of(identity);
  HttpText text;
  text.path = expand_with(http.path, values);
  text.body = expand_with(http.body, values);
  for (const auto& [name, value] : http.headers) {
    text.headers.emplace_back(name, expand_with(value, values));
  }
  text.headers.emplace_back("Idempotency-Key",
                            fmt::format("{}/{}", identity.run_id, identity.target_index));
  if (!identity.job.empty()) text.headers.emplace_back("Podcron-Job", identity.job);
  text.headers.emplace_back("Podcron-Scheduled-Time", to_rfc3339(identity.scheduled_time));
  text.headers.emplace_back("Podcron-Attempt", fmt::format("{}", identity.attempt));
  return text;
}

HttpText http_text_of_probe(const api::HttpSpec& http) { return {http.path, http.headers, ""}; }

}  // namespace podcron::reconcile
