#include <algorithm>
#include <charconv>

#include "api/decode.h"
#include "api/not_implemented.h"
#include "api/words.h"

namespace podcron::api {
namespace {

void read_workload_ref(const Node& node, std::optional<WorkloadRef>& out) {
  WorkloadRef ref;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "apiGroup") {
      value.read(ref.api_group);
    } else if (key == "kind") {
      value.read(ref.kind);
    } else if (key == "name") {
      value.read(ref.name);
    }
  });
  if (ref.name.empty()) node.missing("name");
  out = std::move(ref);
}

/// Seconds are bounded by the CRD; a larger number can only come around it.
void read_serving_probe(const Node& node, std::optional<ServingProbe>& out) {
  ServingProbe probe;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "exec") {
      if (const auto command = value.find("command")) command->read(probe.command);
    } else if (key == "httpGet") {
      read_http_get(value, probe.http.emplace());
    } else if (key == "timeoutSeconds") {
      value.read(probe.timeout_seconds);
      if (probe.timeout_seconds < 1) value.wanted("at least 1");
    }
  });
  out = std::move(probe);
}

void read_interactive_sessions(const Node& node, InteractiveSessions& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "exclude") {
      read_word(value, kSessionExclusionWords, out.exclude);
    } else if (key == "cooldownSeconds") {
      value.read(out.cooldown_seconds);
      if (out.cooldown_seconds < 0) value.wanted("at least 0");
    }
  });
}

void read_target(const Node& node, Target& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "selector") {
      read_selector(value, out.selector);
    } else if (key == "workloadRef") {
      read_workload_ref(value, out.workload_ref);
    } else if (key == "podNames") {
      value.read(out.pod_names);
      std::sort(out.pod_names.begin(), out.pod_names.end());
    } else if (key == "serviceName") {
      value.read(out.service_name);
    } else if (key == "container") {
      value.read(out.container);
    } else if (key == "minReadySeconds") {
      value.read(out.min_ready_seconds);
    } else if (key == "revision") {
      read_word(value, kRevisionWords, out.revision);
    } else if (key == "ownership") {
      read_word(value, kOwnershipWords, out.ownership);
    } else if (key == "minEligible") {
      value.read(out.min_eligible);
    } else if (key == "servingProbe") {
      read_serving_probe(value, out.serving_probe);
    } else if (key == "interactiveSessions") {
      read_interactive_sessions(value, out.interactive_sessions);
    }
  });
}

void read_int_or_percent(const Node& node, IntOrPercent& out) {
  if (!node.is_string()) {
    out.percent = false;
    node.read(out.value);
    return;
  }
  std::string_view text;
  node.read(text);
  const bool percent = text.ends_with('%');
  const char* const end = text.data() + text.size() - (percent ? 1 : 0);
  std::int32_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < 0) {
    return node.wanted("a number or a percentage such as \"25%\"");
  }
  out = {value, percent};
}

void read_webhook(const Node& node, StrategyWebhook& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "name") {
      value.read(out.name);
    } else if (key == "timeoutSeconds") {
      value.read(out.timeout_seconds);
    } else if (key == "failurePolicy") {
      read_word(value, kFailurePolicyWords, out.failure_policy);
    }
  });
}

void read_strategy(const Node& node, StrategySpec& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "type") {
      value.read(out.type);
    } else if (key == "count") {
      value.read(out.count);
    } else if (key == "maxParallel") {
      read_int_or_percent(value, out.max_parallel);
    } else if (key == "maxFailed") {
      read_int_or_percent(value, out.max_failed);
    } else if (key == "ordinal") {
      value.read(out.ordinal);
    } else if (key == "fallback") {
      read_word(value, kOrdinalFallbackWords, out.fallback);
    } else if (key == "topologyKey") {
      value.read(out.topology_key);
    } else if (key == "percent") {
      value.read(out.percent);
    } else if (key == "webhook") {
      read_webhook(value, out.webhook);
    }
  });
}

/// A list of {name, value}, as containers have it; kept by name.
void read_environment(const Node& node, StringMap& out) {
  out.clear();
  node.items([&](const Node& item) {
    auto& entry = out.emplace_back();
    item.fields([&](std::string_view key, const Node& value) {
      if (key == "name") value.read(entry.first);
      if (key == "value") value.read(entry.second);
    });
    if (entry.first.empty()) item.missing("name");
  });
  // The API server has made sure that no name stands there twice; if it did, the first stays.
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  out.erase(std::unique(out.begin(), out.end(), same_name), out.end());
}

void read_exec(const Node& node, ExecSpec& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "command") {
      value.read(out.command);
    } else if (key == "env") {
      read_environment(value, out.env);
    }
  });
  if (out.command.empty()) node.missing("command");
}

/// Seconds are bounded by the CRD; a larger number can only come around it.
void read_active_deadline(const Node& node, std::int32_t& out) {
  node.read(out);
  if (out < 1) node.wanted("at least 1");
}

}  // namespace

void read_template_spec(const Node& node, PodJobTemplateSpec& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "target") {
      read_target(value, out.target);
    } else if (key == "strategy") {
      read_strategy(value, out.strategy);
    } else if (key == "noTargetPolicy") {
      read_word(value, kNoTargetPolicyWords, out.no_target_policy);
    } else if (key == "exec") {
      out.executor = Executor::kExec;
      read_exec(value, out.exec);
    } else if (key == "http") {
      out.executor = Executor::kHttp;
      read_http(value, out.http.emplace());
    } else if (key == "job") {
      out.executor = Executor::kJob;
    } else if (key == "activeDeadlineSeconds") {
      read_active_deadline(value, out.active_deadline_seconds);
    } else if (key == "deliveryPolicy") {
      read_word(value, kDeliveryPolicyWords, out.delivery_policy);
    } else if (key == "outputPolicy") {
      read_word(value, kOutputPolicyWords, out.output_policy);
    } else if (key == "serviceAccountName") {
      value.read(out.service_account_name);
    } else if (key == "ttlSecondsAfterFinished") {
      value.read_optional(out.ttl_seconds_after_finished);
    }
  });
  out.not_implemented = not_implemented_in_template(node);
}

}  // namespace podcron::api
