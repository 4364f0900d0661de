#include "api/dev_tools.h"

#include <algorithm>

namespace podcron::api {
namespace {

struct Marker {
  std::string_view key;         // of a label or an annotation: the same tool has used both
  std::string_view value = {};  // empty: any but "false"
};

// `skaffold.dev/run-id` is not among them: everything that Skaffold deploys has it.
constexpr Marker kMarkers[] = {
    {"devspace.sh/replaced"},
    {"interactive.dev.okteto.com"},
    {"detached.dev.okteto.com"},
    {"telepresence.io/workloadEnabled"},
    {"skaffold.dev/debug"},
    {"debug.cloud.google.com/config"},  // skaffold debug and Cloud Code
    {"operator.metalbear.co/owner"},    // mirrord's operator
    {"app", "mirrord"},                 // mirrord's agent
};

}  // namespace

bool marks_dev_tool(std::string_view key, std::string_view value) {
  return std::any_of(std::begin(kMarkers), std::end(kMarkers), [&](const Marker& marker) {
    return marker.key == key && (marker.value.empty() ? value != "false" : value == marker.value);
  });
}

}  // namespace podcron::api
