// A kubeconfig file: which server, and as whom.
//
// Understood: current-context or a named context; certificate-authority(-data), tls-server-name;
// client-certificate(-data), client-key(-data), token, tokenFile. Paths are relative to the file.
// Refused, saying so: insecure-skip-tls-verify, exec and auth-provider plugins, basic
// authentication, impersonation, proxy-url.
//
// Source: k8s.io/client-go tools/clientcmd/api/v1.
#pragma once

#include <string>

#include "controller/config/cluster_access.h"

namespace podcron::config {

inline constexpr std::size_t kKubeconfigBytesMax = 4u << 20;

/// `context` empty: the file's current-context.
/// Errors name the file, what was wrong, what was got and what is wanted: kNotFound (file,
/// context, cluster, user), kMalformed (not YAML, not that shape), kNotImplemented (plugins).
Result<ClusterAccess> read_kubeconfig(const std::string& path, const std::string& context);

/// RFC 4648 section 4; white space is skipped. Errors: kMalformed.
Result<std::string> decode_base64(std::string_view text);

}  // namespace podcron::config
