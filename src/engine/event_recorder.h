// Kubernetes Events without a flood: one series per object and reason, at most one write in five
// minutes each, a bounded number of series.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "base/time.h"
#include "engine/outbox.h"

namespace podcron::engine {

struct EventSubject {
  std::string namespace_;
  std::string kind;  // "PodCronJob"
  std::string name;
  Uid uid;
};

class EventRecorder {
 public:
  explicit EventRecorder(std::string instance) : instance_(std::move(instance)) {}

  /// The request to send now, or nullopt: the series was counted and will be written later.
  /// `count` neighbours at once (a range of skips) count as that many.
  std::optional<Call> record(Now now, const EventSubject& subject, std::string_view reason,
                             std::string note, std::int64_t count);
  /// Requests for series whose five minutes are over.
  std::vector<Call> poll(Now now);
  [[nodiscard]] std::optional<MonoTime> wake_at() const;

 private:
  struct Series {
    std::string namespace_;
    std::string event;  // name of the Event object
    MonoTime written{};
    std::int64_t count = 0;
    bool dirty = false;
  };
  using Key = std::pair<Uid, std::string>;

  Call patch(Now now, Series& series);
  void forget_oldest();

  std::string instance_;
  std::map<Key, Series> series_;
  std::uint64_t made_ = 0;
};

}  // namespace podcron::engine
