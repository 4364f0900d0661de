// What a strategy service is asked, and what it answers: StrategyReview of podcron.dev/v1alpha1,
// one JSON object each way, as an AdmissionReview is.
//
// Source: docs/strategies.md#webhook, which is the contract with those who write such services.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uid.h"

namespace podcron::api {

/// One eligible pod.
struct OfferedPod {
  std::string name;
  Uid uid;
  std::string node_name;
  std::optional<WallTime> ready_since;
};

struct StrategyReview {
  std::string uid;  // of this question; the answer repeats it
  std::string namespace_;
  std::string pod_cron_job;
  Uid pod_cron_job_uid;
  std::string run;
  WallTime scheduled_time;
  /// All of them; `pods` may be fewer.
  std::int64_t eligible = 0;
  std::int64_t chosen_max = 0;
  std::vector<OfferedPod> pods;  // in name order
};

/// {"apiVersion":…,"kind":"StrategyReview","request":{…}}.
std::string encode_strategy_review(const StrategyReview& review);

/// Read from {"response":{"uid":…,"pods":[NAME…]}}; both must be there. Nothing of it is believed.
struct StrategyAnswer {
  std::string uid;
  std::vector<std::string> pods;
};

}  // namespace podcron::api
