// Which of 64 bytes are quotes, backslashes and brackets: one bit a byte.
//
// Source: Langdale and Lemire, "Parsing gigabytes of JSON per second" (VLDB Journal, 2019).
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace podcron::kube {

inline constexpr std::size_t kBlockBytes = 64;

struct ByteMasks {
  std::uint64_t quote = 0;
  std::uint64_t backslash = 0;
  std::uint64_t open = 0;   // { and [
  std::uint64_t close = 0;  // } and ]
};

// Setting 0x20 makes [ and ] into { and }; no other byte becomes one of these.
#if defined(__SSE2__)

/// `block` points to kBlockBytes bytes. SSE2 is part of every x86-64.
inline ByteMasks masks_of(const char* block) {
  ByteMasks masks;
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * part));
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const auto where = [part](__m128i text, char c) {
      const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(c)));
      return static_cast<std::uint64_t>(found) << (16 * part);
    };
    masks.quote |= where(bytes, '"');
    masks.backslash |= where(bytes, '\\');
    masks.open |= where(folded, '{');
    masks.close |= where(folded, '}');
  }
  return masks;
}

#else

/// `block` points to kBlockBytes bytes.
inline ByteMasks masks_of(const char* block) {
  ByteMasks masks;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const char folded = static_cast<char>(block[i] | 0x20);
    masks.quote |= std::uint64_t{block[i] == '"'} << i;
    masks.backslash |= std::uint64_t{block[i] == '\\'} << i;
    masks.open |= std::uint64_t{folded == '{'} << i;
    masks.close |= std::uint64_t{folded == '}'} << i;
  }
  return masks;
}

#endif

}  // namespace podcron::kube
