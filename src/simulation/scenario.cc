#include "simulation/scenario.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>

#include <fmt/format.h>

#include "base/hash.h"
#include "simulation/strategy_link.h"

namespace podcron::simulation {
namespace {

Json task_command(std::string_view name) {
  return Json::array({kTaskProgram, name, "$(PODCRON_RUN_ID)", "$(PODCRON_SCHEDULED_TIME)",
                      "$(PODCRON_ATTEMPT)", "$(PODCRON_POD_NAME)", "$(PODCRON_TARGET_INDEX)"});
}

/// The same for HTTP: the body is the command line.
std::string task_line(const Json& command) {
  std::string line;
  for (const Json& word : command) {
    if (!line.empty()) line += ' ';
    line += word.get<std::string>();
  }
  return line;
}

std::string draw_word(Prng& prng, std::initializer_list<const char*> words) {
  return *std::next(words.begin(), static_cast<std::ptrdiff_t>(prng.below(words.size())));
}

Json draw_strategy(Prng& prng) {
  const std::uint64_t drawn = prng.below(20);
  if (drawn < 7) return {{"type", "Random"}, {"count", 1}};
  if (drawn < 8) return {{"type", "Random"}, {"count", 2}};
  if (drawn < 11) return {{"type", "RoundRobin"}};
  if (drawn < 13) return {{"type", "LeastRecent"}};
  if (drawn < 16) return {{"type", draw_word(prng, {"Sticky", "Oldest", "Newest"})}};
  if (drawn < 17) {
    return {{"type", "PerTopology"},
            {"topologyKey", draw_word(prng, {"kubernetes.io/hostname", kZoneLabel})}};
  }
  if (drawn < 18) return {{"type", "Percent"}, {"percent", 50}};
  return {{"type", "All"}, {"maxParallel", prng.chance(500) ? Json("50%") : Json(2)}};
}

Json draw_pod_cron_job(Environment& environment, const std::string& name, const std::string& app) {
  Prng& prng = environment.prng;
  const std::string policy = draw_word(prng, {"Forbid", "Forbid", "Allow", "Replace", "Queue"});
  const std::string catch_up = draw_word(prng, {"Latest", "Latest", "None", "All"});
  Json template_spec = {
      {"target", {{"selector", {{"matchLabels", {{"app", app}}}}}}},
      {"strategy", draw_strategy(prng)},
      {"exec", {{"command", task_command(name)}}},
      {"activeDeadlineSeconds", 5 + prng.below(30)},
      {"noTargetPolicy", prng.chance(700) ? "Wait" : "Skip"},
      {"deliveryPolicy", "AtMostOnce"},
      {"outputPolicy", "OnFailure"},
      {"backoffLimit", 0},
  };
  Json spec = {
      {"schedule", draw_schedule(prng)},
      {"timeZone", "UTC"},
      {"daylightSaving", "Once"},
      {"catchUpPolicy", catch_up},
      {"catchUpLimit", 1 + prng.below(5)},
      {"concurrencyPolicy", policy},
      {"suspend", false},
      {"successfulJobsHistoryLimit", prng.below(4)},
      {"failedJobsHistoryLimit", prng.below(3)},
      {"podJobTemplate",
       {{"metadata", {{"labels", {{"policy", policy}}}}}, {"spec", std::move(template_spec)}}},
  };
  if (prng.chance(500)) spec["startingDeadlineSeconds"] = 2 + prng.below(25);
  return {{"apiVersion", "podcron.dev/v1alpha1"},
          {"kind", "PodCronJob"},
          {"metadata", {{"namespace", kNamespace}, {"name", name}}},
          {"spec", std::move(spec)}};
}

}  // namespace

std::string draw_schedule(Prng& prng) {
  constexpr std::array<const char*, 6> kSchedules{
      "*/10 * * * * *", "*/10 * * * * *", "*/5 * * * * *",
      "*/15 * * * * *", "*/20 * * * * *", "*/1 * * * *",
  };
  return kSchedules[prng.below(kSchedules.size())];
}

Scenario draw_scenario(Environment& environment, std::size_t pod_cron_jobs, std::size_t pods) {
  Prng& prng = environment.prng;
  Scenario scenario;
  const std::size_t workloads = 1 + prng.below(2);
  std::size_t left = pods == 0 ? 2 + prng.below(7) : pods;
  for (std::size_t i = 0; i < workloads; ++i) {
    const std::size_t replicas = i + 1 == workloads ? left : std::max<std::size_t>(1, left / 2);
    left -= std::min(left, replicas);
    scenario.workloads.push_back({std::string(kNamespace), fmt::format("web{}", i),
                                  prng.chance(300), std::max<std::size_t>(1, replicas)});
  }
  const std::size_t count = pod_cron_jobs == 0 ? 1 + prng.below(3) : pod_cron_jobs;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& app = scenario.workloads[prng.below(workloads)].name;
    scenario.pod_cron_jobs.push_back(draw_pod_cron_job(environment, fmt::format("job{}", i), app));
    // Not from the Prng, so that every other chance falls as it does without them.
    const std::uint64_t chance = hash_combine(environment.report.seed, i);
    Json& spec = scenario.pod_cron_jobs.back()["spec"]["podJobTemplate"]["spec"];
    if (chance % 5 == 1) {
      spec["target"]["servingProbe"] = chance % 2 == 0
                                           ? Json{{"exec", {{"command", {kProbeProgram}}}}}
                                           : Json{{"httpGet", {{"port", 8080}}}};
    }
    if (chance % 6 == 3) {
      spec["http"] = {{"port", "http"}, {"body", task_line(spec["exec"]["command"])}};
      spec.erase("exec");
    }
    if (chance % 7 == 2) {
      spec["strategy"] = {{"type", "Webhook"},
                          {"webhook",
                           {{"name", kStrategyService},
                            {"timeoutSeconds", 1 + chance % 5},
                            {"failurePolicy", chance % 3 == 0 ? "Random" : "Fail"}}}};
    }
    if (chance % 4 != 0) continue;
    for (WorkloadPlan& plan : scenario.workloads) plan.service = plan.service || plan.name == app;
    spec["target"]["serviceName"] = app;
  }
  return scenario;
}

}  // namespace podcron::simulation
