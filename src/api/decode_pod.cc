#include <algorithm>

#include "api/decode.h"
#include "api/dev_tools.h"

namespace podcron::api {
namespace {

constexpr std::string_view kExcludeAnnotation = "podcron.dev/exclude";
constexpr std::string_view kDefaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

/// An ephemeral container counts as running until its status says that it ended: it is never
/// removed or started again, and it has no status before the node has seen it.
class EphemeralContainers {
 public:
  void declared(std::string_view name) { declared_.push_back(name); }
  void reported(std::string_view name, bool ended) {
    ended ? ended_.push_back(name) : declared_.push_back(name);
  }
  /// Cost: n log n, because whoever may debug a pod decides how many there are.
  [[nodiscard]] bool any_running() {
    std::sort(ended_.begin(), ended_.end());
    return !std::all_of(declared_.begin(), declared_.end(), [this](std::string_view name) {
      return std::binary_search(ended_.begin(), ended_.end(), name);
    });
  }

 private:
  std::vector<std::string_view> declared_;
  std::vector<std::string_view> ended_;
};

void read_annotations(const Node& node, Pod& out) {
  node.fields([&](std::string_view key, const Node& value) {
    std::string_view text;
    value.read(text);
    if (key == kExcludeAnnotation) {
      out.excluded = text != "false";
    } else if (key == kDefaultContainerAnnotation) {
      out.default_container = text;
    } else if (marks_dev_tool(key, text)) {
      out.dev_tool = true;
    }
  });
}

void read_labels(const Node& node, Pod& out) {
  node.read(out.labels);
  for (const auto& [key, value] : out.labels) {
    if (marks_dev_tool(key, value)) out.dev_tool = true;
  }
}

void read_pod_meta(const Node& node, Pod& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (read_meta_field(key, value, out.meta)) return;
    if (key == "labels") {
      read_labels(value, out);
    } else if (key == "annotations") {
      read_annotations(value, out);
    } else if (key == "generateName") {
      value.read(out.generate_name);
    } else if (key == "ownerReferences") {
      read_controller(value, out.controller);
    }
  });
}

void read_name(const Node& node, std::string_view& out) {
  if (const auto name = node.find("name")) name->read(out);
}

void read_pod_spec(const Node& node, Pod& out, EphemeralContainers& ephemeral) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "containers") {
      out.containers.clear();
      value.items([&](const Node& item) { read_container(item, out.containers.emplace_back()); });
    } else if (key == "nodeName") {
      value.read(out.node_name);
    } else if (key == "ephemeralContainers") {
      value.items([&](const Node& item) {
        std::string_view name;
        read_name(item, name);
        ephemeral.declared(name);
      });
    }
  });
}

void read_phase(const Node& node, PodPhase& out) {
  constexpr Word<PodPhase> kWords[] = {
      {"Pending", PodPhase::kPending},
      {"Running", PodPhase::kRunning},
      {"Succeeded", PodPhase::kSucceeded},
      {"Failed", PodPhase::kFailed},
  };
  std::string_view text;
  node.read(text);
  // A phase that is new to us is no reason to lose sight of the pod: it is only not Running.
  out = PodPhase::kUnknown;
  for (const auto& word : kWords) {
    if (word.text == text) out = word.value;
  }
}

void read_condition(const Node& node, Pod& out) {
  std::string_view type;
  std::string_view status;
  std::optional<WallTime> since;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "type") {
      value.read(type);
    } else if (key == "status") {
      value.read(status);
    } else if (key == "lastTransitionTime") {
      value.read(since);
    }
  });
  if (type == "Ready") {
    out.ready = status == "True";
    out.ready_since = out.ready ? since : std::nullopt;
  } else if (type == "DisruptionTarget") {
    out.disrupted = status == "True";
  }
}

void read_container_status(const Node& node, ContainerStatus& out) {
  out.started = true;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "name") {
      value.read(out.name);
    } else if (key == "containerID") {
      value.read(out.container_id);
    } else if (key == "ready") {
      value.read(out.ready);
    } else if (key == "started") {
      value.read(out.started);
    } else if (key == "state") {
      out.running = value.find("running").has_value();
    }
  });
  if (out.name.empty()) node.missing("name");
}

void read_pod_status(const Node& node, Pod& out, EphemeralContainers& ephemeral) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "phase") {
      read_phase(value, out.phase);
    } else if (key == "conditions") {
      value.items([&](const Node& item) { read_condition(item, out); });
    } else if (key == "containerStatuses") {
      out.statuses.clear();
      value.items(
          [&](const Node& item) { read_container_status(item, out.statuses.emplace_back()); });
    } else if (key == "ephemeralContainerStatuses") {
      value.items([&](const Node& item) {
        std::string_view name;
        read_name(item, name);
        const auto state = item.find("state");
        ephemeral.reported(name, state && state->find("terminated").has_value());
      });
    }
  });
}

}  // namespace

void read_pod(const Node& node, Pod& out) {
  EphemeralContainers ephemeral;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      read_pod_meta(value, out);
    } else if (key == "spec") {
      read_pod_spec(value, out, ephemeral);
    } else if (key == "status") {
      read_pod_status(value, out, ephemeral);
    }
  });
  out.ephemeral_running = ephemeral.any_running();
  require_meta(node, out.meta);
}

}  // namespace podcron::api
