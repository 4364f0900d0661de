#include "reconcile/http_target.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconcile/ip_address.h"

namespace podcron::reconcile {
namespace {

/// "" for an address that an ordinary pod may have.
std::string_view what_is_wrong(const IpAddress& address, const HttpRules& rules) {
  if (address.loopback()) return rules.loopback_allowed ? "" : "a loopback address";
  if (address.link_local()) return "a link-local address";
  if (address.multicast()) return "a multicast address";
  if (address.unspecified()) return "an unspecified address";
  if (address.reserved()) return "a reserved address";
  return "";
}

bool is_among(const IpAddress& address, const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return IpAddress::parse(text) == address; });
}

/// Where clouds tell virtual machines their secrets, beside link-local addresses.
const std::vector<std::string> kMetadataServices{"100.100.100.200", "168.63.129.16",
                                                 "fd00:ec2::254"};

Result<std::uint16_t> declared_port(const api::PodAddress& pod, std::string_view container,
                                    const api::PortRef& wanted) {
  const api::DeclaredPort* found = nullptr;
  for (const api::DeclaredPort& port : pod.ports) {
    const bool matches =
        wanted.number != 0 ? port.number == wanted.number : port.name == wanted.name;
    // A name is unique in a container, not in a pod.
    if (matches && (found == nullptr || port.container == container)) found = &port;
  }
  if (found == nullptr || found->number < 1 || found->number > 65535) {
    const std::string text =
        wanted.number != 0 ? fmt::format("{}", wanted.number) : fmt::format("\"{}\"", wanted.name);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("no container of the pod declares the TCP port {} in its ports", text));
  }
  return static_cast<std::uint16_t>(found->number);
}

}  // namespace

Result<HttpTarget> http_target(const api::PodAddress& pod, std::string_view container,
                               const api::PortRef& port, const HttpRules& rules) {
  const auto refuse = [](std::string why) {
    return fail(ErrorCode::kInvalidArgument, std::move(why));
  };
  if (pod.host_network) return refuse("the pod has hostNetwork: its address is the node's");
  if (pod.ips.empty()) return refuse("the pod has no address yet");
  const std::string& text = pod.ips.front();
  const auto address = IpAddress::parse(text);
  if (!address) return refuse("status.podIP is no IP address");
  if (const auto wrong = what_is_wrong(*address, rules); !wrong.empty()) {
    return refuse(fmt::format("status.podIP {} is {}", text, wrong));
  }
  // A test's pods share the one address family that is theirs with node and API server.
  const bool judged = !(rules.loopback_allowed && address->loopback());
  if (judged && is_among(*address, pod.node_ips)) {
    return refuse(fmt::format("status.podIP {} is its node's", text));
  }
  if (is_among(*address, kMetadataServices)) {
    return refuse(fmt::format("status.podIP {} is a cloud's metadata service", text));
  }
  if (is_among(*address, rules.refused_addresses)) {
    return refuse(fmt::format("status.podIP {} is the API server's", text));
  }
  auto number = declared_port(pod, container, port);
  if (!number) return tl::unexpected(std::move(number.error()));
  return HttpTarget{text, *number};
}

}  // namespace podcron::reconcile
