#include "cli/yaml_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "cron/quote.h"

namespace podcron::cli {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The first character; nullopt where the bytes are none. `text` is not empty.
std::optional<Character> first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return Character{lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[bytes] || code > 0x10FFFF || is_surrogate) return std::nullopt;
  return Character{code, bytes};
}

/// Printable, and no line break in any version of YAML.
bool is_plain(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
  return code != 0x2028 && code != 0x2029 && code != 0xFEFF && code != 0xFFFE && code != 0xFFFF;
}

std::string escape(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A word that no parser takes for a number, a truth value or null.
bool is_word(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return false;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter(c) && !is_digit && std::string_view("-_./").find(c) == std::string_view::npos) {
      return false;
    }
  }
  constexpr std::array<std::string_view, 9> kOtherThings{"y",    "n",     "yes",  "no", "on",
                                                         "true", "false", "null", "off"};
  const std::string lower = cron::to_lower(text);
  return std::find(kOtherThings.begin(), kOtherThings.end(), lower) == kOtherThings.end();
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  if (is_word(text)) return std::string(text);
  std::string out = "\"";
  while (!text.empty()) {
    const Character character = first_of(text).value_or(Character{0xFFFD, 1});
    if (character.code == '"' || character.code == '\\') {
      out += '\\';
      out += text.front();
    } else if (is_plain(character.code) && character.code != 0xFFFD) {
      out += text.substr(0, character.bytes);
    } else {
      out += escape(character.code);
    }
    text.remove_prefix(character.bytes);
  }
  return out + '"';
}

std::string yaml_comment(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_of(text).value_or(Character{});
    if (is_plain(character.code)) {
      out += text.substr(0, character.bytes);
    } else {
      out += '?';
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_of(text);
    if (!character) return false;
    text.remove_prefix(character->bytes);
  }
  return true;
}

}  // namespace podcron::cli
