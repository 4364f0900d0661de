// Goal:   the offset of spreadSeconds keeps objects with one schedule apart, and never moves.
// Method: the offsets of 10,000 names, counted.
#include <gtest/gtest.h>

#include "reconcile/plan.h"
#include "unit/even_spread.h"

namespace podcron::reconcile {
namespace {

api::PodCronJob object(const std::string& identity, int spread_seconds) {
  const auto slash = identity.find('/');
  api::PodCronJob job;
  job.meta.namespace_ = identity.substr(0, slash);
  job.meta.name = identity.substr(slash + 1);
  job.spec.spread_seconds = spread_seconds;
  return job;
}

TEST(Spread, IsEvenOverObjects) {
  for (const int width : {2, 7, 10, 60, 300, 1000, 3600}) {
    std::vector<int> counts(static_cast<std::size_t>(width));
    for (const std::string& identity : test::identities()) {
      const auto offset = spread_of(object(identity, width)).count();
      ASSERT_GE(offset, 0);
      ASSERT_LT(offset, width) << identity;
      ++counts[static_cast<std::size_t>(offset)];
    }
    EXPECT_LT(test::chi_square(counts), test::chi_square_limit(counts.size())) << width;
  }
}

TEST(Spread, TheMinuteOfAnHourIsEvenToo) {
  std::vector<int> counts(60);
  for (const std::string& identity : test::identities()) {
    ++counts[static_cast<std::size_t>(spread_of(object(identity, 3600)).count()) / 60];
  }
  EXPECT_LT(test::chi_square(counts), test::chi_square_limit(counts.size()));
}

TEST(Spread, IsThatOfNamespaceAndNameAlone) {
  for (const char* identity : {"shop/digest", "shop/digest-2", "a/b"}) {
    api::PodCronJob job = object(identity, 600);
    const Seconds offset = spread_of(job);
    job.meta.uid = {1, 2};
    job.meta.generation = 7;
    job.spec.schedule = "5 4 * * *";
    job.spec.time_zone = "Asia/Tokyo";
    EXPECT_EQ(spread_of(job), offset) << identity;
  }
  // Golden: a change here moves the starts of every PodCronJob that has spreadSeconds.
  EXPECT_EQ(spread_of(object("shop/demo", 600)), Seconds{249});
}

TEST(Spread, ZeroIsNoOffset) { EXPECT_EQ(spread_of(object("shop/digest", 0)), Seconds{0}); }

}  // namespace
}  // namespace podcron::reconcile
