// A YAML text of several documents, read one by one.
//
// Splitting comes before parsing, so that a document that is no YAML does not take the others with
// it; and yaml-cpp 0.7, asked for all documents of "{}}", never ends.
// Source: YAML 1.2 section 9.1: a line that begins with --- or ... is a marker wherever it stands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/result.h"

namespace podcron::cli {

/// The documents of a text with the line that each begins in, counted from 1.
std::vector<std::pair<int, std::string>> yaml_documents(std::string_view text);

/// One of them. `path` and `first_line` are for messages. Nothing throws; null if it is empty.
/// Errors: kMalformed, "path:line:column: not YAML: ...".
Result<YAML::Node> parse_yaml(const std::string& path, int first_line, const std::string& document);

}  // namespace podcron::cli
