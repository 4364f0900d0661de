#include "cli/yaml_place.h"

#include <charconv>

#include <fmt/format.h>

#include "cli/yaml_text.h"
#include "cron/quote.h"

namespace podcron::cli {
namespace {

/// More than enough to mend an object by.
constexpr std::size_t kFaultsPerObjectMax = 10;

std::string join(const std::string& way, std::string_view key) {
  return way.empty() ? std::string(key) : fmt::format("{}.{}", way, key);
}

}  // namespace

YamlPlace YamlPlace::at(std::string_view key) const {
  const YAML::Node& map = node_;  // const: reading must not add the key
  return {*source_, is_map() ? map[std::string(key)] : YAML::Node(YAML::NodeType::Undefined),
          join(way_, key), line()};
}

bool YamlPlace::is_nothing() const {
  return !present() || ((is_map() || is_list()) && node_.size() == 0);
}

int YamlPlace::line() const {
  const int line = node_.IsDefined() ? node_.Mark().line : -1;
  return line < 0 ? above_ : source_->first_line + line;
}

std::string YamlPlace::text() const {
  if (!present()) return "";
  if (!node_.IsScalar()) {
    wanted("a text");
    return "";
  }
  if (!is_utf8(node_.Scalar()) || node_.Scalar().find('\0') != std::string::npos) {
    wanted("a text of UTF-8 without NUL");
    return "";
  }
  return node_.Scalar();
}

std::optional<std::int64_t> YamlPlace::number() const {
  if (!present()) return std::nullopt;
  std::int64_t value = 0;
  if (node_.IsScalar()) {
    const std::string& text = node_.Scalar();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  wanted("a whole number");
  return std::nullopt;
}

std::optional<bool> YamlPlace::truth() const {
  if (!present()) return std::nullopt;
  bool value = false;
  if (node_.IsScalar() && YAML::convert<bool>::decode(node_, value)) return value;
  wanted("true or false");
  return std::nullopt;
}

std::vector<YamlPlace> YamlPlace::items() const {
  std::vector<YamlPlace> out;
  if (!present()) return out;
  if (!is_list()) {
    wanted("a list");
    return out;
  }
  for (const auto& item : node_) {
    out.emplace_back(*source_, item, fmt::format("{}[{}]", way_, out.size()));
  }
  return out;
}

std::vector<std::string> YamlPlace::texts() const {
  std::vector<std::string> out;
  for (const YamlPlace& item : items()) {
    out.push_back(item.text());
    if (!item.present()) item.wanted("a text");
  }
  return out;
}

api::StringMap YamlPlace::text_map() const {
  api::StringMap out;
  for (const auto& [key, value] : fields()) out.emplace_back(key, value.text());
  return out;
}

std::vector<std::pair<std::string, YamlPlace>> YamlPlace::fields() const {
  std::vector<std::pair<std::string, YamlPlace>> out;
  if (!present()) return out;
  if (!is_map()) {
    wanted("a map");
    return out;
  }
  for (const auto& pair : node_) {
    const YamlPlace key(*source_, pair.first, join(way_, "(key)"));
    const std::string name = key.text();
    if (name == "<<") {
      wrong(
          "got a merge key (<<), wanted every field in its place; `kubectl create "
          "--dry-run=client -o yaml -f FILE` writes them out");
      continue;
    }
    out.emplace_back(name, YamlPlace(*source_, pair.second, join(way_, name)));
  }
  return out;
}

std::string YamlPlace::got() const {
  if (!present()) return "nothing";
  if (node_.IsMap()) return "a map";
  if (node_.IsSequence()) return "a list";
  return cron::quote(node_.Scalar());
}

void YamlPlace::wanted(std::string_view what) const {
  wrong(fmt::format("got {}, wanted {}", got(), what));
}

void YamlPlace::wrong(std::string_view problem) const {
  if (source_->faults.size() >= kFaultsPerObjectMax) return;
  source_->faults.push_back(
      fmt::format("{}:{}: {}{}{}", source_->path, line(), way_, way_.empty() ? "" : ": ", problem));
}

}  // namespace podcron::cli
