#include "strategy/least_recent.h"

#include <algorithm>
#include <array>

#include "strategy/uses.h"

namespace podcron::strategy {
namespace {

/// The candidates that were used, in name order. So few that the rest is never walked through.
class Used {
 public:
  Used(const Candidates& candidates, const Uses& uses) {
    for (const Use& use : uses.by_name()) {
      const auto index = candidates.find(use.pod);
      if (index) entries_[size_++] = {*index, use.time};
    }
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool contains(std::size_t index) const {
    return std::binary_search(entries_.begin(), end(), Entry{index, {}},
                              [](const Entry& a, const Entry& b) { return a.index < b.index; });
  }
  /// There must be one.
  [[nodiscard]] std::size_t longest_ago() const {
    return std::min_element(entries_.begin(), end(),
                            [](const Entry& a, const Entry& b) { return a.time < b.time; })
        ->index;
  }

 private:
  struct Entry {
    std::size_t index = 0;
    WallTime time;
  };
  using Entries = std::array<Entry, api::kStrategyStateMax>;

  [[nodiscard]] Entries::const_iterator end() const {
    return entries_.begin() + static_cast<std::ptrdiff_t>(size_);
  }

  Entries entries_;
  std::size_t size_ = 0;
};

std::size_t least_recent(const Candidates& candidates, const Occasion& occasion) {
  const Uses uses(occasion.state);
  if (const Use* before = uses.drawn_for(occasion.scheduled_time)) {
    if (const auto again = candidates.find(before->pod)) return *again;
  }
  const Used used(candidates, uses);
  if (used.size() == candidates.size()) return used.longest_ago();
  const Use* last = uses.latest();
  std::size_t next = last == nullptr ? 0 : candidates.not_before(last->pod) % candidates.size();
  while (used.contains(next)) next = (next + 1) % candidates.size();
  return next;
}

}  // namespace

void choose_least_recent(const Question& question, std::vector<std::uint32_t>& out) {
  if (question.candidates.size() == 0) return;
  out.push_back(static_cast<std::uint32_t>(least_recent(question.candidates, question.occasion)));
}

api::StringMap remember_least_recent(const Occasion& occasion, std::string_view chosen,
                                     std::span<const api::ActiveRun> /*active*/) {
  return with_use(Uses(occasion.state), {chosen, occasion.scheduled_time},
                  [](const Use& /*use*/) { return true; });
}

}  // namespace podcron::strategy
