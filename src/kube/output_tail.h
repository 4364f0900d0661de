// The end of an output of any length, in bounded memory: a ring of the last bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace podcron::kube {

/// What terminationMessagePolicy keeps.
inline constexpr std::size_t kOutputTailBytesMax = 2048;

class OutputTail {
 public:
  void append(std::string_view output);
  /// Moves the bytes out, oldest first.
  std::string take();

 private:
  std::string ring_;
  std::size_t at_ = 0;  // 0 until the ring is full; then the oldest byte
};

}  // namespace podcron::kube
