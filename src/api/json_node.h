// A JSON value and the path that led to it: how every decoder of this folder reads.
//
// Behind codec.h, for this folder and the stream decoder only. The rules of reading are in one
// place: null counts as absent (as Kubernetes does), unknown fields are skipped, of a repeated key
// the last one wins (as in Go), a wrong type is a fault with its path. Nothing throws.
#pragma once

#ifndef SIMDJSON_EXCEPTIONS
#define SIMDJSON_EXCEPTIONS 0
#endif
#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/object_meta.h"
#include "api/word.h"
#include "base/result.h"

namespace podcron::api {

/// Objects of Kubernetes nest about 20 deep.
inline constexpr std::size_t kJsonDepthMax = 64;

/// The first thing that was wrong with one object.
struct Fault {
  std::optional<Error> first;
};

class Node {
 public:
  Node(simdjson::dom::element element, Fault& fault) : element_(element), fault_(&fault) {}
  Node(simdjson::dom::element element, const Node& parent, std::string_view key)
      : element_(element), fault_(parent.fault_), parent_(&parent), key_(key) {}
  Node(simdjson::dom::element element, const Node& parent, std::size_t index)
      : element_(element), fault_(parent.fault_), parent_(&parent), index_(index) {}

  /// The same value as the root of its own paths, with a fault of its own.
  [[nodiscard]] Node as_root(Fault& fault) const { return Node(element_, fault); }

  /// Calls visit(std::string_view key, const Node& value) for every field that is not null.
  template <class Visit>
  void fields(Visit&& visit) const {
    simdjson::dom::object object;
    if (element_.get(object) != simdjson::SUCCESS) return wanted("an object");
    for (const auto field : object) {
      if (!field.value.is_null()) visit(field.key, Node(field.value, *this, field.key));
    }
  }
  /// Calls visit(const Node& item) for every item of a list.
  template <class Visit>
  void items(Visit&& visit) const {
    simdjson::dom::array array;
    if (element_.get(array) != simdjson::SUCCESS) return wanted("a list");
    std::size_t index = 0;
    for (const auto item : array) visit(Node(item, *this, index++));
  }
  /// The non-null value of `key`. Cost: linear in the keys.
  [[nodiscard]] std::optional<Node> find(std::string_view key) const;

  void read(std::string& out) const;
  void read(std::string_view& out) const;  // valid until the parser's next call
  void read(bool& out) const;
  void read(std::int32_t& out) const;
  void read(std::int64_t& out) const;
  void read(std::optional<WallTime>& out) const;
  void read(WallTime& out) const;
  /// Strict: the API server makes these.
  void read(Uid& out) const;
  /// As users can write it: what is no UUID becomes the empty Uid, which no object has.
  void read_foreign(Uid& out) const;
  /// Sorted by key.
  void read(StringMap& out) const;
  void read(std::vector<std::string>& out) const;
  template <class T>
  void read_optional(std::optional<T>& out) const {
    T value{};
    read(value);
    out = value;
  }

  [[nodiscard]] bool is_object() const { return element_.is_object(); }
  [[nodiscard]] bool is_string() const { return element_.is_string(); }
  /// Compact JSON of the whole value.
  [[nodiscard]] std::string to_json() const;
  /// "spec.targets[0].podName"; empty for the root.
  [[nodiscard]] std::string path() const;

  /// Records "path: got X, wanted Y" unless something was wrong before.
  void wanted(std::string_view what) const;
  /// Records "path.key: missing".
  void missing(std::string_view key) const;
  [[nodiscard]] bool failed() const { return fault_->first.has_value(); }

 private:
  void record(std::string message) const;

  simdjson::dom::element element_;
  Fault* fault_;
  const Node* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
};

/// Reads one of `words`; anything else is a fault that lists them.
template <class T, std::size_t N>
void read_word(const Node& node, const Word<T> (&words)[N], T& out) {
  std::string_view text;
  node.read(text);
  for (const auto& word : words) {
    if (word.text == text) {
      out = word.value;
      return;
    }
  }
  std::string choices;
  for (const auto& word : words) {
    choices += choices.empty() ? "one of " : ", ";
    choices += word.text;
  }
  node.wanted(choices);
}

/// simdjson with one padded buffer that grows to the largest object. Belongs to one thread.
class JsonParser {
 public:
  JsonParser();
  /// The element lives until the next call. Errors: kMalformed.
  Result<simdjson::dom::element> parse(std::string_view json);

 private:
  void reset();

  std::unique_ptr<simdjson::dom::parser> parser_;
  std::string padded_;
};

/// Parses `json` and reads it with `read`, one of decode.h.
template <class T, class Read>
Result<T> decode_object(JsonParser& parser, std::string_view json, Read&& read) {
  const auto element = parser.parse(json);
  if (!element) return tl::unexpected(element.error());
  Fault fault;
  T object{};
  read(Node(*element, fault), object);
  if (fault.first) return tl::unexpected(std::move(*fault.first));
  return object;
}

}  // namespace podcron::api
