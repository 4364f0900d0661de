#include "cron/quote.h"

#include <fmt/format.h>

namespace podcron::cron {
namespace {

bool is_utf8_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::size_t written_bytes(char c) {
  if (is_control(c)) return 4;
  return c == '"' || c == '\\' ? 2 : 1;
}

}  // namespace

std::string quote(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t written = 0; length < text.size(); ++length) {
    written += written_bytes(text[length]);
    if (written > kQuotedBytesMax) break;
  }
  if (length < text.size()) {
    while (length > 0 && is_utf8_continuation(text[length])) --length;
  }
  std::string out = "\"";
  for (const char c : text.substr(0, length)) {
    if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  if (length < text.size()) out += "...";
  out += '"';
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace podcron::cron
