// metav1.LabelSelector: which labels match, and its text form in a query string.
//
// Source: k8s.io/apimachinery pkg/labels. All requirements must hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/object_meta.h"

namespace podcron::api {

enum class SelectorOperator { kIn, kNotIn, kExists, kDoesNotExist };

struct SelectorRequirement {
  std::string key;
  SelectorOperator op = SelectorOperator::kIn;
  std::vector<std::string> values;
  friend bool operator==(const SelectorRequirement&, const SelectorRequirement&) = default;
};

/// `match_labels` of the wire form are kIn requirements with one value.
struct LabelSelector {
  std::vector<SelectorRequirement> requirements;

  /// A selector without requirements matches everything; podcron's targets must not be empty.
  [[nodiscard]] bool empty() const { return requirements.empty(); }
  /// Cost: O(requirements x log labels).
  [[nodiscard]] bool matches(const StringMap& labels) const;
  /// "app=shop,tier in (a,b),!canary": not yet percent-encoded.
  [[nodiscard]] std::string to_query() const;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};

/// The text form: "podcron.dev/serving=true,tier in (web,api),!canary".
/// Errors: kInvalidArgument, quoting the part that is wrong.
Result<LabelSelector> parse_selector(std::string_view text);

/// Value of `key`, nullptr when absent. Cost: O(log labels).
const std::string* find_value(const StringMap& map, std::string_view key);

}  // namespace podcron::api
