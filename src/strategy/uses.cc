#include "strategy/uses.h"

#include <algorithm>
#include <string>
#include <vector>

namespace podcron::strategy {

Uses::Uses(const api::StringMap& state) {
  for (const auto& [pod, text] : state) {
    if (size_ == uses_.size()) break;
    if (const auto time = parse_rfc3339(text)) uses_[size_++] = {pod, *time};
  }
}

const Use* Uses::drawn_for(WallTime time) const {
  const auto uses = by_name();
  const auto found =
      std::find_if(uses.begin(), uses.end(), [&](const Use& use) { return use.time == time; });
  return found == uses.end() ? nullptr : &*found;
}

const Use* Uses::latest() const {
  const auto uses = by_name();
  const auto found = std::max_element(uses.begin(), uses.end(),
                                      [](const Use& a, const Use& b) { return a.time < b.time; });
  return found == uses.end() ? nullptr : &*found;
}

api::StringMap with_use(const Uses& uses, const Use& use,
                        const std::function<bool(const Use&)>& keep) {
  std::vector<Use> kept;
  for (const Use& old : uses.by_name()) {
    if (old.pod != use.pod && keep(old)) kept.push_back(old);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Use& a, const Use& b) { return a.time > b.time; });
  if (kept.size() >= api::kStrategyStateMax) kept.resize(api::kStrategyStateMax - 1);
  kept.push_back(use);
  api::StringMap state;
  state.reserve(kept.size());
  for (const Use& each : kept) state.emplace_back(each.pod, to_rfc3339(each.time));
  std::sort(state.begin(), state.end());
  return state;
}

}  // namespace podcron::strategy
