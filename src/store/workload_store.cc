#include "store/workload_store.h"

#include <iterator>

namespace podcron::store {
namespace {

constexpr std::string_view kRevision = "ControllerRevision";
constexpr std::size_t kRevisionPrefixMax = 223;

}  // namespace

bool WorkloadStore::apply(const api::Workload& workload, std::uint32_t epoch) {
  const api::ObjectMeta& meta = workload.meta;
  const auto named = by_name_.find(NameOrder::View(workload.kind, meta.namespace_, meta.name));
  if (named != by_name_.end()) {
    const auto row = rows_.find(named->second);
    row->second.epoch = epoch;
    if (row->second.workload.meta.resource_version > meta.resource_version) return false;
    if (named->second == meta.uid) {
      row->second.workload = workload;
      return true;
    }
    remove(row);
  }
  // A UID belongs to one object for ever; whoever says otherwise does not leave a stale name.
  if (const auto other = rows_.find(meta.uid); other != rows_.end()) remove(other);
  rows_.insert_or_assign(meta.uid, Row{workload, epoch});
  by_name_.insert_or_assign(Name(workload.kind, meta.namespace_, meta.name), meta.uid);
  return true;
}

bool WorkloadStore::erase(const Uid& uid, std::uint64_t resource_version) {
  const auto row = rows_.find(uid);
  if (row == rows_.end() || row->second.workload.meta.resource_version > resource_version) {
    return false;
  }
  remove(row);
  return true;
}

std::size_t WorkloadStore::sweep(std::string_view kind, std::uint32_t epoch,
                                 std::string_view namespace_) {
  std::size_t count = 0;
  for (auto row = rows_.begin(); row != rows_.end();) {
    const api::Workload& workload = row->second.workload;
    const bool listed = namespace_.empty() || workload.meta.namespace_ == namespace_;
    if (listed && workload.kind == kind && row->second.epoch != epoch) {
      row = remove(row);
      ++count;
    } else {
      ++row;
    }
  }
  return count;
}

const api::Workload* WorkloadStore::find(const Uid& uid) const {
  const auto row = rows_.find(uid);
  return row == rows_.end() ? nullptr : &row->second.workload;
}

const api::Workload* WorkloadStore::find(std::string_view kind, std::string_view namespace_,
                                         std::string_view name) const {
  const auto named = by_name_.find(NameOrder::View(kind, namespace_, name));
  return named == by_name_.end() ? nullptr : find(named->second);
}

template <class Visit>
void WorkloadStore::each_revision(const api::Workload& owner, const Visit& visit) const {
  // The controllers cut long names before they add the hash.
  const std::string_view prefix = std::string_view(owner.meta.name).substr(0, kRevisionPrefixMax);
  auto named = by_name_.lower_bound(NameOrder::View(kRevision, owner.meta.namespace_, prefix));
  for (; named != by_name_.end(); ++named) {
    const auto& [kind, namespace_, name] = named->first;
    if (kind != kRevision || namespace_ != owner.meta.namespace_ || !name.starts_with(prefix)) {
      break;
    }
    const api::Workload& revision = rows_.find(named->second)->second.workload;
    if (revision.controller && revision.controller->uid == owner.meta.uid) visit(revision);
  }
}

const api::Workload* WorkloadStore::revision(const api::Workload& owner,
                                             std::string_view label) const {
  const api::Workload* found = nullptr;
  each_revision(owner, [&](const api::Workload& revision) {
    const std::string_view name = revision.meta.name;
    const bool is_hash = name.size() == owner.meta.name.size() + 1 + label.size() &&
                         name.starts_with(owner.meta.name) && name.ends_with(label);
    if (name == label || is_hash) found = &revision;
  });
  return found;
}

const api::Workload* WorkloadStore::newest_revision(const api::Workload& owner) const {
  const api::Workload* newest = nullptr;
  each_revision(owner, [&](const api::Workload& revision) {
    if (newest == nullptr || revision.revision > newest->revision) newest = &revision;
  });
  return newest;
}

WorkloadStore::Rows::iterator WorkloadStore::remove(Rows::iterator row) {
  const api::Workload& workload = row->second.workload;
  by_name_.erase(Name(workload.kind, workload.meta.namespace_, workload.meta.name));
  return rows_.erase(row);
}

}  // namespace podcron::store
