#include <algorithm>

#include "api/decode.h"
#include "api/not_implemented.h"
#include "api/words.h"
#include "observe/reasons.h"

namespace podcron::api {
namespace {

void read_template(const Node& node, PodCronJobSpec& out) {
  bool has_spec = false;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        if (name == "labels") field.read(out.template_labels);
        if (name == "annotations") field.read(out.template_annotations);
      });
    } else if (key == "spec") {
      has_spec = true;
      read_template_spec(value, out.job);
      out.job_json = value.to_json();
    }
  });
  if (!has_spec) node.missing("spec");
}

void read_cron_field(std::string_view key, const Node& value, PodCronJobSpec& out) {
  if (key == "schedule") {
    value.read(out.schedule);
  } else if (key == "timeZone") {
    value.read(out.time_zone);
  } else if (key == "daylightSaving") {
    value.read(out.daylight_saving);
  } else if (key == "startingDeadlineSeconds") {
    value.read_optional(out.starting_deadline_seconds);
  } else if (key == "catchUpPolicy") {
    read_word(value, kCatchUpPolicyWords, out.catch_up_policy);
  } else if (key == "catchUpLimit") {
    value.read(out.catch_up_limit);
  } else if (key == "concurrencyPolicy") {
    read_word(value, kConcurrencyPolicyWords, out.concurrency_policy);
  } else if (key == "spreadSeconds") {
    value.read(out.spread_seconds);
  } else if (key == "suspend") {
    value.read(out.suspend);
  } else if (key == "successfulJobsHistoryLimit") {
    value.read(out.successful_jobs_history_limit);
  } else if (key == "failedJobsHistoryLimit") {
    value.read(out.failed_jobs_history_limit);
  } else if (key == "podJobTemplate") {
    read_template(value, out);
  }
}

void read_spec(const Node& node, PodCronJobSpec& out) {
  node.fields([&](std::string_view key, const Node& value) { read_cron_field(key, value, out); });
  if (!out.job.not_implemented.empty()) {
    out.not_implemented = "spec.podJobTemplate.spec." + out.job.not_implemented;
  }
  if (out.schedule.empty()) node.missing("schedule");
  if (out.job_json.empty()) node.missing("podJobTemplate");
}

void read_observed_schedule(const Node& node, std::optional<ObservedSchedule>& out) {
  ObservedSchedule observed;
  bool suspend = false;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "schedule") {
      value.read(observed.schedule);
    } else if (key == "timeZone") {
      value.read(observed.time_zone);
    } else if (key == "daylightSaving") {
      value.read(observed.daylight_saving);
    } else if (key == "spreadSeconds") {
      value.read(observed.spread_seconds);
    } else if (key == "suspend") {
      value.read(suspend);
    } else if (key == "suspendReason") {
      value.read(observed.suspend_reason);
    } else if (key == "since") {
      value.read(observed.since);
    }
  });
  if (!suspend) observed.suspend_reason.clear();
  if (suspend && observed.suspend_reason.empty()) {
    observed.suspend_reason = observe::reason::kSuspended;  // of a version that knew one switch
  }
  out = std::move(observed);
}

void read_active(const Node& node, ActiveRun& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "name") {
      value.read(out.name);
    } else if (key == "scheduledTime") {
      value.read(out.scheduled_time);
    } else if (key == "holder") {
      value.read(out.holder);
    } else if (key == "attempt") {
      value.read(out.attempt);
    } else if (key == "state") {
      read_word(value, kActiveStateWords, out.state);
    } else if (key == "podJobUID") {
      value.read_foreign(out.pod_job_uid);
    }
  });
  if (out.name.empty()) node.missing("name");
}

void read_history(const Node& node, HistoryEntry& out) {
  std::optional<WallTime> from;
  std::optional<WallTime> to;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "from") {
      value.read(from);
    } else if (key == "to") {
      value.read(to);
    } else if (key == "count") {
      value.read(out.count);
    } else if (key == "outcome") {
      read_word(value, kOutcomeWords, out.outcome);
    } else if (key == "reason") {
      value.read(out.reason);
    } else if (key == "podJob") {
      value.read(out.pod_job);
    }
  });
  if (!from) return node.missing("from");
  out.from = *from;
  out.to = to.value_or(*from);
}

void read_condition(const Node& node, Condition& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "type") {
      value.read(out.type);
    } else if (key == "status") {
      read_word(value, kConditionStatusWords, out.status);
    } else if (key == "reason") {
      value.read(out.reason);
    } else if (key == "message") {
      value.read(out.message);
    } else if (key == "lastTransitionTime") {
      value.read(out.last_transition_time);
    } else if (key == "observedGeneration") {
      value.read(out.observed_generation);
    }
  });
  if (out.type.empty()) node.missing("type");
}

void read_target_harm(const Node& node, std::optional<TargetHarm>& out) {
  TargetHarm harm;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "generation") {
      value.read(harm.generation);
    } else if (key == "runs") {
      value.read(harm.runs);
    }
  });
  out = harm;
}

void read_status(const Node& node, PodCronJobStatus& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "decidedThrough") {
      value.read(out.decided_through);
    } else if (key == "observedSchedule") {
      read_observed_schedule(value, out.observed_schedule);
    } else if (key == "lastScheduleTime") {
      value.read(out.last_schedule_time);
    } else if (key == "lastSuccessfulTime") {
      value.read(out.last_successful_time);
    } else if (key == "lastFailureTime") {
      value.read(out.last_failure_time);
    } else if (key == "nextScheduleTime") {
      value.read(out.next_schedule_time);
    } else if (key == "active") {
      out.active.clear();
      value.items([&](const Node& item) { read_active(item, out.active.emplace_back()); });
    } else if (key == "history") {
      out.history.clear();
      value.items([&](const Node& item) { read_history(item, out.history.emplace_back()); });
    } else if (key == "targetHarm") {
      read_target_harm(value, out.target_harm);
    } else if (key == "strategyState") {
      value.read(out.strategy_state);
    } else if (key == "conditions") {
      out.conditions.clear();
      value.items([&](const Node& item) { read_condition(item, out.conditions.emplace_back()); });
    } else if (key == "observedGeneration") {
      value.read(out.observed_generation);
    }
  });
  std::stable_sort(out.history.begin(), out.history.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
  std::stable_sort(out.conditions.begin(), out.conditions.end(),
                   [](const auto& a, const auto& b) { return a.type < b.type; });
}

}  // namespace

void read_pod_cron_job(const Node& node, PodCronJob& out) {
  bool has_spec = false;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        read_meta_field(name, field, out.meta);
      });
    } else if (key == "spec") {
      has_spec = true;
      read_spec(value, out.spec);
    } else if (key == "status") {
      read_status(value, out.status);
    }
  });
  require_meta(node, out.meta);
  if (!has_spec) node.missing("spec");
}

}  // namespace podcron::api
