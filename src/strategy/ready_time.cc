#include "strategy/ready_time.h"

#include <functional>

namespace podcron::strategy {
namespace {

/// `last`: a time that every other one is before.
template <class Before>
void choose_first(const Candidates& candidates, WallTime last, const Before& before,
                  std::vector<std::uint32_t>& out) {
  if (candidates.size() == 0) return;
  std::size_t best = 0;
  WallTime first = last;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates.look_ahead(i);
    const WallTime since = candidates.ready_since(i, last);
    if (!before(since, first)) continue;
    first = since;
    best = i;
  }
  out.push_back(static_cast<std::uint32_t>(best));
}

}  // namespace

void choose_oldest(const Question& question, std::vector<std::uint32_t>& out) {
  choose_first(question.candidates, WallTime::max(), std::less<>(), out);
}

void choose_newest(const Question& question, std::vector<std::uint32_t>& out) {
  choose_first(question.candidates, WallTime::min(), std::greater<>(), out);
}

}  // namespace podcron::strategy
