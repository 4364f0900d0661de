// Whether values that should be even over objects are: Pearson's chi-square test.
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

namespace podcron::test {

inline constexpr int kIdentities = 10'000;

/// "namespace/name" as people and charts make them: they differ in few characters. Always the
/// same ones, so that a test on them passes for ever or never.
inline std::vector<std::string> identities() {
  std::vector<std::string> made;
  for (int i = 0; i < kIdentities; ++i) {
    const std::string n = std::to_string(i);
    switch (i % 3) {
      case 0:
        made.push_back("shop/digest-" + n);
        break;
      case 1:
        made.push_back("review-app-" + n + "/cache-warmer");
        break;
      default:
        made.push_back("team-" + std::to_string(i % 17) + "/" + n + "-nightly-report");
    }
  }
  return made;
}

inline double chi_square(const std::vector<int>& counts) {
  const double expected =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  return std::accumulate(counts.begin(), counts.end(), 0.0, [&](double sum, int count) {
    return sum + (count - expected) * (count - expected) / expected;
  });
}

/// What evenly drawn counts of so many cells exceed once in a thousand: the approximation of
/// Wilson and Hilferty, within 1 % from six cells on.
inline double chi_square_limit(std::size_t cells) {
  const double freedom = static_cast<double>(cells) - 1;
  const double part = 2 / (9 * freedom);
  return freedom * std::pow(1 - part + 3.0902 * std::sqrt(part), 3);
}

}  // namespace podcron::test
