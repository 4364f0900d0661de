#include "cli/yaml_document.h"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/eventhandler.h>

#include <fmt/format.h>

#include "cli/yaml_text.h"

namespace podcron::cli {
namespace {

/// Walks to the end of a document without keeping it.
class Walker : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

bool is_marker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) &&
         (line.size() == marker.size() ||
          line.find_first_of(" \t\r\n", marker.size()) == marker.size());
}

/// Whether something stands behind the first document, such as a bracket too many.
bool has_more(const std::string& document) {
  std::istringstream stream(document);
  YAML::Parser parser(stream);
  Walker walker;
  return parser.HandleNextDocument(walker) && static_cast<bool>(parser);
}

}  // namespace

std::vector<std::pair<int, std::string>> yaml_documents(std::string_view text) {
  std::vector<std::pair<int, std::string>> out{{1, ""}};
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view whole = text.substr(0, end + 1);
    text.remove_prefix(whole.size());
    if (is_marker(whole, "---")) out.emplace_back(line, "");
    if (is_marker(whole, "...")) {
      out.emplace_back(line + 1, "");
    } else {
      out.back().second += whole;
    }
  }
  return out;
}

Result<YAML::Node> parse_yaml(const std::string& path, int first_line,
                              const std::string& document) {
  if (!is_utf8(document)) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}:{}:1: not YAML: this document is not UTF-8", path, first_line));
  }
  // yaml-cpp speaks in exceptions; they end here.
  try {
    if (has_more(document)) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("{}:{}:1: not YAML: this document goes on behind its end, as with a "
                              "bracket too many",
                              path, first_line));
    }
    return YAML::Load(document);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("{}:{}:{}: not YAML: {}", path,
                                                   first_line + std::max(error.mark.line, 0),
                                                   std::max(error.mark.column, 0) + 1, error.msg));
  }
}

}  // namespace podcron::cli
