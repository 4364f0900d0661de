#include "api/label_selector.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/result.h"

namespace podcron::api {
namespace {

constexpr std::size_t kLabelNameBytesMax = 63;
constexpr std::size_t kLabelPrefixBytesMax = 253;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits, '-', '_' and '.', beginning and ending with a letter or digit.
bool is_label_name(std::string_view text) {
  return !text.empty() && text.size() <= kLabelNameBytesMax && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool is_label_key(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_label_name(text);
  const auto prefix = text.substr(0, slash);
  const bool good_prefix =
      !prefix.empty() && prefix.size() <= kLabelPrefixBytesMax && is_alphanumeric(prefix.front()) &&
      is_alphanumeric(prefix.back()) && std::all_of(prefix.begin(), prefix.end(), [](char c) {
        return (is_alphanumeric(c) && !(c >= 'A' && c <= 'Z')) || c == '-' || c == '.';
      });
  return good_prefix && is_label_name(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) { return text.empty() || is_label_name(text); }

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

tl::unexpected<Error> wrong(std::string_view part, std::string_view wanted) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("label selector: \"{}\" is not {}", part.substr(0, 128), wanted));
}

/// Cuts at the first comma outside parentheses.
std::string_view take_part(std::string_view& text) {
  std::size_t end = 0;
  for (bool in_set = false; end < text.size(); ++end) {
    if (text[end] == '(') in_set = true;
    if (text[end] == ')') in_set = false;
    if (text[end] == ',' && !in_set) break;
  }
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

Result<std::vector<std::string>> parse_values(std::string_view part, std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') {
    return wrong(part, "a set such as \"tier in (web,api)\"");
  }
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> values;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    more = comma != std::string_view::npos;
    const auto value = trim(text.substr(0, comma));
    if (!is_label_value(value)) return wrong(value, "a label value");
    values.emplace_back(value);
    if (more) text.remove_prefix(comma + 1);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

Result<SelectorRequirement> compare(std::string_view key, SelectorOperator op,
                                    std::string_view value) {
  if (!is_label_key(key)) return wrong(key, "a label key");
  if (!is_label_value(value)) return wrong(value, "a label value");
  return SelectorRequirement{std::string(key), op, {std::string(value)}};
}

Result<SelectorRequirement> parse_requirement(std::string_view part) {
  if (part.starts_with('!')) {
    const auto key = trim(part.substr(1));
    if (!is_label_key(key)) return wrong(part, "a label key with \"!\" before it");
    return SelectorRequirement{std::string(key), SelectorOperator::kDoesNotExist, {}};
  }
  const auto equals = part.find('=');
  if (equals != std::string_view::npos) {
    const bool negated = equals > 0 && part[equals - 1] == '!';
    const std::size_t width = !negated && part.substr(equals).starts_with("==") ? 2 : 1;
    return compare(trim(part.substr(0, equals - (negated ? 1 : 0))),
                   negated ? SelectorOperator::kNotIn : SelectorOperator::kIn,
                   trim(part.substr(equals + width)));
  }
  const auto key = part.substr(0, part.find_first_of(" \t("));
  if (!is_label_key(key)) return wrong(part, "a requirement such as \"app=shop\"");
  std::string_view rest = trim(part.substr(key.size()));
  if (rest.empty()) return SelectorRequirement{std::string(key), SelectorOperator::kExists, {}};
  const bool negated = rest.starts_with("notin");
  if (!negated && !rest.starts_with("in")) {
    return wrong(part, "a requirement such as \"app=shop\" or \"tier in (web,api)\"");
  }
  rest.remove_prefix(negated ? 5 : 2);
  auto values = parse_values(part, trim(rest));
  if (!values) return tl::unexpected(std::move(values.error()));
  return SelectorRequirement{std::string(key),
                             negated ? SelectorOperator::kNotIn : SelectorOperator::kIn,
                             std::move(*values)};
}

bool holds(const SelectorRequirement& requirement, const StringMap& labels) {
  const std::string* const value = find_value(labels, requirement.key);
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) !=
           requirement.values.end();
  };
  switch (requirement.op) {
    case SelectorOperator::kIn:
      return value != nullptr && listed();
    case SelectorOperator::kNotIn:
      return value == nullptr || !listed();
    case SelectorOperator::kExists:
      return value != nullptr;
    case SelectorOperator::kDoesNotExist:
      return value == nullptr;
  }
  return false;
}

std::string to_query_part(const SelectorRequirement& requirement) {
  const auto& key = requirement.key;
  const auto& values = requirement.values;
  switch (requirement.op) {
    case SelectorOperator::kIn:
      if (values.size() == 1) return fmt::format("{}={}", key, values.front());
      return fmt::format("{} in ({})", key, fmt::join(values, ","));
    case SelectorOperator::kNotIn:
      if (values.size() == 1) return fmt::format("{}!={}", key, values.front());
      return fmt::format("{} notin ({})", key, fmt::join(values, ","));
    case SelectorOperator::kExists:
      return key;
    case SelectorOperator::kDoesNotExist:
      return "!" + key;
  }
  return {};
}

}  // namespace

bool LabelSelector::matches(const StringMap& labels) const {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const auto& requirement) { return holds(requirement, labels); });
}

std::string LabelSelector::to_query() const {
  std::string text;
  for (const auto& requirement : requirements) {
    if (!text.empty()) text += ',';
    text += to_query_part(requirement);
  }
  return text;
}

Result<LabelSelector> parse_selector(std::string_view text) {
  LabelSelector selector;
  std::string_view rest = trim(text);
  for (bool more = !rest.empty(); more;) {
    const std::size_t size = rest.size();
    const auto part = take_part(rest);
    more = part.size() < size;
    auto requirement = parse_requirement(trim(part));
    if (!requirement) return tl::unexpected(std::move(requirement.error()));
    selector.requirements.push_back(std::move(*requirement));
  }
  return selector;
}

const std::string* find_value(const StringMap& map, std::string_view key) {
  const auto at = std::lower_bound(map.begin(), map.end(), key, [](const auto& entry, auto wanted) {
    return std::string_view(entry.first) < wanted;
  });
  return at != map.end() && at->first == key ? &at->second : nullptr;
}

}  // namespace podcron::api
