// How a fuzz target says that a law is broken.
#pragma once

#include <string_view>

namespace podcron::test {

/// Prints the law and aborts, so that libFuzzer keeps the input, unless it holds.
void require(bool holds, std::string_view law);

}  // namespace podcron::test
