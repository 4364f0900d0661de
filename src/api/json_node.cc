#include "api/json_node.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "api/utf8.h"

namespace podcron::api {
namespace {

/// Above this the parser's tables (14 bytes for a byte of JSON) are given back by the next object
/// of ordinary size, so that one hostile annotation does not stay in memory.
constexpr std::size_t kParserKeepBytesMax = 512 * 1024;
constexpr std::size_t kParserFirstBytes = 16 * 1024;
constexpr std::size_t kQuotedBytesMax = 64;

std::string describe(const simdjson::dom::element& element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::ARRAY:
      return "a list";
    case Type::OBJECT:
      return "an object";
    case Type::STRING: {
      std::string_view text;
      if (element.get(text) != simdjson::SUCCESS) return "a string";
      return fmt::format("\"{}\"", clip_utf8(text, kQuotedBytesMax));
    }
    case Type::NULL_VALUE:
      return "null";
    case Type::INT64:
    case Type::UINT64:
    case Type::DOUBLE:
    case Type::BOOL:
      break;
  }
  return simdjson::minify(element);
}

}  // namespace

std::optional<Node> Node::find(std::string_view key) const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) return std::nullopt;
  std::optional<simdjson::dom::element> found;
  for (const auto field : object) {
    if (field.key == key) found = field.value;
  }
  if (!found || found->is_null()) return std::nullopt;
  return Node(*found, *this, key);
}

void Node::read(std::string_view& out) const {
  if (element_.get(out) != simdjson::SUCCESS) {
    out = {};
    wanted("a string");
  }
}

void Node::read(std::string& out) const {
  std::string_view text;
  read(text);
  out.assign(text);
}

void Node::read(bool& out) const {
  if (element_.get(out) != simdjson::SUCCESS) wanted("true or false");
}

void Node::read(std::int64_t& out) const {
  if (element_.get(out) != simdjson::SUCCESS) wanted("a whole number");
}

void Node::read(std::int32_t& out) const {
  std::int64_t wide = 0;
  const bool whole = element_.get(wide) == simdjson::SUCCESS;
  if (!whole || wide < std::numeric_limits<std::int32_t>::min() ||
      wide > std::numeric_limits<std::int32_t>::max()) {
    return wanted("a whole number of 32 bits");
  }
  out = static_cast<std::int32_t>(wide);
}

void Node::read(WallTime& out) const {
  std::string_view text;
  read(text);
  if (failed()) return;
  const auto instant = parse_rfc3339(text);
  instant ? void(out = *instant) : wanted("an RFC 3339 time such as 2026-03-08T07:30:00Z");
}

void Node::read(std::optional<WallTime>& out) const {
  WallTime instant{};
  read(instant);
  out = instant;
}

void Node::read(Uid& out) const {
  std::string_view text;
  read(text);
  const auto uid = Uid::parse(text);
  uid ? void(out = *uid) : wanted("a UID");
}

void Node::read_foreign(Uid& out) const {
  std::string_view text;
  read(text);
  out = Uid::parse(text).value_or(Uid{});
}

void Node::read(StringMap& out) const {
  out.clear();
  fields([&](std::string_view key, const Node& value) {
    auto& entry = out.emplace_back();
    entry.first.assign(key);
    value.read(entry.second);
  });
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(out.begin(), out.end(), by_key)) {
    std::stable_sort(out.begin(), out.end(), by_key);
  }
  // Of a repeated key the last one stays: the map is walked from its end.
  const auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(out.begin(), out.end(), same_key) == out.end()) return;
  const auto kept = std::unique(out.rbegin(), out.rend(), same_key);
  out.erase(out.begin(), kept.base());
}

void Node::read(std::vector<std::string>& out) const {
  out.clear();
  items([&](const Node& item) { item.read(out.emplace_back()); });
}

std::string Node::to_json() const { return simdjson::minify(element_); }

std::string Node::path() const {
  if (parent_ == nullptr) return {};
  std::string path = parent_->path();
  if (key_.data() == nullptr) return path + fmt::format("[{}]", index_);
  if (!path.empty()) path += '.';
  return path.append(clip_utf8(key_, kQuotedBytesMax));
}

void Node::wanted(std::string_view what) const {
  if (failed()) return;
  std::string where = path();
  if (!where.empty()) where += ": ";
  record(fmt::format("{}got {}, wanted {}", where, describe(element_), what));
}

void Node::missing(std::string_view key) const {
  if (failed()) return;
  std::string where = path();
  if (!where.empty()) where += '.';
  record(fmt::format("{}{}: missing", where, key));
}

void Node::record(std::string message) const {
  fault_->first = Error{ErrorCode::kMalformed, std::move(message)};
}

JsonParser::JsonParser() { reset(); }

void JsonParser::reset() {
  parser_ = std::make_unique<simdjson::dom::parser>();
  [[maybe_unused]] const auto shows_again_in_parse =
      parser_->allocate(kParserFirstBytes, kJsonDepthMax);
  padded_ = std::string(kParserFirstBytes + simdjson::SIMDJSON_PADDING, '\0');
}

Result<simdjson::dom::element> JsonParser::parse(std::string_view json) {
  if (padded_.size() > kParserKeepBytesMax && json.size() < kParserKeepBytesMax / 2) reset();
  const std::size_t needed = json.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < needed) padded_.resize(std::max(needed, 2 * padded_.size()));
  std::copy(json.begin(), json.end(), padded_.begin());
  std::memset(padded_.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
  simdjson::dom::element element;
  const auto error = parser_->parse(padded_.data(), json.size(), false).get(element);
  if (error != simdjson::SUCCESS) {
    return fail(ErrorCode::kMalformed, fmt::format("not JSON: {}", simdjson::error_message(error)));
  }
  return element;
}

}  // namespace podcron::api
