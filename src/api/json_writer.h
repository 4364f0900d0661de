// Writes compact JSON into one string: commas, quotes and escapes in one place.
//
// Not a document model: a status patch has a fixed shape, so appending is both shorter to read and
// 20 times faster than building a tree first (docs/adr/0009).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "api/utf8.h"
#include "base/time.h"

namespace podcron::api {

class JsonWriter {
 public:
  explicit JsonWriter(std::size_t expected_bytes) { out_.reserve(expected_bytes); }

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// `name` is one of our own field names: plain ASCII, copied as it is.
  void key(std::string_view name) {
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    comma_ = false;
  }
  /// A key of foreign origin.
  void foreign_key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    comma_ = false;
  }

  void string(std::string_view value) {
    comma();
    append_json_string(out_, value);
    comma_ = true;
  }
  /// `json` is a whole value, or the members of an object without its braces.
  void raw(std::string_view json) {
    comma();
    out_ += json;
    comma_ = true;
  }
  void number(std::int64_t value) {
    const fmt::format_int text(value);
    raw({text.data(), text.size()});
  }

  void begin_object(std::string_view name) {
    key(name);
    begin_object();
  }
  void begin_array(std::string_view name) {
    key(name);
    begin_array();
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    string(value);
  }
  /// Our own word (an enumeration, a time): nothing in it needs an escape.
  void word(std::string_view name, std::string_view value) {
    key(name);
    out_ += '"';
    out_ += value;
    out_ += '"';
    comma_ = true;
  }
  void number(std::string_view name, std::int64_t value) {
    key(name);
    number(value);
  }
  void boolean(std::string_view name, bool value) {
    key(name);
    raw(value ? "true" : "false");
  }
  /// As to_rfc3339. A record has dozens of times and two or three days: the date is kept.
  void time(std::string_view name, WallTime value) {
    const auto day = std::chrono::floor<std::chrono::days>(value);
    if (date_.empty() || day != day_) {
      day_ = day;
      date_ = to_rfc3339(day).substr(0, std::string_view("2026-03-08T").size());
    }
    key(name);
    out_ += '"';
    out_ += date_;
    const auto seconds = static_cast<unsigned>((value - day).count());
    two_digits(seconds / 3600, ':');
    two_digits(seconds / 60 % 60, ':');
    two_digits(seconds % 60, 'Z');
    out_ += '"';
    comma_ = true;
  }
  void null(std::string_view name) {
    key(name);
    raw("null");
  }

  /// In a list an absent field is left out.
  void text_if(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  /// In a merge patch an absent field is null: that removes it.
  void text_or_null(std::string_view name, std::string_view value) {
    value.empty() ? null(name) : text(name, value);
  }
  void time_or_null(std::string_view name, const std::optional<WallTime>& value) {
    value ? time(name, *value) : null(name);
  }

  std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (comma_) out_ += ',';
  }
  void open(char bracket) {
    comma();
    out_ += bracket;
    comma_ = false;
  }
  void close(char bracket) {
    out_ += bracket;
    comma_ = true;
  }

  void two_digits(unsigned value, char then) {
    out_ += static_cast<char>('0' + value / 10);
    out_ += static_cast<char>('0' + value % 10);
    out_ += then;
  }

  std::string out_;
  bool comma_ = false;
  std::chrono::sys_days day_{};
  std::string date_;  // "2026-03-08T"
};

}  // namespace podcron::api
