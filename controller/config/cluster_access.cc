#include "controller/config/cluster_access.h"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace podcron::config {
namespace {

constexpr std::string_view kHttps = "https://";

}  // namespace

std::string ClusterAccess::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<HostPort> parse_host_port(const std::string& text) {
  const auto wrong = [&text](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} in \"{}\"", what, text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong("no :PORT");
  HostPort result;
  const std::string_view port = std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
    return wrong("the port is not a number from 0 to 65535");
  }
  result.host = text.substr(0, colon);
  if (result.host.starts_with('[')) {
    if (!result.host.ends_with(']')) return wrong("no ] after [");
    result.host = result.host.substr(1, result.host.size() - 2);
  } else if (result.host.find(':') != std::string::npos) {
    return wrong("an IPv6 address needs brackets");
  }
  return result;
}

Result<void> set_server(ClusterAccess& access, const std::string& url) {
  if (!url.starts_with(kHttps)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\" is not an https:// URL; podcron sends credentials only over TLS", url));
  }
  std::string rest = url.substr(kHttps.size());
  const std::size_t slash = rest.find('/');
  std::string prefix = slash == std::string::npos ? "" : rest.substr(slash);
  rest.resize(std::min(slash, rest.size()));
  while (prefix.ends_with('/')) prefix.pop_back();
  for (const char c : url) {
    if (c <= ' ' || c == '?' || c == '#' || c == '@' || c == 0x7f) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" has a character that a server URL cannot have", url));
    }
  }
  const bool has_port = rest.ends_with(']') ? false : rest.find(':') != std::string::npos;
  auto host_port = parse_host_port(has_port ? rest : rest + ":443");
  if (!host_port) return tl::unexpected(host_port.error());
  if (host_port->host.empty() || host_port->port == 0) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" names no host and port", url));
  }
  access.host = std::move(host_port->host);
  access.port = host_port->port;
  access.path_prefix = std::move(prefix);
  return {};
}

}  // namespace podcron::config
