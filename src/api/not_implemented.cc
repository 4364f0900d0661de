#include "api/not_implemented.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "api/utf8.h"
#include "api/watched_kinds.h"

namespace podcron::api {
namespace {

enum class Asks {
  kWhenSet,       // any value but null
  kWhenNotEmpty,  // a string that is not ""
  kWhenPositive,  // a number above 0
  kWhenWord,      // exactly `word`
  kWhenNotWords,  // a word that is not in the comma-separated `word`
};

struct Row {
  std::string_view path;  // from the spec on
  Asks asks;
  std::string_view word = {};
};

constexpr Row kTemplateRows[] = {
    {"job", Asks::kWhenSet},
    {"exec.stdin", Asks::kWhenNotEmpty},
    {"strategy.type", Asks::kWhenNotWords,
     "Random,All,RoundRobin,LeastRecent,Sticky,Oldest,Newest,Ordinal,PerTopology,Percent,Webhook"},
    {"deliveryPolicy", Asks::kWhenWord, "AtLeastOnce"},
    {"backoffLimit", Asks::kWhenPositive},
    {"serviceAccountName", Asks::kWhenNotEmpty},
};

bool is_one_of(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto comma = std::min(words.find(','), words.size());
    if (words.substr(0, comma) == word) return true;
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return false;
}

/// What is asked for beyond this build; empty when nothing is.
std::string asked(const Row& row, const Node& value) {
  const std::string json = value.to_json();
  const bool is_text = value.is_string();
  const std::string_view text = clip_utf8(
      is_text ? std::string_view(json).substr(1, json.size() - 2) : std::string_view(json), 64);
  switch (row.asks) {
    case Asks::kWhenSet:
      return std::string(row.path);
    case Asks::kWhenNotEmpty:
      return text.empty() ? "" : std::string(row.path);
    case Asks::kWhenPositive:
      return text == "0" ? "" : fmt::format("{}: {}", row.path, text);
    case Asks::kWhenWord:
      return text != row.word ? "" : fmt::format("{}: {}", row.path, text);
    case Asks::kWhenNotWords:
      return is_one_of(row.word, text) ? "" : fmt::format("{}: {}", row.path, text);
  }
  return {};
}

std::string asked_at(const Row& row, std::string_view path, const Node& node) {
  const auto dot = path.find('.');
  const auto child = node.find(path.substr(0, dot));
  if (!child) return {};
  return dot == std::string_view::npos ? asked(row, *child)
                                       : asked_at(row, path.substr(dot + 1), *child);
}

std::string first_asked(std::span<const Row> rows, const Node& spec) {
  for (const Row& row : rows) {
    std::string found = asked_at(row, row.path, spec);
    if (!found.empty()) return found;
  }
  return {};
}

/// A workload that is not read gives no selector, so that no pod could ever match.
std::string selector_of_unread_kind(const Node& template_spec) {
  const auto target = template_spec.find("target");
  const auto ref = target ? target->find("workloadRef") : std::nullopt;
  if (!ref || target->find("selector")) return {};
  const auto word = [&](std::string_view key, std::string_view otherwise) {
    std::string_view text = otherwise;
    if (const auto value = ref->find(key); value && value->is_string()) value->read(text);
    return text;
  };
  const std::string_view kind = word("kind", "Deployment");
  if (is_watched_kind(word("apiGroup", "apps"), kind)) return {};
  return fmt::format("target.workloadRef.kind: {} without target.selector", clip_utf8(kind, 64));
}

}  // namespace

std::string not_implemented_in_template(const Node& template_spec) {
  std::string found = first_asked(kTemplateRows, template_spec);
  return found.empty() ? selector_of_unread_kind(template_spec) : found;
}

}  // namespace podcron::api
