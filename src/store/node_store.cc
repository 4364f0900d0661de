#include "store/node_store.h"

#include "base/hash.h"

namespace podcron::store {

NodeStore::Word NodeStore::acquire(std::string_view word) {
  return words_.acquire(
      hash64(word), [&](const std::string& known) { return known == word; },
      [&] { return std::string(word); });
}

void NodeStore::release(const Row& row) {
  for (const auto& [key, value] : row.labels) {
    words_.release(key);
    words_.release(value);
  }
}

bool NodeStore::apply(const api::ClusterNode& node, std::uint32_t epoch) {
  Row& row = rows_[node.meta.name];
  row.epoch = epoch;
  if (row.resource_version > node.meta.resource_version) return false;
  row.resource_version = node.meta.resource_version;
  std::vector<std::pair<Word, Word>> labels;
  labels.reserve(node.labels.size());
  for (const auto& [key, value] : node.labels) labels.emplace_back(acquire(key), acquire(value));
  // The old ones go last: a word that stays keeps its number.
  release(row);
  const bool changed = row.labels != labels;
  row.labels = std::move(labels);
  return changed;
}

bool NodeStore::erase(const api::ClusterNode& node) {
  const auto at = rows_.find(node.meta.name);
  if (at == rows_.end() || at->second.resource_version > node.meta.resource_version) return false;
  release(at->second);
  rows_.erase(at);
  return true;
}

bool NodeStore::sweep(std::uint32_t epoch) {
  const std::size_t before = rows_.size();
  for (auto at = rows_.begin(); at != rows_.end();) {
    if (at->second.epoch == epoch) {
      ++at;
      continue;
    }
    release(at->second);
    at = rows_.erase(at);
  }
  return rows_.size() != before;
}

NodeStore::Place NodeStore::place(std::string_view node, std::string_view key) const {
  const auto at = rows_.find(node);
  if (at == rows_.end()) return kNowhere;
  for (const auto& [name, value] : at->second.labels) {
    if (words_[name] == key) return value;
  }
  return kNowhere;
}

}  // namespace podcron::store
