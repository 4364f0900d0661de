// An enumeration's values as the API writes them.
#pragma once

#include <cstddef>
#include <string_view>

namespace podcron::api {

/// One word of an enumeration and what it means.
template <class T>
struct Word {
  std::string_view text;
  T value;
};

/// The word of `value`.
template <class T, std::size_t N>
constexpr std::string_view word_of(const Word<T> (&words)[N], T value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return words[0].text;
}

}  // namespace podcron::api
