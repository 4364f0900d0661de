#include "strategy/round_robin.h"

#include <algorithm>

#include "strategy/uses.h"

namespace podcron::strategy {

void choose_round_robin(const Question& question, std::vector<std::uint32_t>& out) {
  const Candidates& candidates = question.candidates;
  if (candidates.size() == 0) return;
  const Uses uses(question.occasion.state);
  std::size_t next = 0;
  if (const Use* before = uses.drawn_for(question.occasion.scheduled_time)) {
    // The same turn once more: that pod, or who comes after it.
    next = candidates.not_before(before->pod);
  } else if (const Use* last = uses.latest()) {
    next = candidates.not_before(last->pod);
    if (next < candidates.size() && candidates.name(next) == last->pod) ++next;
  }
  out.push_back(static_cast<std::uint32_t>(next % candidates.size()));
}

api::StringMap remember_round_robin(const Occasion& occasion, std::string_view chosen,
                                    std::span<const api::ActiveRun> active) {
  return with_use(Uses(occasion.state), {chosen, occasion.scheduled_time}, [&](const Use& use) {
    return std::any_of(active.begin(), active.end(),
                       [&](const api::ActiveRun& run) { return run.scheduled_time == use.time; });
  });
}

}  // namespace podcron::strategy
