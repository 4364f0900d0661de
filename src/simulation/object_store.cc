#include "simulation/object_store.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

ObjectRef make_stored(Json json, std::uint64_t resource_version) {
  auto stored = std::make_shared<StoredObject>();
  json["metadata"]["resourceVersion"] = std::to_string(resource_version);
  stored->text = to_text(json);
  stored->resource_version = resource_version;
  if (const Json* labels = find_in(json, "metadata", "labels"); labels && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (value.is_string()) stored->labels.emplace_back(key, value.get<std::string>());
    }
  }
  stored->json = std::move(json);
  return stored;
}

}  // namespace

const ObjectStore::Table& ObjectStore::table(Resource resource) const {
  return tables_[static_cast<std::size_t>(resource)];
}

ObjectRef ObjectStore::find(Resource resource, const ObjectKey& key) const {
  const auto& rows = table(resource).rows;
  const auto found = rows.find(key);
  return found == rows.end() ? nullptr : found->second.back().object;
}

void ObjectStore::record(Change change) {
  Table& table = tables_[static_cast<std::size_t>(change.resource)];
  table.rows[change.key].push_back({change.resource_version, change.after});
  table.log.push_back(std::move(change));
  // A copy, because an observer may write and so move the log.
  const Change recorded = table.log.back();
  for (const Observer& observer : observers_) observer(recorded);
}

ObjectRef ObjectStore::put(Resource resource, const ObjectKey& key, Json json,
                           const Author& author) {
  Change change;
  change.resource = resource;
  change.key = key;
  change.resource_version = ++revision_;
  change.before = find(resource, key);
  change.after = make_stored(std::move(json), revision_);
  change.shown = change.after;
  change.author = author;
  const ObjectRef after = change.after;
  record(std::move(change));
  return after;
}

ObjectRef ObjectStore::remove(Resource resource, const ObjectKey& key, const Author& author) {
  Change change;
  change.resource = resource;
  change.key = key;
  change.resource_version = ++revision_;
  change.before = find(resource, key);
  PODCRON_ASSERT(change.before != nullptr);
  change.shown = make_stored(change.before->json, revision_);
  change.author = author;
  const ObjectRef shown = change.shown;
  record(std::move(change));
  return shown;
}

std::vector<std::pair<ObjectKey, ObjectRef>> ObjectStore::list_at(Resource resource,
                                                                  std::string_view namespace_,
                                                                  std::uint64_t revision,
                                                                  const ObjectKey* after_key,
                                                                  std::size_t limit) const {
  PODCRON_ASSERT(revision >= compacted_);
  std::vector<std::pair<ObjectKey, ObjectRef>> found;
  const auto& rows = table(resource).rows;
  auto row = after_key == nullptr ? rows.begin() : rows.upper_bound(*after_key);
  for (; row != rows.end() && found.size() < limit; ++row) {
    if (!namespace_.empty() && row->first.namespace_ != namespace_) continue;
    const std::vector<Version>& versions = row->second;
    const auto after = std::upper_bound(
        versions.begin(), versions.end(), revision,
        [](std::uint64_t at, const Version& version) { return at < version.revision; });
    if (after == versions.begin() || std::prev(after)->object == nullptr) continue;
    found.emplace_back(row->first, std::prev(after)->object);
  }
  return found;
}

const Change* ObjectStore::next_change(Resource resource, std::uint64_t revision) const {
  const std::deque<Change>& log = table(resource).log;
  const auto found = std::upper_bound(
      log.begin(), log.end(), revision,
      [](std::uint64_t at, const Change& change) { return at < change.resource_version; });
  return found == log.end() ? nullptr : &*found;
}

std::uint64_t ObjectStore::last_dropped(Resource resource) const {
  return table(resource).last_dropped;
}

void ObjectStore::compact(std::uint64_t revision) {
  compacted_ = std::max(compacted_, std::min(revision, revision_));
  for (Table& table : tables_) {
    while (!table.log.empty() && table.log.front().resource_version <= compacted_) {
      table.last_dropped = table.log.front().resource_version;
      table.log.pop_front();
    }
    for (auto row = table.rows.begin(); row != table.rows.end();) {
      std::vector<Version>& versions = row->second;
      // The newest version that `compacted_` still shows stays.
      const auto keep = std::find_if(versions.begin(), versions.end(), [&](const Version& version) {
        return &version == &versions.back() || (&version)[1].revision > compacted_;
      });
      versions.erase(versions.begin(), keep);
      const bool gone = versions.size() == 1 && versions.front().object == nullptr &&
                        versions.front().revision <= compacted_;
      row = gone ? table.rows.erase(row) : std::next(row);
    }
  }
}

}  // namespace podcron::simulation
