#include "simulation/report.h"

#include <fmt/format.h>

#include "simulation/trace.h"

namespace podcron::simulation {

void add(Report& sum, const Report& one) {
  sum.duration += one.duration;
  sum.steps += one.steps;
  sum.effects += one.effects;
  sum.requests += one.requests;
  sum.streams += one.streams;
  sum.execs += one.execs;
  sum.requests_to_pods += one.requests_to_pods;
  sum.questions += one.questions;
  sum.incarnations += one.incarnations;
  sum.process_starts += one.process_starts;
  sum.claims += one.claims;
  sum.pod_jobs += one.pod_jobs;
  for (const auto& [outcome, count] : one.outcomes) sum.outcomes[outcome] += count;
  for (std::size_t i = 0; i < kFaultKindCount; ++i) sum.faults[i] += one.faults[i];
}

std::string describe(const Report& report) {
  const double hours = static_cast<double>(report.duration.count()) / 3'600'000.0;
  std::string text = fmt::format(
      "virtual hours {:.2f}, steps {}, effects {}, requests {}, streams {}, execs {}, requests to "
      "pods {}, questions "
      "{}\n"
      "incarnations {}, claims {}, PodJobs {}, process starts {}\n",
      hours, report.steps, report.effects, report.requests, report.streams, report.execs,
      report.requests_to_pods, report.questions, report.incarnations, report.claims,
      report.pod_jobs, report.process_starts);
  text += "outcomes:";
  for (const auto& [outcome, count] : report.outcomes) {
    text += fmt::format(" {} {}", outcome, count);
  }
  text += "\nfaults:";
  for (std::size_t i = 0; i < kFaultKindCount; ++i) {
    if (report.faults[i] == 0) continue;
    text += fmt::format(" {} {}", to_string(static_cast<FaultKind>(i)), report.faults[i]);
  }
  return text + "\n";
}

std::string describe_violation(const Report& report) {
  if (!report.violation) return {};
  return fmt::format("seed {} ({}): {} broken after {} in step {}: {}", report.seed, report.mood,
                     report.violation->invariant, clock_text(report.violation->when),
                     report.violation->step, report.violation->what);
}

}  // namespace podcron::simulation
