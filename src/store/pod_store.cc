#include "store/pod_store.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "store/interner.h"
#include "store/name_origin.h"
#include "store/pod_row.h"
#include "store/shape.h"

namespace podcron::store {
namespace {

using Row = PodStore::Row;

std::uint32_t acquire(Interner<std::string>& texts, std::string_view text) {
  return texts.acquire(
      hash64(text), [&](const std::string& value) { return value == text; },
      [&] { return std::string(text); });
}

std::uint32_t container_states(const api::Pod& pod) {
  std::uint32_t bits = 0;
  const std::size_t count = std::min(pod.statuses.size(), Row::kRowContainers);
  for (std::size_t i = 0; i < count; ++i) {
    bits |= state_of(pod.statuses[i]).to_bits() << (i * ContainerState::kBits);
  }
  return bits;
}

// Below this a vector is not worth shrinking.
constexpr std::size_t kShrinkCapacityMin = 64;

void shrink(std::vector<PodHandle>& handles) {
  if (handles.capacity() > kShrinkCapacityMin && handles.size() * 4 < handles.capacity()) {
    handles.shrink_to_fit();
  }
}

}  // namespace

struct PodStore::State {
  using Index = std::map<std::string, std::vector<PodHandle>, std::less<>>;

  std::vector<std::unique_ptr<Row[]>> chunks;
  std::size_t row_limit = 0;
  std::vector<PodHandle> free_rows;
  Index namespaces;
  Interner<std::string> shapes;  // packed: store/shape.h
  Interner<std::string> nodes;
  std::string encoding;                 // reused by write()
  const std::vector<PodHandle> none{};  // of a namespace without pods

  // The shape that was read last, unpacked. Rules read the same one again and again.
  mutable UnpackedShape unpacked;
  mutable std::optional<ShapeId> unpacked_id;

  [[nodiscard]] Row& at(PodHandle pod) { return chunks[pod / kChunkRows][pod % kChunkRows]; }
  [[nodiscard]] const Row& at(PodHandle pod) const {
    return chunks[pod / kChunkRows][pod % kChunkRows];
  }

  /// Where `name` is in `handles`, or would be.
  [[nodiscard]] std::size_t position(const std::vector<PodHandle>& handles,
                                     std::string_view name) const {
    // Lists come in name order, so that the usual place of a new pod is the end.
    if (handles.empty() || at(handles.back()).name() < name) return handles.size();
    const auto found = std::lower_bound(
        handles.begin(), handles.end(), name,
        [this](PodHandle pod, std::string_view wanted) { return at(pod).name() < wanted; });
    return static_cast<std::size_t>(found - handles.begin());
  }

  [[nodiscard]] std::optional<PodHandle> at_position(const std::vector<PodHandle>& handles,
                                                     std::size_t position,
                                                     std::string_view name) const {
    if (position == handles.size() || at(handles[position]).name() != name) return std::nullopt;
    return handles[position];
  }

  PodHandle new_row() {
    if (!free_rows.empty()) {
      const PodHandle pod = free_rows.back();
      free_rows.pop_back();
      return pod;
    }
    PODCRON_ASSERT(row_limit < std::numeric_limits<PodHandle>::max());
    if (row_limit % kChunkRows == 0) chunks.push_back(std::make_unique<Row[]>(kChunkRows));
    return static_cast<PodHandle>(row_limit++);
  }

  /// The shape and the node name keep one reference from each row.
  void acquire_shared(const api::Pod& pod, Row& row) {
    const OwnLabels own = own_labels_of(pod.labels);
    pack_shape(pod, encoding);
    row.shape = acquire(shapes, encoding);
    row.node = acquire(nodes, pod.node_name);
    ColdPart::encode(pod, own, encoding);
    row.cold.assign(encoding);
  }

  void release_shared(ShapeId shape, std::uint32_t node) {
    // Its number may soon mean another shape.
    unpacked_id.reset();
    shapes.release(shape);
    nodes.release(node);
  }

  /// Everything but the mark.
  void write(const api::Pod& pod, Row& row) {
    acquire_shared(pod, row);
    row.uid = pod.meta.uid;
    row.resource_version = pod.meta.resource_version;
    row.ready_since = pod.ready_since.value_or(WallTime());
    row.container_states = container_states(pod);
    row.name_is_generated = is_generated_from(pod.meta.name, pod.generate_name);
    row.name_is_numbered = is_numbered_from(pod.meta.name, pod.generate_name);
    row.has_ready_since = pod.ready_since.has_value();
    row.phase = pod.phase;
    row.ready = pod.ready;
    row.terminating = pod.meta.deletion_timestamp.has_value();
    row.disrupted = pod.disrupted;
    row.excluded = pod.excluded;
    row.ephemeral_running = pod.ephemeral_running;
    row.dev_tool = pod.dev_tool;
  }

