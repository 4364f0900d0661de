#include "observe/metrics.h"

#include <array>

namespace podcron::observe {
namespace {

constexpr std::array kLatencyBuckets{0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                     1.0,   2.5,  5.0,   10.0, 30.0, 60.0, 300.0};
constexpr std::array kDurationBuckets{0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0};

using enum MetricType;

constexpr std::array<MetricRow, 25> kRows{{
    {metric::kApiClockSkew,
     kGauge,
     "Local clock minus the API server's Date header, in seconds.",
     {}},
    {metric::kApiRequests,
     kCounter,
     "Requests to the API server by purpose and HTTP status (0: no answer).",
     {}},
    {metric::kClaimConflicts, kCounter, "Claims that another writer won; decided again.", {}},
    {metric::kClaimSkew, kHistogram, "From a scheduled time to its durable claim.",
     kLatencyBuckets},
    {metric::kClockSteps, kCounter, "Steps of the local clock of more than a second.", {}},
    {metric::kLastSuccess,
     kGauge,
     "Scheduled time of the last succeeded run, for at most 1,000 PodCronJobs.",
     {}},
    {metric::kLeader, kGauge, "1 while this replica decides: it leads, or none is elected.", {}},
    {metric::kLeaderTransitions, kCounter, "Times that this replica began or ceased to lead.", {}},
    {metric::kPodCronJobs, kGauge, "PodCronJobs known.", {}},
    {metric::kRelists, kCounter, "Complete lists after the first, by resource.", {}},
    {metric::kOutboxWaiting, kGauge, "Requests waiting for their turn.", {}},
    {metric::kRunDuration, kHistogram, "From dialling to the end of a target, by executor.",
     kDurationBuckets},
    {metric::kRunsActive, kGauge, "Runs that this process holds.", {}},
    {metric::kRuns, kCounter, "Ended runs by outcome.", {}},
    {metric::kScheduledTimes,
     kCounter,
     "Scheduled times decided: claimed, skipped or missed, with the reason.",
     {}},
    {metric::kSessionDetection,
     kGauge,
     "1 while the last self-test of the session webhook arrived.",
     {}},
    {metric::kSessionReviews,
     kCounter,
     "Execs and attaches that the API server asked about, by what became of them.",
     {}},
    {metric::kSessions, kGauge, "Leases of interactive sessions known.", {}},
    {metric::kStartSkew, kHistogram, "From a scheduled time to the dialled task, by executor.",
     kLatencyBuckets},
    {metric::kStrategyReviews,
     kCounter,
     "Questions to strategy services by service and result: chosen, none or failed.",
     {}},
    {metric::kTakeOvers, kCounter, "Runs taken over from a gone holder, by what was found.", {}},
    {metric::kTzdata, kGauge, "1 for the tzdata version in use, 0 for earlier ones.", {}},
    {metric::kUndecodable, kCounter, "Objects that could not be read, by resource.", {}},
    {metric::kUnexpectedPods,
     kCounter,
     "Targets whose pod became ineligible during the run, by rule (Event RanInUnexpectedPod).",
     {}},
    {metric::kPods, kGauge, "Pods with the serving label.", {}},
}};

}  // namespace

std::span<const MetricRow> metrics() { return kRows; }

const MetricRow* find_metric(std::string_view name) {
  for (const MetricRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace podcron::observe
