#include "controller/config/in_cluster.h"

#include <unistd.h>

#include <fmt/format.h>

#include "controller/config/environment.h"

namespace podcron::config {
namespace {

constexpr const char* kServiceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

}  // namespace

Result<ClusterAccess> in_cluster_access() {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(ErrorCode::kNotFound,
                "no API server: --kubeconfig was not given, and this is no pod of a cluster "
                "(KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set). "
                "podcron never reads $KUBECONFIG or ~/.kube/config by itself; "
                "say --kubeconfig FILE");
  }
  ClusterAccess access;
  const bool ipv6 = host.find(':') != std::string::npos;
  const auto server = set_server(
      access, fmt::format(fmt::runtime(ipv6 ? "https://[{}]:{}" : "https://{}:{}"), host, port));
  if (!server) {
    return fail(ErrorCode::kInvalidArgument,
                "KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: " + server.error().message);
  }
  std::string directory = environment("PODCRON_SERVICEACCOUNT_DIR");
  if (directory.empty()) directory = kServiceAccountDir;
  access.token_file = directory + "/token";
  access.ca.path = directory + "/ca.crt";
  for (const std::string& path : {access.token_file, access.ca.path}) {
    if (::access(path.c_str(), R_OK) != 0) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{}: cannot be read; a pod has it when its service account token is "
                              "mounted (automountServiceAccountToken)",
                              path));
    }
  }
  access.origin = "in-cluster";
  return access;
}

}  // namespace podcron::config
