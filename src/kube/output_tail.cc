#include "kube/output_tail.h"

#include <algorithm>
#include <utility>

namespace podcron::kube {

void OutputTail::append(std::string_view output) {
  constexpr std::size_t kSize = kOutputTailBytesMax;
  if (output.size() >= kSize) {
    ring_.assign(output.substr(output.size() - kSize));
    at_ = 0;
    return;
  }
  const std::size_t growth = std::min(output.size(), kSize - ring_.size());
  ring_.append(output.substr(0, growth));
  output.remove_prefix(growth);
  while (!output.empty()) {
    const std::size_t piece = std::min(output.size(), kSize - at_);
    std::copy_n(output.begin(), piece, ring_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = (at_ + piece) % kSize;
    output.remove_prefix(piece);
  }
}

std::string OutputTail::take() {
  std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(at_), ring_.end());
  at_ = 0;
  return std::exchange(ring_, {});
}

}  // namespace podcron::kube
