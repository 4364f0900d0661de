#include "strategy/random.h"

#include <algorithm>

#include "base/prng.h"

namespace podcron::strategy {
namespace {

// Up to here looking through the chosen costs less than a draw per eligible pod.
constexpr std::size_t kFewMax = 64;

/// Robert Floyd's sample (Communications of the ACM 30(9), 1987): one draw per chosen pod.
void choose_few(std::size_t chosen, std::size_t eligible, Prng& prng,
                std::vector<std::uint32_t>& out) {
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  for (std::size_t last = eligible - chosen; last < eligible; ++last) {
    const auto drawn = static_cast<std::uint32_t>(prng.below(last + 1));
    const bool taken = std::find(out.begin() + first, out.end(), drawn) != out.end();
    out.push_back(taken ? static_cast<std::uint32_t>(last) : drawn);
  }
  std::sort(out.begin() + first, out.end());
}

/// Knuth's Algorithm S (The Art of Computer Programming, volume 2, 3.4.2): one draw per eligible
/// pod, no memory but the result.
void choose_many(std::size_t chosen, std::size_t eligible, Prng& prng,
                 std::vector<std::uint32_t>& out) {
  for (std::size_t index = 0; chosen > 0; ++index) {
    if (prng.below(eligible - index) >= chosen) continue;
    out.push_back(static_cast<std::uint32_t>(index));
    --chosen;
  }
}

}  // namespace

void sample(std::size_t wanted, std::size_t eligible, std::uint64_t seed,
            std::vector<std::uint32_t>& out) {
  const std::size_t chosen = std::min(wanted, eligible);
  out.reserve(out.size() + chosen);
  Prng prng(seed);
  // Both leave the indices in name order, so that which one ran shows nowhere.
  if (chosen <= kFewMax) {
    choose_few(chosen, eligible, prng, out);
  } else {
    choose_many(chosen, eligible, prng, out);
  }
}

void choose_random(const Question& question, std::vector<std::uint32_t>& out) {
  const auto count = static_cast<std::size_t>(std::max(question.spec.count, 0));
  sample(count, question.candidates.size(), question.seed(), out);
}

void choose_one_at_random(const Question& question, std::vector<std::uint32_t>& out) {
  sample(1, question.candidates.size(), question.seed(), out);
}

}  // namespace podcron::strategy
