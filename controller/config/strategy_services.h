// The strategy services that the administrator has registered: whom the strategy Webhook may ask.
//
// A YAML file, because no object of a user's may name an address that the controller calls:
//   services:
//   - name: quiet
//     url: https://quiet.ops.svc:8443/choose
//     caFile: quiet-ca.crt      # relative to this file; or ca: the PEM text itself
//     serverName: quiet         # in its certificate; default: the host of the URL
//     tokenFile: quiet.token    # sent as a bearer token, and read again when it changes
//     timeoutSeconds: 10        # at most, whatever objects allow; default 30
// Source: docs/strategies.md#webhook.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "controller/config/cluster_access.h"

namespace podcron::config {

inline constexpr std::size_t kStrategyServicesMax = 64;

struct StrategyService {
  std::string name;
  ClusterAccess access;  // without a path
  std::string path;      // "/choose"
  Millis timeout{};
};

/// In the file's order. Files that it names are looked at, but not kept: they may be replaced.
/// Errors: file, place, what was got and what is wanted. Unknown keys are refused.
Result<std::vector<StrategyService>> read_strategy_services(const std::string& path);

/// The longest wait for each, by name.
std::map<std::string, Millis> longest_waits(const std::vector<StrategyService>& services);

}  // namespace podcron::config
