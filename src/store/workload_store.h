// Owners of pods by UID: ReplicaSets, StatefulSets, DaemonSets, Deployments; and the
// ControllerRevisions that keep the templates of older pods.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "api/workload.h"
#include "base/uid.h"

namespace podcron::store {

class WorkloadStore {
 public:
  /// False: the row of that kind and name is newer (resourceVersion) and stays, but is marked. One
  /// of the same name with another UID is replaced.
  bool apply(const api::Workload& workload, std::uint32_t epoch);
  bool erase(const Uid& uid, std::uint64_t resource_version);
  /// Sweeps one kind, and with a namespace only that one: each is a watch of its own.
  std::size_t sweep(std::string_view kind, std::uint32_t epoch, std::string_view namespace_ = {});

  /// nullptr when it is not known.
  [[nodiscard]] const api::Workload* find(const Uid& uid) const;
  /// By kind, namespace and name (for workloadRef).
  [[nodiscard]] const api::Workload* find(std::string_view kind, std::string_view namespace_,
                                          std::string_view name) const;
  /// The ControllerRevision of `owner` that a pod names in its label controller-revision-hash: by
  /// its whole name (StatefulSet), or by what follows "<owner>-" in it (DaemonSet). nullptr when it
  /// is not known. Cost: linear in the revisions whose names begin as the owner's; here and below.
  [[nodiscard]] const api::Workload* revision(const api::Workload& owner,
                                              std::string_view label) const;
  /// The one with the highest number; nullptr when none is known.
  [[nodiscard]] const api::Workload* newest_revision(const api::Workload& owner) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    api::Workload workload;
    std::uint32_t epoch = 0;
  };
  using Rows = std::map<Uid, Row>;
  using Name = std::tuple<std::string, std::string, std::string>;  // kind, namespace, name
  /// Compares views, so that a look-up builds no strings.
  struct NameOrder {
    using is_transparent = void;
    using View = std::tuple<std::string_view, std::string_view, std::string_view>;
    bool operator()(const View& a, const View& b) const { return a < b; }
  };

  template <class Visit>
  void each_revision(const api::Workload& owner, const Visit& visit) const;
  /// Both maps; returns the row behind it.
  Rows::iterator remove(Rows::iterator row);

  Rows rows_;
  std::map<Name, Uid, NameOrder> by_name_;
};

}  // namespace podcron::store
