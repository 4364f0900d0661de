// How to reach one API server and as whom. Plain values: nothing here was opened or checked yet,
// except that the text is well-formed.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace podcron::config {

/// A PEM text, either in a file (re-read when it changes) or embedded in the kubeconfig.
struct PemSource {
  std::string path;
  std::string text;
  [[nodiscard]] bool empty() const { return path.empty() && text.empty(); }
};

struct ClusterAccess {
  std::string host;  // name or address, IPv6 without brackets
  std::uint16_t port = 443;
  std::string path_prefix;  // "/k8s/clusters/c-1", no slash at the end; usually empty
  /// Verified against the certificate and sent as SNI; empty: `host`.
  std::string tls_server_name;
  PemSource ca;  // empty: the system's certification authorities
  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::string token_file;  // wins over `token`, re-read when it changes
  std::string namespace_;  // of the kubeconfig's context; may be empty
  /// For messages: "kubeconfig ./admin.conf, context admin" or "in-cluster".
  std::string origin;

  [[nodiscard]] const std::string& verified_name() const {
    return tls_server_name.empty() ? host : tls_server_name;
  }
  /// "127.0.0.1:6443", "[::1]:6443": the Host header and the name in messages.
  [[nodiscard]] std::string authority() const;
};

/// Fills host, port and path_prefix from "https://host[:port][/path]".
/// Errors: kInvalidArgument, quoting the URL. Plain http is refused: credentials would leak.
Result<void> set_server(ClusterAccess& access, const std::string& url);

/// "127.0.0.1:8080", ":8080", "[::1]:0" to host (may be empty) and port.
/// Errors: kInvalidArgument, quoting the text.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(const std::string& text);

}  // namespace podcron::config
