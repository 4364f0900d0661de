// YAML that is written, never read: scalars and comments that hold whatever text a user had.
//
// Source: YAML 1.1 chapters 4 and 5, which kubectl's parser follows: what is printable, what breaks
// a line, and which plain words are not texts.
#pragma once

#include <string>
#include <string_view>

namespace podcron::cli {

/// `text` as a scalar that every YAML parser reads back as this text: plain where it is a word such
/// as Europe/Berlin, else in double quotes. `text` is valid UTF-8.
std::string yaml_scalar(std::string_view text);

/// `text` as it may stand in a comment: what is not printable becomes "?", so that it stays in its
/// line.
std::string yaml_comment(std::string_view text);

/// Whether all of `text` is UTF-8 as RFC 3629 has it.
bool is_utf8(std::string_view text);

}  // namespace podcron::cli
