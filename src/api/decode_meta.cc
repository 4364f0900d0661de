#include <algorithm>
#include <charconv>

#include "api/decode.h"

namespace podcron::api {
namespace {

void read_resource_version(const Node& node, std::uint64_t& out) {
  std::string_view text;
  node.read(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) {
    out = 0;
    node.wanted("a number in quotes");
  }
}

void read_owner(const Node& node, OwnerReference& out, bool& controls) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "apiVersion") {
      std::string_view version;
      value.read(version);
      const auto slash = version.find('/');
      out.api_group = slash == std::string_view::npos ? "" : version.substr(0, slash);
    } else if (key == "kind") {
      value.read(out.kind);
    } else if (key == "name") {
      value.read(out.name);
    } else if (key == "uid") {
      value.read_foreign(out.uid);
    } else if (key == "controller") {
      value.read(controls);
    }
  });
}

constexpr Word<SelectorOperator> kOperatorWords[] = {
    {"In", SelectorOperator::kIn},
    {"NotIn", SelectorOperator::kNotIn},
    {"Exists", SelectorOperator::kExists},
    {"DoesNotExist", SelectorOperator::kDoesNotExist},
};

void read_requirement(const Node& node, SelectorRequirement& out) {
  bool has_operator = false;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "key") {
      value.read(out.key);
    } else if (key == "operator") {
      has_operator = true;
      read_word(value, kOperatorWords, out.op);
    } else if (key == "values") {
      value.read(out.values);
    }
  });
  // A set: sorted, so that equal selectors are equal values.
  std::sort(out.values.begin(), out.values.end());
  out.values.erase(std::unique(out.values.begin(), out.values.end()), out.values.end());
  const bool takes_values = out.op == SelectorOperator::kIn || out.op == SelectorOperator::kNotIn;
  if (out.key.empty()) node.missing("key");
  if (!has_operator) node.missing("operator");
  if (takes_values && out.values.empty()) node.missing("values");
  if (!takes_values && !out.values.empty()) node.wanted("no `values` with this `operator`");
}

}  // namespace

bool read_meta_field(std::string_view key, const Node& value, ObjectMeta& out) {
  if (key == "name") {
    value.read(out.name);
  } else if (key == "namespace") {
    value.read(out.namespace_);
  } else if (key == "uid") {
    value.read(out.uid);
  } else if (key == "resourceVersion") {
    read_resource_version(value, out.resource_version);
  } else if (key == "generation") {
    value.read(out.generation);
  } else if (key == "creationTimestamp") {
    value.read(out.creation_timestamp);
  } else if (key == "deletionTimestamp") {
    value.read(out.deletion_timestamp);
  } else {
    return false;
  }
  return true;
}

void require_meta(const Node& node, const ObjectMeta& meta) {
  require_cluster_meta(node, meta);
  if (meta.namespace_.empty()) node.missing("metadata.namespace");
}

void require_cluster_meta(const Node& node, const ObjectMeta& meta) {
  if (meta.name.empty()) node.missing("metadata.name");
  if (meta.uid.empty()) node.missing("metadata.uid");
  if (meta.resource_version == 0) node.missing("metadata.resourceVersion");
}

void read_controller(const Node& node, std::optional<OwnerReference>& out) {
  node.items([&](const Node& item) {
    OwnerReference owner;
    bool controls = false;
    read_owner(item, owner, controls);
    if (controls) out = std::move(owner);
  });
}

void read_selector(const Node& node, LabelSelector& out) {
  out.requirements.clear();
  StringMap match_labels;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "matchLabels") {
      value.read(match_labels);
    } else if (key == "matchExpressions") {
      value.items(
          [&](const Node& item) { read_requirement(item, out.requirements.emplace_back()); });
    }
  });
  // Labels first, whatever their place in the JSON.
  std::vector<SelectorRequirement> labels;
  labels.reserve(match_labels.size() + out.requirements.size());
  for (auto& [key, value] : match_labels) {
    labels.push_back({std::move(key), SelectorOperator::kIn, {std::move(value)}});
  }
  std::move(out.requirements.begin(), out.requirements.end(), std::back_inserter(labels));
  out.requirements = std::move(labels);
}

}  // namespace podcron::api
