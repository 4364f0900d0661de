// A seeded random sequence as a value: same seed, same numbers, on every build.
//
// Source: Sebastiano Vigna's SplitMix64 constants; Lemire's bounded draw ("Fast Random Integer
// Generation in an Interval", 2019). std distributions are banned: their sequences differ from
// library to library.
#pragma once

#include <cstdint>

#include "base/hash.h"

namespace podcron {

class Prng {
  __extension__ using Wide = unsigned __int128;

 public:
  explicit constexpr Prng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix64(state_);
  }

  /// Uniform in [0, bound). `bound` must be at least 1.
  constexpr std::uint64_t below(std::uint64_t bound) {
    // 128-bit multiply with rejection: exactly uniform, and almost never a second draw.
    for (;;) {
      const Wide product = static_cast<Wide>(next()) * bound;
      const auto low = static_cast<std::uint64_t>(product);
      if (low >= bound || low >= (0 - bound) % bound) {
        return static_cast<std::uint64_t>(product >> 64);
      }
    }
  }

  /// True with probability `per_mille` / 1000.
  constexpr bool chance(std::uint64_t per_mille) { return below(1000) < per_mille; }

 private:
  std::uint64_t state_;
};

}  // namespace podcron
