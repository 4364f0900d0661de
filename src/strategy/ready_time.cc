#include "strategy/ready_time.h"

#include <optional>

namespace podcron::strategy {
namespace {

template <class Before>
void choose_first(const Candidates& candidates, const Before& before,
                  std::vector<std::uint32_t>& out) {
  if (candidates.size() == 0) return;
  std::size_t best = 0;
  std::optional<WallTime> since = candidates.ready_since(0);
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const std::optional<WallTime> other = candidates.ready_since(i);
    if (!other || (since && !before(*other, *since))) continue;
    best = i;
    since = other;
  }
  out.push_back(static_cast<std::uint32_t>(best));
}

}  // namespace

void choose_oldest(const Question& question, std::vector<std::uint32_t>& out) {
  choose_first(
      question.candidates, [](WallTime a, WallTime b) { return a < b; }, out);
}

void choose_newest(const Question& question, std::vector<std::uint32_t>& out) {
  choose_first(
      question.candidates, [](WallTime a, WallTime b) { return a > b; }, out);
}

}  // namespace podcron::strategy
