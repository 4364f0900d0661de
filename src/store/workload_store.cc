#include "store/workload_store.h"

#include <iterator>

namespace podcron::store {

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

WorkloadStore::Rows::iterator WorkloadStore::remove(Rows::iterator row) {
  const api::Workload& workload = row->second.workload;
  by_name_.erase(Name(workload.kind, workload.meta.namespace_, workload.meta.name));
  return rows_.erase(row);
}

}  // namespace podcron::store
