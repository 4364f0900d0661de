// Goal: over thousands of weeks with edits, suspensions, crashes, clock steps and lost writes every
// due time is claimed, skipped, missed or pending, exactly, and every reason is the contract's.
// Method: one story per seed drives reconcile::plan; due times come from brute force, reasons from
// a model written from the contract (model.h).
//
// PODCRON_WEEKS_SEEDS="from:to" tells other stories. A single one, "7:7", is told aloud.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "conservation/story.h"

namespace podcron::conservation {
namespace {

constexpr std::uint64_t kStories = 600;

struct Seeds {
  std::uint64_t from = 1;
  std::uint64_t to = kStories;
};

Seeds wanted_seeds() {
  Seeds seeds;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
  if (const char* range = std::getenv("PODCRON_WEEKS_SEEDS")) {
    char colon = 0;
    std::istringstream(range) >> seeds.from >> colon >> seeds.to;
  }
  return seeds;
}

void add(StoryReport& sum, const StoryReport& report) {
  sum.weeks += report.weeks;
  sum.looks += report.looks;
  sum.writes += report.writes;
  sum.due += report.due;
  sum.pending += report.pending;
  for (const auto& [reason, count] : report.sums) sum.sums[reason] += count;
}

/// On two threads; a story shares nothing with another one.
StoryReport tell_all(const Seeds& seeds) {
  const Tell aloud = [](const std::string& line) { std::cout << line << "\n"; };
  const Tell tell = seeds.from == seeds.to ? aloud : Tell();
  StoryReport sum;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{seeds.from};
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed <= seeds.to; seed = next++) {
      const StoryReport report = Story(seed, tell).run();
      const std::lock_guard<std::mutex> lock(mutex);
      add(sum, report);
      if (report.wrong.empty()) continue;
      ADD_FAILURE() << "seed " << seed << ": " << report.wrong
                    << "\nreplay: PODCRON_WEEKS_SEEDS=" << seed << ":" << seed
                    << " conservation_tests";
    }
  };
  std::thread other(work);
  work();
  other.join();
  return sum;
}

TEST(Weeks, EveryDueTimeEndsOnceAndForTheReasonOfTheContract) {
  const Seeds seeds = wanted_seeds();
  ASSERT_LE(seeds.from, seeds.to);
  StoryReport sum = tell_all(seeds);
  std::cout << sum.weeks << " weeks in " << seeds.to - seeds.from + 1 << " stories: " << sum.looks
            << " looks, " << sum.writes << " writes, " << sum.due << " times due, " << sum.pending
            << " pending";
  for (const auto& [reason, count] : sum.sums) std::cout << ", " << count << " " << reason;
  std::cout << "\n";
  if (seeds.from != 1 || seeds.to != kStories) return;
  // No law above holds because its case never occurs.
  for (const std::string_view reason :
       {"Claimed", "Suspended", "NamespaceSuspended", "GloballySuspended", "ScheduleChanged",
        "ApiUnavailable", "CatchUpDisabled", "Superseded", "CatchUpLimit",
        "StartingDeadlineExceeded", "ActiveLimit", "ConcurrencyForbidden", "NoEligiblePod"}) {
    EXPECT_GE(sum.sums[reason], 20) << reason;
  }
}

}  // namespace
}  // namespace podcron::conservation
