#include "strategy/candidates.h"

#include <algorithm>

namespace podcron::strategy {

bool Candidates::is_numbered(std::size_t index, std::string_view digits) const {
  const std::string_view name = this->name(index);
  if (name.size() <= digits.size() || !name.ends_with(digits)) return false;
  if (name[name.size() - digits.size() - 1] != '-') return false;
  // Five characters that a ReplicaSet's generator made can all be digits.
  const auto& controller = pods_->shape(eligible_[index]).controller;
  return controller && controller->kind == "StatefulSet";
}

std::size_t Candidates::not_before(std::string_view name) const {
  const auto found = std::lower_bound(
      eligible_.begin(), eligible_.end(), name,
      [this](store::PodHandle pod, std::string_view wanted) { return pods_->name(pod) < wanted; });
  return static_cast<std::size_t>(found - eligible_.begin());
}

std::optional<std::size_t> Candidates::find(std::string_view name) const {
  const std::size_t index = not_before(name);
  if (index == size() || this->name(index) != name) return std::nullopt;
  return index;
}

}  // namespace podcron::strategy
