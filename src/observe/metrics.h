// Every metric: name, kind, label names, help. The registry and the docs are made from this table.
//
// Base units, `_total` for counters, bounded labels: never the name of a pod or a run.
#pragma once

#include <span>
#include <string_view>

namespace podcron::observe {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricRow {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::span<const double> buckets;  // of histograms
};

namespace metric {
inline constexpr std::string_view kRuns = "podcron_runs_total";
inline constexpr std::string_view kScheduledTimes = "podcron_scheduled_times_total";
inline constexpr std::string_view kStartSkew = "podcron_start_skew_seconds";
inline constexpr std::string_view kClaimSkew = "podcron_claim_skew_seconds";
inline constexpr std::string_view kRunDuration = "podcron_run_duration_seconds";
inline constexpr std::string_view kRunsActive = "podcron_runs_active";
inline constexpr std::string_view kLastSuccess = "podcron_last_success_timestamp_seconds";
inline constexpr std::string_view kApiRequests = "podcron_api_requests_total";
inline constexpr std::string_view kClaimConflicts = "podcron_claim_conflicts_total";
inline constexpr std::string_view kRelists = "podcron_relists_total";
inline constexpr std::string_view kUndecodable = "podcron_undecodable_objects_total";
inline constexpr std::string_view kUnexpectedPods = "podcron_unexpected_pods_total";
inline constexpr std::string_view kLeader = "podcron_leader";
inline constexpr std::string_view kLeaderTransitions = "podcron_leader_transitions_total";
inline constexpr std::string_view kPods = "podcron_watched_pods";
inline constexpr std::string_view kPodCronJobs = "podcron_podcronjobs";
inline constexpr std::string_view kOutboxWaiting = "podcron_requests_waiting";
inline constexpr std::string_view kClockSteps = "podcron_clock_steps_total";
inline constexpr std::string_view kApiClockSkew = "podcron_api_clock_skew_seconds";
inline constexpr std::string_view kTzdata = "podcron_tzdata_version_info";
inline constexpr std::string_view kSessionReviews = "podcron_session_reviews_total";
inline constexpr std::string_view kSessions = "podcron_sessions";
inline constexpr std::string_view kSessionDetection = "podcron_session_detection_active";
inline constexpr std::string_view kStrategyReviews = "podcron_strategy_reviews_total";
inline constexpr std::string_view kTakeOvers = "podcron_take_overs_total";
}  // namespace metric

/// All rows, by name.
std::span<const MetricRow> metrics();

/// nullptr when there is no such metric.
const MetricRow* find_metric(std::string_view name);

}  // namespace podcron::observe
