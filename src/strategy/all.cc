#include "strategy/all.h"

#include <numeric>

namespace podcron::strategy {

void choose_all(const api::StrategySpec& /*spec*/, std::size_t eligible_count,
                std::uint64_t /*seed*/, std::vector<std::uint32_t>& out) {
  const std::size_t first = out.size();
  out.resize(first + eligible_count);
  std::iota(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), 0U);
}

}  // namespace podcron::strategy
