// A virtual kube-apiserver: requests in, answers out, over an ObjectStore.
//
// What it does as the real one does: create, get, merge patch, put and delete with compare-and-swap
// on resourceVersion and preconditions; the status subresource; generation; finalizers and
// deletionTimestamp; paged LIST with continue tokens that expire; watches that expire; label and
// field selectors; transition rules of podcron's kinds; Status bodies; no new version for a write
// that changes nothing. Faults are not its business: the links between it and a replica make them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/label_selector.h"
#include "base/prng.h"
#include "base/time.h"
#include "engine/effects.h"
#include "simulation/object_store.h"
#include "simulation/resource.h"
#include "simulation/status_body.h"

namespace podcron::simulation {

struct ApiCall {
  engine::Method method = engine::Method::kGet;
  std::string path;
  std::string body;
  Author author;
};

/// Which objects a LIST or WATCH is about.
struct Selection {
  Resource resource = Resource::kPods;
  std::string namespace_;
  api::LabelSelector labels;
  std::string field_selector;

  [[nodiscard]] bool matches(const ObjectKey& key, const StoredObject& object) const;
};

/// One open watch: where it is in the log. It reads the log when it is asked to.
struct Watch {
  Selection selection;
  std::uint64_t revision = 0;
  bool bookmarks = false;
  bool expired = false;  // it was opened at a revision that is compacted
  Seconds timeout{};     // the server ends it in order after so long
};

/// A LIST that may show the past: resourceVersion=0.
bool allows_stale(std::string_view path);

class ApiServer {
 public:
  /// `clock` is the server's own; `seed` makes UIDs.
  ApiServer(std::uint64_t seed, std::function<WallMillis()> clock);

  /// Everything but watches and exec. A LIST with resourceVersion=0 is served as of
  /// `stale_revision`, when that is not compacted.
  ApiAnswer handle(const ApiCall& call, std::uint64_t stale_revision = UINT64_MAX);

  /// Opens a watch, or says why not.
  [[nodiscard]] std::optional<Watch> open_watch(std::string_view path, ApiAnswer& refusal) const;
  /// Appends the lines of what happened since, and moves `watch` on. False: the watch's revision
  /// was compacted, and the ERROR line for it was appended; the stream ends there.
  bool read_watch(Watch& watch, std::string& lines) const;
  /// The line of a bookmark at the current revision.
  [[nodiscard]] std::string bookmark_line(const Watch& watch) const;

  /// Writes for the other actors of the cluster (kubelets, workload controllers), who are not under
  /// test: creates or replaces, sets what the server owns.
  ObjectRef put(Resource resource, Json json, std::string_view author);

  [[nodiscard]] ObjectStore& store() { return store_; }
  [[nodiscard]] const ObjectStore& store() const { return store_; }
  [[nodiscard]] WallMillis now() const { return clock_(); }
  std::string new_uid();

 private:
  ApiAnswer get(const RequestPath& path) const;
  ApiAnswer list(const RequestPath& path, std::uint64_t stale_revision) const;
  ApiAnswer create(const RequestPath& path, const ApiCall& call);
  ApiAnswer replace(const RequestPath& path, const ApiCall& call);
  ApiAnswer patch(const RequestPath& path, const ApiCall& call);
  ApiAnswer erase(const RequestPath& path, const ApiCall& call);
  ApiAnswer write(const RequestPath& path, const StoredObject& before, Json after,
                  const Author& author);
  void prepare_new(Json& json, const ObjectKey& key, const ResourceType& type);

  ObjectStore store_;
  std::function<WallMillis()> clock_;
  Prng prng_;
};

}  // namespace podcron::simulation
