#include <algorithm>

#include "api/decode.h"

namespace podcron::api {
namespace {

void add_once(std::string_view ip, std::vector<std::string>& out) {
  if (!ip.empty() && std::find(out.begin(), out.end(), ip) == out.end()) out.emplace_back(ip);
}

/// podIP or hostIP.
void read_ip(const Node& node, std::vector<std::string>& out) {
  std::string_view ip;
  node.read(ip);
  add_once(ip, out);
}

/// podIPs or hostIPs.
void read_ips(const Node& node, std::vector<std::string>& out) {
  node.items([&](const Node& item) {
    if (const auto ip = item.find("ip")) read_ip(*ip, out);
  });
}

void read_port(const Node& node, std::string_view container, std::vector<DeclaredPort>& out) {
  DeclaredPort port;
  port.container = container;
  std::string_view protocol = "TCP";
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "name") {
      value.read(port.name);
    } else if (key == "containerPort") {
      value.read(port.number);
    } else if (key == "protocol") {
      value.read(protocol);
    }
  });
  if (protocol == "TCP") out.push_back(std::move(port));
}

/// spec.containers, and spec.initContainers for the sidecars among them.
void read_ports_of(const Node& containers, std::vector<DeclaredPort>& out) {
  containers.items([&](const Node& container) {
    std::string_view name;
    if (const auto value = container.find("name")) value->read(name);
    if (const auto ports = container.find("ports")) {
      ports->items([&](const Node& port) { read_port(port, name, out); });
    }
  });
}

}  // namespace

void read_pod_address(const Node& node, PodAddress& out) {
  if (const auto spec = node.find("spec")) {
    spec->fields([&](std::string_view key, const Node& value) {
      if (key == "hostNetwork") {
        value.read(out.host_network);
      } else if (key == "containers" || key == "initContainers") {
        read_ports_of(value, out.ports);
      }
    });
  }
  const auto status = node.find("status");
  if (!status) return;
  if (const auto ip = status->find("podIP")) read_ip(*ip, out.ips);
  if (const auto ips = status->find("podIPs")) read_ips(*ips, out.ips);
  if (const auto ip = status->find("hostIP")) read_ip(*ip, out.node_ips);
  if (const auto ips = status->find("hostIPs")) read_ips(*ips, out.node_ips);
}

}  // namespace podcron::api