  void rewrite(const api::Pod& pod, Row& row) {
    const ShapeId old_shape = row.shape;
    const std::uint32_t old_node = row.node;
    write(pod, row);
    // Released last: a shape that stays the same is never freed and made again.
    release_shared(old_shape, old_node);
  }

  void free_row(PodHandle pod) {
    Row& row = at(pod);
    release_shared(row.shape, row.node);
    row = Row{};
    free_rows.push_back(pod);
  }
};

PodStore::PodStore() : state_(std::make_unique<State>()) {}
PodStore::~PodStore() = default;
PodStore::PodStore(PodStore&&) noexcept = default;
PodStore& PodStore::operator=(PodStore&&) noexcept = default;

bool PodStore::apply(const api::Pod& pod, std::uint32_t epoch) {
  State& state = *state_;
  auto entry = state.namespaces.find(pod.meta.namespace_);
  if (entry == state.namespaces.end()) {
    entry = state.namespaces.try_emplace(pod.meta.namespace_).first;
  }
  std::vector<PodHandle>& handles = entry->second;
  const std::size_t position = state.position(handles, pod.meta.name);
  const auto found = state.at_position(handles, position, pod.meta.name);
  if (!found) {
    const PodHandle handle = state.new_row();
    state.write(pod, state.at(handle));
    state.at(handle).epoch = epoch;
    handles.insert(handles.begin() + static_cast<std::ptrdiff_t>(position), handle);
    return true;
  }
  Row& row = state.at(*found);
  row.epoch = epoch;
  if (row.resource_version > pod.meta.resource_version) return false;
  const bool same_object = row.uid == pod.meta.uid && pod.meta.resource_version != 0 &&
                           row.resource_version == pod.meta.resource_version;
  if (!same_object) state.rewrite(pod, row);
  return true;
}

bool PodStore::refresh(const api::Pod& pod) {
  const auto found = find(pod.meta.namespace_, pod.meta.name);
  if (!found) return false;
  Row& row = state_->at(*found);
  if (row.uid != pod.meta.uid) return false;
  if (row.resource_version < pod.meta.resource_version) state_->rewrite(pod, row);
  return true;
}

bool PodStore::erase(std::string_view namespace_, std::string_view name, const Uid& uid,
                     std::uint64_t resource_version) {
  State& state = *state_;
  const auto entry = state.namespaces.find(namespace_);
  if (entry == state.namespaces.end()) return false;
  std::vector<PodHandle>& handles = entry->second;
  const std::size_t position = state.position(handles, name);
  const auto found = state.at_position(handles, position, name);
  if (!found) return false;
  const Row& row = state.at(*found);
  if (row.uid != uid || row.resource_version > resource_version) return false;
  state.free_row(*found);
  handles.erase(handles.begin() + static_cast<std::ptrdiff_t>(position));
  shrink(handles);
  if (handles.empty()) state.namespaces.erase(entry);
  return true;
}

std::size_t PodStore::sweep(std::uint32_t epoch,
                            const std::function<void(std::string_view, std::string_view)>& removed,
                            std::string_view namespace_) {
  State& state = *state_;
  std::size_t count = 0;
  for (auto entry = state.namespaces.begin(); entry != state.namespaces.end();) {
    if (!namespace_.empty() && entry->first != namespace_) {
      ++entry;
      continue;
    }
    std::vector<PodHandle>& handles = entry->second;
    // A plain loop and not std::remove_if, whose predicate must not have effects.
    std::size_t kept = 0;
    for (const PodHandle pod : handles) {
      if (state.at(pod).epoch == epoch) {
        handles[kept++] = pod;
        continue;
      }
      if (removed) removed(entry->first, state.at(pod).name());
      state.free_row(pod);
      ++count;
    }
    handles.resize(kept);
    shrink(handles);
    entry = handles.empty() ? state.namespaces.erase(entry) : std::next(entry);
  }
  return count;
}

std::optional<PodHandle> PodStore::find(std::string_view namespace_, std::string_view name) const {
  const std::vector<PodHandle>& handles = in_namespace(namespace_);
  return state_->at_position(handles, state_->position(handles, name), name);
}

const std::vector<PodHandle>& PodStore::in_namespace(std::string_view namespace_) const {
  const auto entry = state_->namespaces.find(namespace_);
  return entry == state_->namespaces.end() ? state_->none : entry->second;
}

std::size_t PodStore::size() const { return state_->row_limit - state_->free_rows.size(); }

const PodStore::Row& PodStore::row(PodHandle pod) const { return state_->at(pod); }

PodStore::Rows PodStore::rows() const { return Rows(state_->chunks.data()); }

const PodStore::Shape& PodStore::shape(PodHandle pod) const {
  const State& state = *state_;
  const ShapeId id = state.at(pod).shape;
  if (state.unpacked_id != id) {
    unpack_shape(state.shapes[id], state.unpacked);
    state.unpacked_id = id;
  }
  return state.unpacked.shape;
}

std::size_t PodStore::shape_limit() const { return state_->shapes.id_limit(); }

std::size_t PodStore::node_limit() const { return state_->nodes.id_limit(); }

std::string_view PodStore::namespace_of(PodHandle pod) const {
  return packed_namespace(state_->shapes[row(pod).shape]);
}

std::string_view PodStore::container_name(PodHandle pod, std::size_t index) const {
  return packed_container_name(state_->shapes[row(pod).shape], index);
}

std::string_view PodStore::name(PodHandle pod) const { return row(pod).name(); }

const Uid& PodStore::uid(PodHandle pod) const { return row(pod).uid; }

std::string_view PodStore::node_name(PodHandle pod) const { return state_->nodes[row(pod).node]; }

std::string PodStore::container_id(PodHandle pod, std::string_view container) const {
  const std::vector<std::string>& names = shape(pod).status_names;
  const auto found = std::find(names.begin(), names.end(), container);
  if (found == names.end()) return {};
  return expand(pod).statuses[static_cast<std::size_t>(found - names.begin())].container_id;
}

void PodStore::labels(PodHandle pod, api::StringMap& out) const {
  const Shape& shared = shape(pod);
  std::array<std::string_view, kOwnLabelKeys.size()> values;
  row(pod).cold.own_label_values(shared.status_names.size(), shared.own_labels, values);
  out.resize(shared.labels.size() + kOwnLabelKeys.size());
  std::size_t size = 0;
  const auto put = [&](std::string_view key, std::string_view value) {
    out[size].first.assign(key);
    out[size++].second.assign(value);
  };
  auto next = shared.labels.begin();
  for (std::size_t i = 0; i < kOwnLabelKeys.size(); ++i) {
    if ((shared.own_labels >> i & 1U) == 0) continue;
    for (; next != shared.labels.end() && next->first < kOwnLabelKeys[i]; ++next) {
      put(next->first, next->second);
    }
    put(kOwnLabelKeys[i], values[i]);
  }
  for (; next != shared.labels.end(); ++next) put(next->first, next->second);
  out.resize(size);
}

api::Pod PodStore::expand(PodHandle handle) const {
  const Row& row = state_->at(handle);
  const Shape& shared = shape(handle);
  api::Pod pod;
  pod.meta.namespace_ = shared.namespace_;
  pod.meta.uid = row.uid;
  pod.meta.resource_version = row.resource_version;
  pod.labels = shared.labels;
  pod.generate_name = shared.generate_name;
  pod.controller = shared.controller;
  pod.excluded = row.excluded;
  pod.default_container = shared.default_container;
  pod.node_name = node_name(handle);
  pod.phase = row.phase;
  pod.ready = row.ready;
  if (row.has_ready_since) pod.ready_since = row.ready_since;
  pod.disrupted = row.disrupted;
  pod.ephemeral_running = row.ephemeral_running;
  pod.dev_tool = row.dev_tool;
  pod.containers = shared.containers;
  pod.statuses.resize(shared.status_names.size());
  for (std::size_t i = 0; i < pod.statuses.size(); ++i) {
    pod.statuses[i].name = shared.status_names[i];
  }
  row.cold.expand(shared.own_labels, pod);
  return pod;
}

PodStore::Footprint PodStore::footprint() const {
  return Footprint{size(),
                   state_->row_limit,
                   state_->shapes.size(),
                   state_->shapes.id_limit(),
                   state_->nodes.size(),
                   state_->namespaces.size()};
}

}  // namespace podcron::store
