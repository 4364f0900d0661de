// The JSON value of the virtual cluster.
//
// Keys are sorted, so that the same object always has the same bytes.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace podcron::simulation {

using Json = nlohmann::json;

/// Compact text; invalid UTF-8 is replaced, as the API server does.
inline std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The value at `path` ("metadata", "name"), nullptr when a step is missing.
template <class... Keys>
const Json* find_in(const Json& json, Keys... keys) {
  const Json* at = &json;
  const auto descend = [&at](std::string_view key) {
    if (at == nullptr) return;
    const auto found = at->is_object() ? at->find(key) : at->end();
    at = at->is_object() && found != at->end() ? &*found : nullptr;
  };
  (descend(keys), ...);
  return at;
}

/// The text at `path`, "" when it is missing or no text.
template <class... Keys>
std::string text_in(const Json& json, Keys... keys) {
  const Json* at = find_in(json, keys...);
  return at != nullptr && at->is_string() ? at->template get<std::string>() : std::string();
}

/// The number at `path`, `otherwise` when it is missing or no whole number.
template <class... Keys>
std::int64_t number_in(const Json& json, std::int64_t otherwise, Keys... keys) {
  const Json* at = find_in(json, keys...);
  return at != nullptr && at->is_number_integer() ? at->template get<std::int64_t>() : otherwise;
}

}  // namespace podcron::simulation
