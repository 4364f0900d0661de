// Who lives: our own Lease, and what has been seen of the others'.
//
// A holder is gone when its Lease has not changed, or has been absent, for the lease duration on
// *our* monotonic clock; the times written in a Lease are for people (client-go#448). No guarantee
// rests on this: it only decides when a take-over is tried.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/lease.h"
#include "base/time.h"
#include "engine/outbox.h"

namespace podcron::engine {

/// Of the Leases of processes. Those of elections and sessions have other names.
inline constexpr std::string_view kHolderLeasePrefix = "podcron-holder-";

struct HoldersConfig {
  std::string namespace_;
  std::string holder;  // ours: "<pod name>_<process id>"
  Seconds duration{15};
  Seconds renew_period{5};
};

class Holders {
 public:
  explicit Holders(HoldersConfig config);

  /// The request that our Lease needs now, if any.
  std::optional<Call> poll(Now now);
  /// When poll has something to do; while a request is under way, its answer comes first.
  [[nodiscard]] MonoTime wake_at() const { return asking_ ? MonoTime::max() : next_at_; }
  /// The answer to a request from poll.
  void on_answer(Now now, const KubeReply& reply);
  /// Our Lease was renewed less than its duration ago, counted from when that was asked for: nobody
  /// takes us for gone.
  [[nodiscard]] bool held(Now now) const { return held_until_ && now.mono < *held_until_; }
  /// The request that ends our Lease at shutdown.
  [[nodiscard]] Call release() const;

  // What the Lease watch says.
  void apply(Now now, const api::Lease& lease, std::uint32_t epoch);
  void erase(Now now, const api::Lease& lease);
  void sweep(Now now, std::uint32_t epoch);

  /// True once `holder` is known to be gone. The first question about an unseen holder starts its
  /// clock.
  bool gone(Now now, std::string_view holder);
  /// When gone() may next turn true for somebody asked about; nullopt: nobody is watched.
  [[nodiscard]] Millis patience() const { return config_.duration; }
  /// Leases of holders that have been gone for kForgetAfter: to be deleted by name.
  std::vector<std::string> abandoned(Now now);

 private:
  struct Seen {
    std::string lease;  // name; empty: only asked about, never seen
    std::uint64_t resource_version = 0;
    MonoTime changed{};
    std::uint32_t epoch = 0;
    bool present = false;
  };

  HoldersConfig config_;
  std::string lease_name_;
  std::optional<MonoTime> held_until_;
  MonoTime asked_at_{};
  bool asking_ = false;
  bool must_read_ = false;
  std::uint64_t resource_version_ = 0;
  std::optional<WallMillis> acquired_;
  MonoTime next_at_{};
  std::map<std::string, Seen, std::less<>> seen_;
};

}  // namespace podcron::engine
