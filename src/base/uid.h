// A Kubernetes UID in binary: 16 bytes instead of a 36-byte string per reference.
//
// Source: RFC 9562. The API server makes UUIDs; mirror pods carry 32 hexadecimal digits.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace podcron {

struct Uid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// Accepts 8-4-4-4-12 and 32 hexadecimal digits, either case.
  /// Errors: kMalformed, quoting the text.
  static Result<Uid> parse(std::string_view text);

  /// Lower-case 8-4-4-4-12.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] bool empty() const { return high == 0 && low == 0; }
  friend auto operator<=>(const Uid&, const Uid&) = default;
};

}  // namespace podcron
