// Equal values kept once, counted by reference.
//
// A value lives exactly as long as somebody holds its id, so churn cannot make it grow: ids and
// slots of released values are used again. Ids are small and dense, which lets a caller keep a
// verdict per id in a plain vector. Same sequence of calls, same ids, on every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace podcron::store {

template <class Value>
class Interner {
 public:
  using Id = std::uint32_t;

  /// The id of the value for which `equal(value)` holds, made by `make()` if there is none; adds
  /// one reference. `hash` must be equal for equal values. Lookup copies nothing.
  /// Cost: O(1) expected.
  template <class Equal, class Make>
  Id acquire(std::uint64_t hash, const Equal& equal, const Make& make) {
    // Half empty, so that probe runs stay short.
    if ((used_ + 1) * 2 > table_.size()) grow();
    std::size_t slot = home(hash);
    for (; table_[slot] != kEmpty; slot = next(slot)) {
      Entry& entry = entries_[table_[slot]];
      if (entry.hash == hash && equal(std::as_const(entry.value))) {
        ++entry.references;
        return table_[slot];
      }
    }
    const Id id = new_entry();
    Entry& entry = entries_[id];
    entry.value = make();
    entry.hash = hash;
    entry.references = 1;
    table_[slot] = id;
    ++used_;
    return id;
  }

  /// Gives one reference back; the last one frees the value.
  void release(Id id) {
    Entry& entry = entries_[id];
    PODCRON_ASSERT(entry.references > 0);
    if (--entry.references > 0) return;
    std::size_t slot = home(entry.hash);
    while (table_[slot] != id) slot = next(slot);
    close_gap(slot);
    entry.value = Value{};
    free_.push_back(id);
    --used_;
  }

  /// Stays where it is until it is freed.
  [[nodiscard]] const Value& operator[](Id id) const { return entries_[id].value; }
  /// Distinct values held.
  [[nodiscard]] std::size_t size() const { return used_; }
  /// Every id is below this; it is the highest number of values held at once so far.
  [[nodiscard]] std::size_t id_limit() const { return entries_.size(); }

 private:
  static constexpr Id kEmpty = std::numeric_limits<Id>::max();
  static constexpr std::size_t kSlotsMin = 16;

  struct Entry {
    Value value{};
    std::uint64_t hash = 0;
    std::uint32_t references = 0;
  };

  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (table_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t slot) const {
    return (slot + 1) & (table_.size() - 1);
  }

  Id new_entry() {
    if (!free_.empty()) {
      const Id id = free_.back();
      free_.pop_back();
      return id;
    }
    PODCRON_ASSERT(entries_.size() < kEmpty);
    entries_.emplace_back();
    return static_cast<Id>(entries_.size() - 1);
  }

  void grow() {
    const std::size_t slots = table_.empty() ? kSlotsMin : table_.size() * 2;
    std::vector<Id> old(slots, kEmpty);
    old.swap(table_);
    for (const Id id : old) {
      if (id == kEmpty) continue;
      std::size_t slot = home(entries_[id].hash);
      while (table_[slot] != kEmpty) slot = next(slot);
      table_[slot] = id;
    }
  }

  // Linear probing without tombstones: whatever probed past the gap moves back into it.
  void close_gap(std::size_t gap) {
    const std::size_t mask = table_.size() - 1;
    for (std::size_t slot = next(gap); table_[slot] != kEmpty; slot = next(slot)) {
      const std::size_t wanted = home(entries_[table_[slot]].hash);
      if (((slot - wanted) & mask) >= ((slot - gap) & mask)) {
        table_[gap] = table_[slot];
        gap = slot;
      }
    }
    table_[gap] = kEmpty;
  }

  std::deque<Entry> entries_;
  std::vector<Id> free_;
  std::vector<Id> table_;
  std::size_t used_ = 0;
};

}  // namespace podcron::store
