// Eligible pods to choose among, and the ways to ask a strategy about them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "strategy/strategy.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::test {

inline api::StrategySpec strategy_of(std::string_view type) {
  api::StrategySpec spec;
  spec.type = type;
  return spec;
}

/// By name, so that a pod of the same name is another one only if the test says so.
inline Uid uid_of(std::string_view name) { return {hash64(name, 1), hash64(name, 2)}; }

class Replicas {
 public:
  Replicas() = default;
  /// "shop-7c9d-00000" and so on, all on one node.
  explicit Replicas(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) put(fmt::format("shop-7c9d-{:05}", i));
  }

  api::Pod pod(const std::string& name) {
    api::Pod made = serving_pod();
    made.meta.name = name;
    made.meta.uid = uid_of(name);
    made.meta.resource_version = ++version_;
    return made;
  }
  api::Pod stateful(int ordinal) {
    api::Pod made = stateful_pod();
    made.meta.name = fmt::format("db-{}", ordinal);
    made.meta.uid = uid_of(made.meta.name);
    made.meta.resource_version = ++version_;
    return made;
  }
  void put(const api::Pod& pod) { pods_.apply(pod, 1); }
  void put(const std::string& name) { put(pod(name)); }
  void put_on(const std::string& node, const std::string& name) {
    api::Pod made = pod(name);
    made.node_name = node;
    put(made);
  }
  void put_ready_since(std::optional<WallTime> since, const std::string& name) {
    api::Pod made = pod(name);
    made.ready_since = since;
    put(made);
  }
  void remove(std::string_view name) {
    const Uid uid = pods_.uid(*pods_.find("shop", name));
    pods_.erase("shop", name, uid, ++version_);
  }

  [[nodiscard]] std::size_t size() const { return pods_.in_namespace("shop").size(); }
  [[nodiscard]] std::string name(std::size_t index) const {
    return std::string(pods_.name(pods_.in_namespace("shop")[index]));
  }
  [[nodiscard]] std::string node(std::size_t index) const {
    return std::string(pods_.node_name(pods_.in_namespace("shop")[index]));
  }
  [[nodiscard]] strategy::Candidates candidates() const {
    return {pods_, pods_.in_namespace("shop")};
  }

  [[nodiscard]] std::vector<std::uint32_t> indices(const api::StrategySpec& spec,
                                                   const strategy::Occasion& occasion) const {
    std::vector<std::uint32_t> out;
    strategy::find(spec.type)->choose({spec, candidates(), occasion}, out);
    return out;
  }
  [[nodiscard]] std::vector<std::string> choose(const api::StrategySpec& spec,
                                                const strategy::Occasion& occasion) const {
    std::vector<std::string> names;
    for (const std::uint32_t index : indices(spec, occasion)) names.push_back(name(index));
    return names;
  }

  /// A Node with this one label.
  void put_node(const std::string& name, const std::string& key, const std::string& value) {
    api::ClusterNode node;
    node.meta.name = name;
    node.meta.resource_version = ++version_;
    node.labels = {{key, value}};
    nodes_.apply(node, 1);
  }
  [[nodiscard]] const store::NodeStore& nodes() const { return nodes_; }

 private:
  store::PodStore pods_;
  store::NodeStore nodes_;
  std::uint64_t version_ = 100;
};

inline const api::StringMap kNothingRemembered;

/// The n-th minute of a PodCronJob that remembers nothing.
inline strategy::Occasion occasion(std::int64_t minute = 0, const Uid& job = Uid{3, 4}) {
  return {job, kNow + Seconds(60 * minute), 0, kNothingRemembered};
}

}  // namespace podcron::test
