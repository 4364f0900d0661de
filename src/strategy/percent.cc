#include "strategy/percent.h"

#include <algorithm>

#include "api/pod_job.h"
#include "strategy/random.h"

namespace podcron::strategy {

void choose_percent(const Question& question, std::vector<std::uint32_t>& out) {
  const std::size_t eligible = question.candidates.size();
  const std::size_t share = share_of({question.spec.percent, true}, eligible);
  // Cut here and not by the caller, who would keep the first by name.
  sample(std::clamp(share, std::size_t{1}, api::kTargetsMax), eligible, question.seed(), out);
}

}  // namespace podcron::strategy
