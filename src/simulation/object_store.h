// The virtual etcd: every object with its versions, and the log of changes that watches read.
//
// A LIST page continues at the revision of the first page, and a stale read shows an older
// revision, so the store keeps old versions until they are compacted, as etcd does.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/object_meta.h"
#include "simulation/json.h"
#include "simulation/resource.h"

namespace podcron::simulation {

struct ObjectKey {
  std::string namespace_;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

/// One version of one object. Immutable and shared, so that its text is made once for all watches.
struct StoredObject {
  Json json;
  std::string text;
  std::uint64_t resource_version = 0;
  api::StringMap labels;
};
using ObjectRef = std::shared_ptr<const StoredObject>;

/// On whose behalf something changed; invariants differ by it.
struct Author {
  std::string name;          // holder of a replica, "user", "kubelet", "garbage collector"
  bool late = false;         // the request was executed after its sender had given up
  bool conditional = false;  // it carried a resourceVersion; the API server fills this in
};

struct Change {
  Resource resource = Resource::kPods;
  ObjectKey key;
  std::uint64_t resource_version = 0;
  ObjectRef before;  // null: created
  ObjectRef after;   // null: removed
  ObjectRef shown;   // what a watch shows: `after`, or the last state under the new revision
  Author author;
};

class ObjectStore {
 public:
  using Observer = std::function<void(const Change&)>;

  /// Called after every change, in the order of revisions.
  void observe(Observer observer) { observers_.push_back(std::move(observer)); }

  /// nullptr: there is no such object.
  [[nodiscard]] ObjectRef find(Resource resource, const ObjectKey& key) const;

  /// Writes a new version; sets metadata.resourceVersion.
  ObjectRef put(Resource resource, const ObjectKey& key, Json json, const Author& author);
  /// The object must exist.
  ObjectRef remove(Resource resource, const ObjectKey& key, const Author& author);

  /// Objects in key order as they were at `revision`, which must not be compacted. An empty
  /// `namespace_` means all. Starts after `after_key` when it is given.
  [[nodiscard]] std::vector<std::pair<ObjectKey, ObjectRef>> list_at(Resource resource,
                                                                     std::string_view namespace_,
                                                                     std::uint64_t revision,
                                                                     const ObjectKey* after_key,
                                                                     std::size_t limit) const;

  /// The changes of `resource` after `revision`, oldest first; nullptr past the end. Valid until
  /// the next write or compaction.
  [[nodiscard]] const Change* next_change(Resource resource, std::uint64_t revision) const;

  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// Revisions below are gone: reading them, or watching from them, is 410.
  [[nodiscard]] std::uint64_t compacted() const { return compacted_; }
  /// The last change of `resource` that compaction took away; an open watch behind it has a gap.
  [[nodiscard]] std::uint64_t last_dropped(Resource resource) const;
  void compact(std::uint64_t revision);

 private:
  struct Version {
    std::uint64_t revision;
    ObjectRef object;  // null: removed
  };
  struct Table {
    std::map<ObjectKey, std::vector<Version>> rows;
    std::deque<Change> log;
    std::uint64_t last_dropped = 0;
  };

  void record(Change change);
  [[nodiscard]] const Table& table(Resource resource) const;

  std::array<Table, kResourceCount> tables_;
  std::vector<Observer> observers_;
  std::uint64_t revision_ = 1000;
  std::uint64_t compacted_ = 0;
};

}  // namespace podcron::simulation
