// A value in a YAML text, with the way to it: "jobs.yaml:7: spec.schedule: got a list, wanted a
// text".
//
// Hostile text cannot make this loop or grow: a place goes down one key at a time, by a caller who
// knows which, so that an alias that contains itself is as deep as the caller asks.
// Source: YAML 1.2 chapter 10; JSON is YAML too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "api/object_meta.h"

namespace podcron::cli {

/// The file that places are in, and what was wrong with one of its objects.
struct YamlSource {
  std::string path;
  int first_line = 1;  // of the text that was parsed, in the file
  std::vector<std::string> faults;
};

class YamlPlace {
 public:
  /// `above`: the line to name if the value is absent.
  YamlPlace(YamlSource& source, const YAML::Node& node, std::string way, int above = 1)
      : source_(&source), node_(node), way_(std::move(way)), above_(above) {}

  /// The value of `key`, absent if there is none or this is no map.
  [[nodiscard]] YamlPlace at(std::string_view key) const;
  /// The same value as the begin of its own ways.
  [[nodiscard]] YamlPlace as_root() const { return {*source_, node_, "", above_}; }
  /// null is absent, as in Kubernetes.
  [[nodiscard]] bool present() const { return node_.IsDefined() && !node_.IsNull(); }
  [[nodiscard]] bool is_list() const { return node_.IsDefined() && node_.IsSequence(); }
  [[nodiscard]] bool is_map() const { return node_.IsDefined() && node_.IsMap(); }
  /// An absent value, {} or [].
  [[nodiscard]] bool is_nothing() const;
  [[nodiscard]] const std::string& way() const { return way_; }
  [[nodiscard]] int line() const;

  // Readers. What is absent is empty; what is of another type is a fault, and empty.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<std::int64_t> number() const;
  [[nodiscard]] std::optional<bool> truth() const;
  [[nodiscard]] std::vector<YamlPlace> items() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] api::StringMap text_map() const;
  /// The keys and their values, in the order of the text.
  [[nodiscard]] std::vector<std::pair<std::string, YamlPlace>> fields() const;

  /// Records "path:line: way: got X, wanted Y".
  void wanted(std::string_view what) const;
  /// Records "path:line: way: `problem`".
  void wrong(std::string_view problem) const;

 private:
  [[nodiscard]] std::string got() const;

  YamlSource* source_;
  YAML::Node node_;
  std::string way_;
  int above_;
};

}  // namespace podcron::cli
