#include "base/uid.h"

#include <fmt/format.h>

namespace podcron {

Result<Uid> Uid::parse(std::string_view text) {
  Uid uid;
  int digits = 0;
  bool good = text.size() == 36 || text.size() == 32;
  for (std::size_t i = 0; good && i < text.size(); ++i) {
    const char c = text[i];
    if (text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
      good = c == '-';
      continue;
    }
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    good = value >= 0;
    auto& half = digits < 16 ? uid.high : uid.low;
    half = half << 4 | static_cast<std::uint64_t>(value & 15);
    ++digits;
  }
  if (!good || digits != 32) {
    return fail(ErrorCode::kMalformed, fmt::format("\"{}\" is not a UID", text.substr(0, 64)));
  }
  return uid;
}

std::string Uid::to_string() const {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

}  // namespace podcron
