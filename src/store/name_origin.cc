#include "store/name_origin.h"

#include <cstddef>

namespace podcron::store {
namespace {

constexpr std::size_t kGeneratedBaseBytesMax = 58;
constexpr std::size_t kGeneratedSuffixBytes = 5;
constexpr std::string_view kGeneratedAlphabet = "bcdfghjklmnpqrstvwxz2456789";
// Ordinals are int32: at most ten digits.
constexpr std::size_t kOrdinalDigitsMax = 10;
constexpr std::string_view kDigits = "0123456789";

}  // namespace

bool is_generated_from(std::string_view name, std::string_view generate_name) {
  const std::string_view base = generate_name.substr(0, kGeneratedBaseBytesMax);
  if (name.size() != base.size() + kGeneratedSuffixBytes) return false;
  return name.substr(0, base.size()) == base &&
         name.find_first_not_of(kGeneratedAlphabet, base.size()) == std::string_view::npos;
}

bool is_numbered_from(std::string_view name, std::string_view generate_name) {
  if (name.substr(0, generate_name.size()) != generate_name) return false;
  const std::string_view ordinal = name.substr(generate_name.size());
  if (ordinal.empty() || ordinal.size() > kOrdinalDigitsMax) return false;
  if (ordinal.find_first_not_of(kDigits) != std::string_view::npos) return false;
  return ordinal == "0" || ordinal.front() != '0';
}

}  // namespace podcron::store
