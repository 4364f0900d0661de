// podcron-simulation: one seed for long, or many seeds, and how fast that was.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "podcron_version.h"
#include "simulation/simulation.h"

namespace {

using podcron::Millis;
using podcron::simulation::Report;
using podcron::simulation::SimulationOptions;

constexpr std::string_view kUsage =
    "usage: podcron-simulation [--seed N] [--seeds N] [--hours H | --minutes M] [--replicas N]\n"
    "         [--podcronjobs N] [--pods N] [--crash-at EFFECT] [--calm] [--trace]\n"
    "         [--elections none|all-but-one|all]\n"
    "exit status: 0 all invariants held, 1 one is broken (printed with seed and step), 2 usage\n";

struct Arguments {
  SimulationOptions options;
  std::uint64_t seeds = 1;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  SimulationOptions& options = arguments.options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      options.trace = [](std::string_view line) { std::cout << line; };
      continue;
    }
    if (name == "--calm") {
      options.calm = true;
      continue;
    }
    if (i + 1 == argc) return false;
    char* end = nullptr;
    const char* text = argv[++i];
    if (name == "--elections") {
      const auto elections = podcron::simulation::elections_named(text);
      if (!elections) return false;
      options.elections = elections;
      continue;
    }
    const double value = std::strtod(text, &end);
    if (end == text || *end != '\0' || value < 0) return false;
    const auto whole = static_cast<std::uint64_t>(value);
    if (name == "--seed") {
      options.seed = std::strtoull(text, nullptr, 10);
    } else if (name == "--seeds") {
      arguments.seeds = whole;
    } else if (name == "--hours") {
      options.safety_phase = Millis{static_cast<std::int64_t>(value * 3'600'000)};
    } else if (name == "--minutes") {
      options.safety_phase = Millis{static_cast<std::int64_t>(value * 60'000)};
    } else if (name == "--replicas") {
      options.replicas = whole;
    } else if (name == "--podcronjobs") {
      options.pod_cron_jobs = whole;
    } else if (name == "--pods") {
      options.pods = whole;
    } else if (name == "--crash-at") {
      options.crash_at_effect = whole;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::cerr << kUsage;
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  Report sum;
  int broken = 0;
  const std::uint64_t first = arguments.options.seed;
  for (std::uint64_t seed = first; seed < first + arguments.seeds; ++seed) {
    arguments.options.seed = seed;
    const Report report = podcron::simulation::simulate(arguments.options);
    add(sum, report);
    if (!report.violation) continue;
    ++broken;
    std::cout << describe_violation(report) << std::endl;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double virtual_seconds = static_cast<double>(sum.duration.count()) / 1000.0;
  std::cout << describe(sum)
            << fmt::format(
                   "podcron {} ({}): {} seeds from {}, {} broken, {:.1f} s, {:.0f} times "
                   "real time\n",
                   podcron::kVersion, podcron::kCommit, arguments.seeds, first, broken,
                   took.count(), virtual_seconds / took.count());
  return broken == 0 ? 0 : 1;
}
