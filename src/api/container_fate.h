// What has become of one container of a pod: read from a live pod when a run in it ended badly.
//
// Source: k8s.io/api core/v1 ContainerStatus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/uid.h"

namespace podcron::api {

/// state.terminated or lastState.terminated.
struct ContainerEnd {
  std::string container_id;
  std::string reason;  // "OOMKilled", "Error", "Completed"
  std::int32_t exit_code = 0;
  friend bool operator==(const ContainerEnd&, const ContainerEnd&) = default;
};

struct ContainerFate {
  Uid pod;
  bool found = false;        // the container has a status
  bool leaving = false;      // the pod is being deleted or evicted, or has ended as a whole
  std::string container_id;  // of the present container, or of the last one
  bool running = false;
  std::optional<ContainerEnd> end;  // of the present container, else of the one before
  friend bool operator==(const ContainerFate&, const ContainerFate&) = default;
};

}  // namespace podcron::api
