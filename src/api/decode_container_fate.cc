#include "api/decode.h"

namespace podcron::api {
namespace {

void read_end(const Node& state, std::optional<ContainerEnd>& out) {
  const auto terminated = state.find("terminated");
  if (!terminated) return;
  ContainerEnd& end = out.emplace();
  terminated->fields([&](std::string_view key, const Node& value) {
    if (key == "containerID") {
      value.read(end.container_id);
    } else if (key == "reason") {
      value.read(end.reason);
    } else if (key == "exitCode") {
      value.read(end.exit_code);
    }
  });
}

void read_container(const Node& status, ContainerFate& out) {
  out.found = true;
  if (const auto id = status.find("containerID")) id->read(out.container_id);
  if (const auto state = status.find("lastState")) read_end(*state, out.end);
  if (const auto state = status.find("state")) {
    out.running = state->find("running").has_value();
    read_end(*state, out.end);
  }
}

void read_status(const Node& status, std::string_view container, ContainerFate& out) {
  status.fields([&](std::string_view key, const Node& value) {
    if (key == "phase") {
      std::string_view phase;
      value.read(phase);
      out.leaving = out.leaving || phase == "Failed" || phase == "Succeeded";
    } else if (key == "conditions") {
      value.items([&](const Node& condition) {
        std::string_view type;
        std::string_view holds;
        if (const auto text = condition.find("type")) text->read(type);
        if (const auto text = condition.find("status")) text->read(holds);
        out.leaving = out.leaving || (type == "DisruptionTarget" && holds == "True");
      });
    } else if (key == "containerStatuses") {
      value.items([&](const Node& item) {
        std::string_view name;
        if (const auto text = item.find("name")) text->read(name);
        if (name == container) read_container(item, out);
      });
    }
  });
}

}  // namespace

void read_container_fate(const Node& node, std::string_view container, ContainerFate& out) {
  if (const auto metadata = node.find("metadata")) {
    if (const auto uid = metadata->find("uid")) uid->read(out.pod);
    out.leaving = metadata->find("deletionTimestamp").has_value();
  }
  if (const auto status = node.find("status")) read_status(*status, container, out);
}

}  // namespace podcron::api
