// Text of foreign origin on its way into JSON: cut to a length, escaped, and valid UTF-8.
//
// Source: RFC 8259 section 7; RFC 3629; Unicode 15 section 3.9 for what a malformed byte becomes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace podcron::api {

/// The longest prefix of at most `bytes_max` bytes that does not cut a character in two.
std::string_view clip_utf8(std::string_view text, std::size_t bytes_max);

/// Appends `text` as a JSON string with its quotes. Each byte that is not part of valid UTF-8
/// becomes U+FFFD, so that no output of a pod can make a request unreadable.
/// Cost: one pass; runs of plain ASCII are copied whole.
void append_json_string(std::string& out, std::string_view text);

}  // namespace podcron::api
