#include <optional>

#include "api/decode.h"
#include "base/hash.h"

namespace podcron::api {
namespace {

constexpr std::string_view kTemplateHashLabel = "pod-template-hash";

/// Independent of the order of keys. A template that has no labels left but the one that is left
/// out is equal to one that never had any.
std::uint64_t hash_of_field(std::string_view key, const Node& value) {
  return hash_combine(hash64(key), hash64(value.to_json()));
}

std::uint64_t hash_of_template(const Node& node) {
  std::uint64_t hash = 0;
  node.fields([&](std::string_view key, const Node& value) {
    if (key != "metadata") {
      hash += hash_of_field(key, value);
      return;
    }
    value.fields([&](std::string_view name, const Node& field) {
      if (name != "labels") {
        hash += hash_of_field(name, field);
        return;
      }
      field.fields([&](std::string_view label, const Node& text) {
        if (label != kTemplateHashLabel) hash += hash_of_field(label, text);
      });
    });
  });
  return hash;
}

void read_pod_template(const Node& node, Workload& out) {
  out.template_hash = hash_of_template(node);
  const auto spec = node.find("spec");
  if (!spec) return;
  const auto containers = spec->find("containers");
  if (!containers) return;
  out.containers.clear();
  containers->items([&](const Node& item) { read_container(item, out.containers.emplace_back()); });
}

/// A ControllerRevision keeps whatever its controller writes; only that of a StatefulSet or a
/// DaemonSet is known to be a patch of the owner with its whole template.
void read_revision(const Node& node, Workload& out) {
  if (!out.controller || out.controller->api_group != "apps") return;
  if (const auto number = node.find("revision")) number->read(out.revision);
  const auto data = node.find("data");
  const auto spec = data ? data->find("spec") : std::nullopt;
  const auto pod_template = spec ? spec->find("template") : std::nullopt;
  if (pod_template) read_pod_template(*pod_template, out);
}

}  // namespace

void read_workload(const Node& node, std::string_view kind, Workload& out) {
  out.kind.assign(kind);
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "metadata") {
      value.fields([&](std::string_view name, const Node& field) {
        if (read_meta_field(name, field, out.meta)) return;
        if (name == "ownerReferences") read_controller(field, out.controller);
      });
    } else if (key == "spec") {
      value.fields([&](std::string_view name, const Node& field) {
        if (name == "selector") {
          read_selector(field, out.selector);
        } else if (name == "template") {
          read_pod_template(field, out);
        }
      });
    } else if (key == "status") {
      if (const auto update = value.find("updateRevision")) update->read(out.update_revision);
    }
  });
  if (kind == "ControllerRevision") read_revision(node, out);
  require_meta(node, out.meta);
}

}  // namespace podcron::api
