#include <algorithm>

#include "api/decode.h"
#include "api/words.h"

namespace podcron::api {
namespace {

void read_pod_job_meta(const Node& node, PodJob& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (read_meta_field(key, value, out.meta)) return;
    if (key == "ownerReferences") {
      read_controller(value, out.controller);
    } else if (key == "annotations") {
      if (const auto holder = value.find(kHolderAnnotation)) {
        out.has_holder = true;
        holder->read(out.holder);
      }
    } else if (key == "finalizers") {
      value.items([&](const Node& item) {
        std::string name;
        item.read(name);
        if (name == kRecordFinalizer) {
          out.has_record_finalizer = true;
        } else {
          out.other_finalizers.push_back(std::move(name));
        }
      });
    }
  });
}

void read_target_ref(const Node& node, TargetRef& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "podName") {
      value.read(out.pod_name);
    } else if (key == "podUID") {
      value.read_foreign(out.pod_uid);
    } else if (key == "nodeName") {
      value.read(out.node_name);
    } else if (key == "container") {
      value.read(out.container);
    } else if (key == "containerID") {
      value.read(out.container_id);
    }
  });
  if (out.pod_name.empty()) node.missing("podName");
}

void read_spec(const Node& node, PodJob& out) {
  read_template_spec(node, out.spec);
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "podCronJobName") {
      value.read(out.pod_cron_job_name);
    } else if (key == "podCronJobGeneration") {
      value.read(out.pod_cron_job_generation);
    } else if (key == "scheduledTime") {
      value.read(out.scheduled_time);
    } else if (key == "startingDeadlineSeconds") {
      value.read_optional(out.starting_deadline_seconds);
    } else if (key == "targets") {
      out.targets.clear();
      value.items([&](const Node& item) { read_target_ref(item, out.targets.emplace_back()); });
    }
  });
}

void read_target_status(const Node& node, TargetStatus& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "podName") {
      value.read(out.pod_name);
    } else if (key == "podUID") {
      value.read_foreign(out.pod_uid);
    } else if (key == "container") {
      value.read(out.container);
    } else if (key == "attempt") {
      value.read(out.attempt);
    } else if (key == "outcome") {
      read_word(value, kTargetOutcomeWords, out.outcome);
    } else if (key == "reason") {
      value.read(out.reason);
    } else if (key == "message") {
      value.read(out.message);
    } else if (key == "exitCode") {
      value.read_optional(out.exit_code);
    } else if (key == "httpStatus") {
      value.read_optional(out.http_status);
    } else if (key == "took") {
      value.read(out.took);
    } else if (key == "output") {
      value.read(out.output);
    } else if (key == "unexpectedReason") {
      value.read(out.unexpected);
    }
  });
  if (out.pod_name.empty()) node.missing("podName");
}

void read_eligibility(const Node& node, std::optional<EligibilitySummary>& out) {
  EligibilitySummary summary;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "matched") {
      value.read(summary.matched);
    } else if (key == "eligible") {
      value.read(summary.eligible);
    } else if (key == "reasons") {
      summary.reasons.clear();
      value.fields([&](std::string_view reason, const Node& count) {
        count.read(summary.reasons.emplace_back(reason, 0).second);
      });
    }
  });
  std::stable_sort(summary.reasons.begin(), summary.reasons.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  out = std::move(summary);
}

void read_status(const Node& node, PodJobStatus& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "phase") {
      read_word(value, kPodJobPhaseWords, out.phase);
    } else if (key == "reason") {
      value.read(out.reason);
    } else if (key == "message") {
      value.read(out.message);
    } else if (key == "startTime") {
      value.read(out.start_time);
    } else if (key == "completionTime") {
      value.read(out.completion_time);
    } else if (key == "target") {
      value.read(out.target);
    } else if (key == "exitCode") {
      value.read_optional(out.exit_code);
    } else if (key == "late") {
      value.read(out.late);
    } else if (key == "took") {
      value.read(out.took);
    } else if (key == "targets") {
      out.targets.clear();
      value.items([&](const Node& item) { read_target_status(item, out.targets.emplace_back()); });
    } else if (key == "eligibility") {
      read_eligibility(value, out.eligibility);
    }
  });
}

}  // namespace

void read_pod_job(const Node& node, PodJob& out) {
  bool has_spec = false;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      read_pod_job_meta(value, out);
    } else if (key == "spec") {
      has_spec = true;
      read_spec(value, out);
    } else if (key == "status") {
      read_status(value, out.status);
    }
  });
  require_meta(node, out.meta);
  if (!has_spec) node.missing("spec");
}

}  // namespace podcron::api
