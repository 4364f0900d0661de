#include "store/shape.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/packing.h"

namespace podcron::store {
namespace {

// Keys that most pods carry are one byte. A fixed list, because an interned one would need its own
// reference counts; other keys are written out. The order is part of nothing that is persisted.
constexpr std::array<std::string_view, 20> kCommonLabelKeys{
    "app",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "component",
    "controller-revision-hash",
    "helm.sh/chart",
    "instance",
    "name",
    "pod-template-generation",
    "pod-template-hash",
    "podcron.dev/serving",
    "release",
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
    "tier",
    "version",
};
static_assert(std::is_sorted(kCommonLabelKeys.begin(), kCommonLabelKeys.end()));

// A number before a name that is in a list: its place there, or this, and then the name follows.
constexpr std::uint64_t kWrittenOut = 0;

constexpr unsigned kNoController = 0;
constexpr unsigned kControllerNamed = 1;
// The usual case: generateName is "<owner>-", so that the owner's name stands there.
constexpr unsigned kControllerNameInGenerateName = 2;

constexpr unsigned kStdinOpen = 1U << 0;
constexpr unsigned kTty = 1U << 1;
constexpr unsigned kHasReadinessProbe = 1U << 2;
constexpr int kHashes = 3;  // after the flags: image, its name, process

void write_name(Writer& writer, std::string_view name, std::uint64_t place) {
  writer.number(place);
  if (place == kWrittenOut) writer.text(name);
}

void pack_containers(Writer& writer, const api::Pod& pod) {
  writer.number(pod.containers.size());
  for (const api::ContainerSpec& container : pod.containers) {
    // By count, so that a new field does not compile until it is packed and unpacked here.
    const auto& [name, stdin_open, tty, has_readiness_probe, image, image_name, process] =
        container;
    writer.text(name);
    writer.byte((stdin_open ? kStdinOpen : 0) | (tty ? kTty : 0) |
                (has_readiness_probe ? kHasReadinessProbe : 0));
    writer.fixed(image);
    writer.fixed(image_name);
    writer.fixed(process);
  }
  writer.number(pod.statuses.size());
  for (const api::ContainerStatus& status : pod.statuses) {
    const auto found =
        std::find_if(pod.containers.begin(), pod.containers.end(),
                     [&](const auto& container) { return container.name == status.name; });
    const bool known = found != pod.containers.end();
    write_name(
        writer, status.name,
        known ? static_cast<std::uint64_t>(found - pod.containers.begin() + 1) : kWrittenOut);
  }
}

std::string_view without_last(std::string_view text) {
  return text.substr(0, text.empty() ? 0 : text.size() - 1);
}

void pack_controller(Writer& writer, const api::Pod& pod) {
  writer.text(pod.generate_name);
  if (!pod.controller) {
    writer.byte(kNoController);
    return;
  }
  const api::OwnerReference& owner = *pod.controller;
  const bool in_generate_name = !pod.generate_name.empty() && pod.generate_name.back() == '-' &&
                                without_last(pod.generate_name) == owner.name;
  writer.byte(in_generate_name ? kControllerNameInGenerateName : kControllerNamed);
  if (!in_generate_name) writer.text(owner.name);
  writer.text(owner.api_group);
  writer.text(owner.kind);
  writer.fixed(owner.uid.high);
  writer.fixed(owner.uid.low);
}

void pack_labels(Writer& writer, const api::StringMap& labels) {
  writer.byte(own_labels_of(labels));
  const auto shared = std::count_if(labels.begin(), labels.end(),
                                    [](const auto& label) { return !is_own_label(label.first); });
  writer.number(static_cast<std::uint64_t>(shared));
  for (const auto& [key, value] : labels) {
    if (is_own_label(key)) continue;
    const auto common =
        std::lower_bound(kCommonLabelKeys.begin(), kCommonLabelKeys.end(), std::string_view(key));
    const bool known = common != kCommonLabelKeys.end() && *common == key;
    write_name(
        writer, key,
        known ? static_cast<std::uint64_t>(common - kCommonLabelKeys.begin() + 1) : kWrittenOut);
    writer.text(value);
  }
}

// As resize, but elements wait in `spare` with their memory.
template <class Element>
void resize(std::vector<Element>& live, std::vector<Element>& spare, std::uint64_t size) {
  while (live.size() > size) {
    spare.push_back(std::move(live.back()));
    live.pop_back();
  }
  while (live.size() < size) {
    if (spare.empty()) spare.emplace_back();
    live.push_back(std::move(spare.back()));
    spare.pop_back();
  }
}

void unpack_containers(Reader& reader, UnpackedShape& to) {
  PodStore::Shape& out = to.shape;
  resize(out.containers, to.spare_containers, reader.number());
  for (api::ContainerSpec& container : out.containers) {
    container.name = reader.text();
    const unsigned flags = reader.byte();
    container.stdin_open = (flags & kStdinOpen) != 0;
    container.tty = (flags & kTty) != 0;
    container.has_readiness_probe = (flags & kHasReadinessProbe) != 0;
    container.image = reader.fixed();
    container.image_name = reader.fixed();
    container.process = reader.fixed();
  }
  resize(out.status_names, to.spare_names, reader.number());
  for (std::string& name : out.status_names) {
    const std::uint64_t place = reader.number();
    name = place == kWrittenOut ? reader.text()
                                : out.containers[static_cast<std::size_t>(place - 1)].name;
  }
}

void unpack_controller(Reader& reader, UnpackedShape& to) {
  PodStore::Shape& out = to.shape;
  out.generate_name = reader.text();
  const unsigned form = reader.byte();
  if (form == kNoController) {
    if (out.controller) to.spare_controller = std::exchange(out.controller, std::nullopt);
    return;
  }
  if (!out.controller) out.controller = std::move(to.spare_controller);
  if (!out.controller) out.controller.emplace();
  api::OwnerReference& owner = *out.controller;
  owner.name = form == kControllerNamed ? reader.text() : without_last(out.generate_name);
  owner.api_group = reader.text();
  owner.kind = reader.text();
  owner.uid.high = reader.fixed();
  owner.uid.low = reader.fixed();
}

void unpack_labels(Reader& reader, UnpackedShape& to) {
  PodStore::Shape& out = to.shape;
  out.own_labels = static_cast<OwnLabels>(reader.byte());
  resize(out.labels, to.spare_labels, reader.number());
  for (auto& [key, value] : out.labels) {
    const std::uint64_t place = reader.number();
    key = place == kWrittenOut ? reader.text()
                               : kCommonLabelKeys[static_cast<std::size_t>(place - 1)];
    value = reader.text();
  }
}

}  // namespace

void pack_shape(const api::Pod& pod, std::string& out) {
  out.clear();
  Writer writer(out);
  // These two stand first because they are also read alone.
  writer.text(pod.meta.namespace_);
  pack_containers(writer, pod);
  writer.text(pod.default_container);
  pack_controller(writer, pod);
  pack_labels(writer, pod.labels);
}

void unpack_shape(std::string_view packed, UnpackedShape& out) {
  Reader reader(packed.data());
  out.shape.namespace_ = reader.text();
  unpack_containers(reader, out);
  out.shape.default_container = reader.text();
  unpack_controller(reader, out);
  unpack_labels(reader, out);
}

std::string_view packed_namespace(std::string_view packed) { return Reader(packed.data()).text(); }

std::string_view packed_container_name(std::string_view packed, std::size_t index) {
  Reader reader(packed.data());
  reader.text();
  reader.number();
  for (; index > 0; --index) {
    reader.text();
    reader.byte();
    for (int hash = 0; hash < kHashes; ++hash) reader.fixed();
  }
  return reader.text();
}

}  // namespace podcron::store
