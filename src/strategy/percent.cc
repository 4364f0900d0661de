#include "strategy/percent.h"

#include <algorithm>

#include "api/pod_job.h"
#include "strategy/random.h"

namespace podcron::strategy {

void choose_percent(const Question& question, std::vector<std::uint32_t>& out) {
  constexpr std::size_t kHundred = 100;
  const std::size_t eligible = question.candidates.size();
  const auto percent =
      std::min(static_cast<std::size_t>(std::max(question.spec.percent, 0)), kHundred);
  const std::size_t share = eligible * percent / kHundred;
  // Cut here and not by the caller, who would keep the first by name.
  sample(std::clamp(share, std::size_t{1}, api::kTargetsMax), eligible, question.seed(), out);
}

}  // namespace podcron::strategy
