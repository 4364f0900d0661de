// Counts every call of operator new in the program. Defines the operators, so that one file of a
// program includes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace podcron::test {

inline std::atomic<std::size_t> allocations{0};

/// How many there are while `action` runs.
template <class Action>
std::size_t allocations_of(const Action& action) {
  const std::size_t before = allocations;
  action();
  return allocations - before;
}

}  // namespace podcron::test

// Not inlined: GCC would see free() meet what a caller got from operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++podcron::test::allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++podcron::test::allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
