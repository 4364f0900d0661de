#include "strategy/sticky.h"

#include "base/hash.h"

namespace podcron::strategy {

void choose_sticky(const Question& question, std::vector<std::uint32_t>& out) {
  const Candidates& candidates = question.candidates;
  if (candidates.size() == 0) return;
  const Uid& job = question.occasion.pod_cron_job;
  const std::uint64_t key = hash_combine(job.high, job.low);
  std::size_t heaviest = 0;
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates.look_ahead(i);
    const Uid& pod = candidates.uid(i);
    const std::uint64_t weight = hash_combine(key ^ pod.high, pod.low);
    if (weight <= most) continue;
    most = weight;
    heaviest = i;
  }
  out.push_back(static_cast<std::uint32_t>(heaviest));
}

}  // namespace podcron::strategy
