#include "fuzz/require.h"

#include <cstdio>
#include <cstdlib>

namespace podcron::test {

void require(bool holds, std::string_view law) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken law: %.*s\n", static_cast<int>(law.size()), law.data());
  std::abort();
}

}  // namespace podcron::test
