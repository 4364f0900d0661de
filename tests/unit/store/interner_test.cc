// Goal: shared values are shared, and churn leaves nothing behind. Method: the interner against a
// naive model under random acquire and release.
#include "store/interner.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/prng.h"

namespace podcron::store {
namespace {

std::uint32_t acquire(Interner<std::string>& interner, const std::string& text,
                      std::uint64_t hash) {
  return interner.acquire(
      hash, [&](const std::string& value) { return value == text; }, [&] { return text; });
}

std::uint32_t acquire(Interner<std::string>& interner, const std::string& text) {
  return acquire(interner, text, hash64(text));
}

TEST(Interner, EqualValuesHaveOneId) {
  Interner<std::string> interner;
  EXPECT_EQ(acquire(interner, "web"), acquire(interner, "web"));
  EXPECT_NE(acquire(interner, "web"), acquire(interner, "api"));
  EXPECT_EQ(interner.size(), 2U);
}

TEST(Interner, AValueLivesUntilItsLastReferenceIsGivenBack) {
  Interner<std::string> interner;
  const auto id = acquire(interner, "web");
  acquire(interner, "web");
  interner.release(id);
  EXPECT_EQ(interner[id], "web");
  EXPECT_EQ(interner.size(), 1U);
  interner.release(id);
  EXPECT_EQ(interner.size(), 0U);
}

TEST(Interner, EqualHashesOfDifferentValuesAreKeptApart) {
  Interner<std::string> interner;
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(acquire(interner, std::to_string(i), 7));
  for (int i = 0; i < 100; i += 2) interner.release(ids[static_cast<std::size_t>(i)]);
  for (int i = 1; i < 100; i += 2) {
    EXPECT_EQ(acquire(interner, std::to_string(i), 7), ids[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(interner.size(), 50U);
}

TEST(Interner, ReferencesStayWhereTheyAreWhileOthersComeAndGo) {
  Interner<std::string> interner;
  const std::string& first = interner[acquire(interner, "the first")];
  for (int i = 0; i < 10'000; ++i) acquire(interner, std::to_string(i));
  EXPECT_EQ(first, "the first");
}

TEST(Interner, ChurnReusesIds) {
  Interner<std::string> interner;
  std::vector<std::uint32_t> held;
  for (int i = 0; i < 1'000; ++i) held.push_back(acquire(interner, std::to_string(i)));
  for (int i = 1'000; i < 200'000; ++i) {
    std::uint32_t& oldest = held[static_cast<std::size_t>(i) % held.size()];
    interner.release(oldest);
    oldest = acquire(interner, std::to_string(i));
  }
  EXPECT_EQ(interner.size(), 1'000U);
  EXPECT_EQ(interner.id_limit(), 1'000U);
}

TEST(Interner, BehavesAsAMultisetOfReferencesUnderRandomUse) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Prng prng(seed);
    Interner<std::string> interner;
    std::map<std::string, std::vector<std::uint32_t>> model;
    for (int step = 0; step < 5'000; ++step) {
      const std::string text = std::to_string(prng.below(200));
      std::vector<std::uint32_t>& held = model[text];
      // Few distinct hashes, so that probe runs are long and gaps close across them.
      if (prng.chance(500)) {
        held.push_back(acquire(interner, text, hash64(text) % 37));
        ASSERT_EQ(held.front(), held.back()) << "seed " << seed;
      } else if (!held.empty()) {
        interner.release(held.back());
        held.pop_back();
      }
    }
    std::size_t distinct = 0;
    for (const auto& [text, held] : model) {
      if (held.empty()) continue;
      ++distinct;
      ASSERT_EQ(interner[held.front()], text) << "seed " << seed;
    }
    EXPECT_EQ(interner.size(), distinct) << "seed " << seed;
  }
}

}  // namespace
}  // namespace podcron::store
