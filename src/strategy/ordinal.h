// Ordinal: the StatefulSet pod with the index `ordinal`. While it is not eligible nobody is chosen,
// or with the fallback Random any other. Of several StatefulSets' pods, the first by name.
#pragma once

#include <cstdint>
#include <vector>

#include "strategy/strategy.h"

namespace podcron::strategy {

void choose_ordinal(const Question& question, std::vector<std::uint32_t>& out);

}  // namespace podcron::strategy
