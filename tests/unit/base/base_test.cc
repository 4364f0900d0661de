// Goal: the values that everything else is built on mean what their headers say.
#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/prng.h"
#include "base/time.h"
#include "base/uid.h"

namespace podcron {
namespace {

TEST(Time, Rfc3339RoundTripsOverCenturies) {
  Prng prng(7);
  for (int i = 0; i < 20'000; ++i) {
    const WallTime t{Seconds{static_cast<std::int64_t>(prng.below(8'000'000'000)) - 2'000'000'000}};
    const auto back = parse_rfc3339(to_rfc3339(t));
    ASSERT_TRUE(back.has_value()) << to_rfc3339(t);
    ASSERT_EQ(*back, t);
  }
}

TEST(Time, Rfc3339AcceptsFractionsAndOffsets) {
  const auto t = parse_rfc3339_millis("2026-03-08T09:30:00.256789+02:00");
  ASSERT_TRUE(t.has_value());
  EXPECT_EQ(to_rfc3339_micro(*t), "2026-03-08T07:30:00.256000Z");
}

TEST(Time, Rfc3339RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(Time, HttpDateIsRead) {
  const auto t = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(t.has_value());
  EXPECT_EQ(to_rfc3339(*t), "1994-11-06T08:49:37Z");
  EXPECT_FALSE(parse_http_date("Sun Nov  6 08:49:37 1994").has_value());
  EXPECT_FALSE(parse_http_date("").has_value());
}

TEST(Uid, TextRoundTripsAndOtherTextIsRefused) {
  const std::string text = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const auto uid = Uid::parse(text);
  ASSERT_TRUE(uid.has_value());
  EXPECT_EQ(uid->to_string(), text);
  EXPECT_EQ(Uid::parse("0f8fad5bd9cb469fa16570867728950e").value(), *uid) << "mirror pods";
  for (const char* bad :
       {"", "x", "0f8fad5b-d9cb-469f-a165-70867728950g", "0f8fad5b_d9cb_469f_a165_70867728950e"}) {
    EXPECT_FALSE(Uid::parse(bad).has_value()) << bad;
  }
}

TEST(Hash, ValuesAreFixedForEver) {
  // Run names, spreads and choices are made of these: a change would be seen by users.
  EXPECT_EQ(hash64("shop/digest"), hash64("shop/digest"));
  EXPECT_NE(hash64("shop/digest"), hash64("shop/digest", 1));
  EXPECT_NE(hash_combine(1, 2), hash_combine(2, 1));
  EXPECT_EQ(mix64(1), 0x5692161d100b05e5ULL);
}

TEST(Prng, DrawsBelowABoundAreUniform) {
  Prng prng(42);
  constexpr int kDraws = 600'000;
  int seen[6] = {};
  for (int i = 0; i < kDraws; ++i) ++seen[prng.below(6)];
  double chi = 0;
  for (const int n : seen) chi += (n - kDraws / 6.0) * (n - kDraws / 6.0) / (kDraws / 6.0);
  EXPECT_LT(chi, 20.5) << "5 degrees of freedom, p = 0.001";
}

}  // namespace
}  // namespace podcron
