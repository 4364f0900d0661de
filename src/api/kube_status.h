// metav1.Status: how the API server and the node say that something went wrong, or well.
//
// Source: k8s.io/apimachinery metav1.Status; exit codes: pkg/util/remotecommand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace podcron::api {

struct KubeStatus {
  bool success = false;
  std::int32_t code = 0;
  std::string reason;                     // "NotFound", "NonZeroExitCode", "InternalError", ...
  std::string message;                    // shortened to kStatusMessageBytesMax
  std::optional<std::int32_t> exit_code;  // cause ExitCode of reason NonZeroExitCode
  std::optional<std::int32_t> retry_after_seconds;
};

inline constexpr std::size_t kStatusMessageBytesMax = 1024;

/// Errors: kMalformed when it is not JSON or its `status` is neither Success nor Failure.
Result<KubeStatus> decode_status(std::string_view json);

}  // namespace podcron::api
