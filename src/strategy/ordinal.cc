#include "strategy/ordinal.h"

#include <fmt/format.h>

#include "strategy/random.h"

namespace podcron::strategy {

void choose_ordinal(const Question& question, std::vector<std::uint32_t>& out) {
  const Candidates& candidates = question.candidates;
  const fmt::format_int digits(question.spec.ordinal);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates.look_ahead(i);
    if (!candidates.has_ordinal(i, {digits.data(), digits.size()})) continue;
    out.push_back(static_cast<std::uint32_t>(i));
    return;
  }
  if (question.spec.fallback == api::OrdinalFallback::kRandom) choose_one_at_random(question, out);
}

}  // namespace podcron::strategy
