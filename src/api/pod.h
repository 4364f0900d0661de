// A pod as far as eligibility and dispatch need it; everything else is dropped while parsing.
//
// Source: k8s.io/api core/v1 Pod; facts behind each field: docs/eligibility.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/object_meta.h"

namespace podcron::api {

enum class PodPhase : std::uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };

/// One entry of spec.containers or of a workload's template. What it runs is kept as hashes,
/// because the only question is whether two run the same. They stop no forger: whoever may change a
/// pod's image in place may run there what he likes.
struct ContainerSpec {
  std::string name;
  bool stdin_open = false;
  bool tty = false;
  bool has_readiness_probe = false;
  std::uint64_t image = 0;       // of the whole reference
  std::uint64_t image_name = 0;  // of "shop" in "registry.example:5000/team/shop:1.4@sha256:..."
  std::uint64_t process = 0;     // of command and args; 0: both are empty
  friend bool operator==(const ContainerSpec&, const ContainerSpec&) = default;
};

/// One entry of status.containerStatuses.
struct ContainerStatus {
  std::string name;
  std::string container_id;  // "containerd://<64 hex>"; empty before the first start
  bool running = false;
  bool ready = false;
  bool started = false;  // `started` absent counts as true
  friend bool operator==(const ContainerStatus&, const ContainerStatus&) = default;
};

struct Pod {
  ObjectMeta meta;
  StringMap labels;
  std::string generate_name;
  std::optional<OwnerReference> controller;
  bool excluded = false;          // annotation podcron.dev/exclude, any value but "false"
  std::string default_container;  // annotation kubectl.kubernetes.io/default-container
  std::string node_name;
  PodPhase phase = PodPhase::kPending;
  bool ready = false;                   // condition Ready is True
  std::optional<WallTime> ready_since;  // its lastTransitionTime
  bool disrupted = false;               // condition DisruptionTarget is True
  bool dev_tool = false;                // carries a marker of api/dev_tools.h
  bool ephemeral_running = false;       // an ephemeral container that has not certainly ended
  std::vector<ContainerSpec> containers;
  std::vector<ContainerStatus> statuses;
  friend bool operator==(const Pod&, const Pod&) = default;
};

}  // namespace podcron::api
