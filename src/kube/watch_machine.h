// LIST then WATCH of one resource, for ever: the protocol without the sockets.
//
// States: listing (pages of 500), watching, backing off. A 410 on the watch or inside the stream
// relists; a 410 on a page restarts the list without a token; everything else that ends a stream
// resumes at the last resourceVersion with back-off and jitter (0.8 s doubled to 30 s, reset after
// 2 min of health); Retry-After is honoured. A watch that ends in order resumes at once, unless it
// lasted less than 1 s without an item. Five answered watches in a row that fail without an item
// relist too: then the resourceVersion itself is what the server cannot serve. The first list, and
// one after a list that failed, is a quorum read; other relists are "not older than" what was seen.
// Relists mark by epoch; only a completed list sweeps.
//
// Source: client-go's reflector as the reference behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/prng.h"
#include "base/time.h"
#include "kube/stream_item.h"

namespace podcron::kube {

struct StreamTarget {
  ObjectKind kind = ObjectKind::kPod;
  std::string path;            // "/api/v1/pods"
  std::string label_selector;  // not yet encoded; empty: all
  std::string field_selector;
};

/// One HTTP call to make.
struct StreamRequest {
  bool watch = false;
  std::string path;  // with query
  /// Give up when no byte came for so long: above the server's own timeoutSeconds.
  Millis inactivity_timeout{};
};

/// How a stream ended.
struct StreamEnd {
  bool orderly = false;  // the body was complete
  int http_status = 0;   // 0: no answer
  std::optional<Millis> retry_after;
};

enum class StoreAction : std::uint8_t {
  kNone,
  kApply,   // put the object, marked with epoch()
  kDelete,  // remove the object
  kSweep,   // the list is complete: remove what is not marked with epoch()
};

class WatchMachine {
 public:
  WatchMachine(StreamTarget target, std::uint64_t seed);

  /// The call to make now; nullopt while one is open or back-off lasts.
  std::optional<StreamRequest> poll(Now now);
  /// When to poll again; nullopt while a stream is open.
  [[nodiscard]] std::optional<MonoTime> wake_at() const;

  /// What the store does with `item`. Items must come in stream order.
  StoreAction on_item(const StreamItem& item);
  /// Exactly once per StreamRequest.
  void on_end(Now now, const StreamEnd& end);

  /// From now on other objects are asked for: by a fresh list, before which it is not synced. The
  /// caller forgets (and cancels) the call that is open, if any, and does not tell its end.
  void retarget(std::string label_selector);

  /// Grows by one per started list.
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  /// A first list was complete.
  [[nodiscard]] bool synced() const { return synced_; }
  [[nodiscard]] std::uint64_t relists() const { return relists_; }
  /// Of the newest item: whatever is older has been said.
  [[nodiscard]] std::uint64_t resource_version() const { return resource_version_; }
  [[nodiscard]] const StreamTarget& target() const { return target_; }

 private:
  enum class Phase : std::uint8_t { kList, kWatch };

  StoreAction on_list_item(const StreamItem& item);
  StoreAction on_watch_item(const StreamItem& item);
  void note_error(const api::KubeStatus& status);
  void list_ended(Now now, const StreamEnd& end);
  void watch_ended(Now now, const StreamEnd& end);
  void back_off(Now now, const StreamEnd& end);
  void restart_list();
  StreamRequest watch_request();
  [[nodiscard]] StreamRequest list_request() const;
  [[nodiscard]] std::string selectors() const;

  StreamTarget target_;
  Prng prng_;
  Phase phase_ = Phase::kList;
  bool open_ = false;
  bool synced_ = false;
  bool from_quorum_ = false;  // the next list states no resourceVersion
  std::uint32_t epoch_ = 0;
  std::uint64_t relists_ = 0;
  std::uint64_t resource_version_ = 0;
  std::string continue_token_;
  int fruitless_watches_ = 0;

  // Of the open stream.
  bool page_complete_ = false;
  bool any_item_ = false;
  int error_code_ = 0;  // of its StreamError
  std::optional<Millis> error_retry_after_;
  MonoTime opened_at_{};

  Millis delay_{};
  std::optional<MonoTime> healthy_since_;  // the first try after the last back-off
  MonoTime retry_at_{};
};

}  // namespace podcron::kube
