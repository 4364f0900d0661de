// Goal: under a thousand different storms no invariant of the contract breaks, and afterwards
// everything settles. Method: one deterministic simulation per seed; a broken one names its seed.
//
// PODCRON_SEEDS="from:to" runs other seeds. Kept cases run first (cases/*.txt: seed, minutes and
// elections, as podcron-simulation takes them, then what went wrong once).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "simulation/simulation.h"

namespace podcron::simulation {
namespace {

constexpr std::uint64_t kSeeds = 1000;

SimulationOptions story(std::uint64_t seed, std::int64_t minutes) {
  SimulationOptions options;
  options.seed = seed;
  options.safety_phase = Millis{60'000 * minutes};
  return options;
}

/// Mostly one virtual minute of faults, every fiftieth seed ten: most bugs need few faults, some
/// many. Long searches are podcron-simulation's.
SimulationOptions short_story(std::uint64_t seed) { return story(seed, seed % 50 == 0 ? 10 : 1); }

std::string replay_line(const SimulationOptions& options) {
  std::ostringstream line;
  line << "podcron-simulation --seed " << options.seed << " --minutes "
       << options.safety_phase.count() / 60'000;
  if (options.elections) line << " --elections " << to_string(*options.elections);
  line << " --trace";
  return line.str();
}

/// Runs all `stories` on two threads; a simulation shares nothing with another one.
Report run_all(const std::vector<SimulationOptions>& stories) {
  Report sum;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < stories.size(); i = next++) {
      const SimulationOptions& options = stories[i];
      const Report report = simulate(options);
      const std::lock_guard<std::mutex> lock(mutex);
      add(sum, report);
      if (!report.violation) continue;
      ADD_FAILURE() << describe_violation(report) << "\nreplay: " << replay_line(options);
    }
  };
  std::thread other(work);
  work();
  other.join();
  return sum;
}

std::vector<SimulationOptions> wanted_stories() {
  std::uint64_t from = 1;
  std::uint64_t to = kSeeds;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
  if (const char* range = std::getenv("PODCRON_SEEDS")) {
    char colon = 0;
    std::istringstream(range) >> from >> colon >> to;
  }
  std::vector<SimulationOptions> stories;
  for (std::uint64_t seed = from; seed <= to; ++seed) stories.push_back(short_story(seed));
  return stories;
}

TEST(Seeds, KeptCasesStaySolved) {
  std::vector<SimulationOptions> stories;
  const std::filesystem::path folder =
      std::filesystem::path(PODCRON_SOURCE_DIR) / "tests/simulation/cases";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::uint64_t seed = 0;
    std::int64_t minutes = 0;
    std::string word;
    std::ifstream file(entry.path());
    ASSERT_TRUE(file >> seed >> minutes >> word)
        << entry.path() << " must begin with a seed, minutes and elections";
    const auto elections = elections_named(word);
    ASSERT_TRUE(elections) << entry.path() << ": elections \"" << word << "\"";
    stories.push_back(story(seed, minutes));
    stories.back().elections = elections;
  }
  ASSERT_FALSE(stories.empty());
  run_all(stories);
}

TEST(Seeds, NoInvariantBreaksAndEverythingSettles) {
  const std::vector<SimulationOptions> stories = wanted_stories();
  ASSERT_FALSE(stories.empty());
  std::cout << "seeds " << stories.front().seed << " to " << stories.back().seed << "\n";
  std::cout << describe(run_all(stories));
}

TEST(Determinism, TheSameSeedTellsTheSameStoryInTheSameBytes) {
  for (const std::uint64_t seed : {3U, 8U, 21U}) {
    std::string stories[2];
    for (std::string& text : stories) {
      SimulationOptions options = story(seed, 2);
      options.trace = [&text](std::string_view line) { text += line; };
      simulate(options);
    }
    EXPECT_GT(stories[0].size(), 1000U);
    EXPECT_EQ(stories[0], stories[1]) << "seed " << seed;
  }
}

TEST(Calm, WithoutFaultsEveryTimeRunsAndSucceeds) {
  SimulationOptions options;
  options.seed = 5;
  options.calm = true;
  const Report report = simulate(options);
  EXPECT_FALSE(report.violation) << describe_violation(report);
  EXPECT_GT(report.process_starts, 20U);
}

/// Goal: a crash between any two effects leaves nothing doubled and nothing lost.
/// Method: one calm story, told again with a crash after each of its effects in turn.
TEST(Crash, AfterEveryEffectTheSuccessorSettlesEverything) {
  SimulationOptions options;
  options.seed = 11;
  options.calm = true;
  options.pod_cron_jobs = 1;
  options.pods = 3;
  options.safety_phase = Millis{60'000};
  for (std::uint64_t effect = 0; effect < 80; ++effect) {
    options.crash_at_effect = effect;
    const Report report = simulate(options);
    EXPECT_FALSE(report.violation)
        << "crash after effect " << effect << ": " << describe_violation(report);
  }
}

}  // namespace
}  // namespace podcron::simulation
