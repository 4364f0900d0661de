#include "strategy/all.h"

#include <numeric>

namespace podcron::strategy {

void choose_all(const Question& question, std::vector<std::uint32_t>& out) {
  const std::size_t first = out.size();
  out.resize(first + question.candidates.size());
  std::iota(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), 0U);
}

}  // namespace podcron::strategy
