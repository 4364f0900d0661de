#include "engine/hand_made_table.h"

namespace podcron::engine {

HandMade& HandMadeTable::put(const api::PodJob& record) {
  const std::string key = key_of(record.meta.namespace_, record.meta.name);
  const auto at = by_key_.find(key);
  if (at != by_key_.end()) {
    HandMade& row = rows_.at(at->second);
    row.record = record;
    return row;
  }
  const JobId id = ++next_id_;
  HandMade& row = rows_[id];
  row.id = id;
  row.record = record;
  by_key_.emplace(key, id);
  if (row.names_parent()) {
    by_parent_[key_of(record.meta.namespace_, record.pod_cron_job_name)].insert(id);
  }
  return row;
}

HandMade* HandMadeTable::find(JobId id) {
  const auto at = rows_.find(id);
  return at == rows_.end() ? nullptr : &at->second;
}

HandMade* HandMadeTable::find(std::string_view key) {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &rows_.at(at->second);
}

void HandMadeTable::erase(JobId id) {
  const auto at = rows_.find(id);
  if (at == rows_.end()) return;
  const api::PodJob& record = at->second.record;
  const auto siblings = by_parent_.find(key_of(record.meta.namespace_, record.pod_cron_job_name));
  if (siblings != by_parent_.end()) {
    siblings->second.erase(id);
    if (siblings->second.empty()) by_parent_.erase(siblings);
  }
  by_key_.erase(at->second.key());
  rows_.erase(at);
}

std::vector<JobId> HandMadeTable::of_parent(std::string_view parent_key) const {
  const auto at = by_parent_.find(parent_key);
  if (at == by_parent_.end()) return {};
  return {at->second.begin(), at->second.end()};
}

}  // namespace podcron::engine
