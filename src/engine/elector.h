// Which of several replicas decides: leader election by one Lease, as client-go does it.
//
// Whoever writes its name into the Lease leads, until the renew deadline after the request of its
// last renewal that was answered. Another one may take it when it names nobody, is not there, or
// was not seen to change for the lease duration on *our* monotonic clock; the times written in it
// are for people (client-go#448). Between renew deadline and lease duration nobody leads: that is
// the only grace, so clocks that run at different rates may make two believe to lead. No guarantee
// rests on this: leading only decides who tries (docs/adr/0015).
//
// The Lease is read each retry period, and its watch tells at once what comes in between. What a
// read shows is believed; of the watch, which may be behind, only what is newer.
// Source: client-go tools/leaderelection.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/lease.h"
#include "base/time.h"
#include "engine/election.h"
#include "engine/outbox.h"

namespace podcron::engine {

class Elector {
 public:
  /// `election` nullopt: there is none, and everybody leads. `holder`: our name in the Lease.
  Elector(std::optional<Election> election, std::string namespace_, std::string holder);

  /// The request that the election needs now, if any.
  std::optional<Call> poll(Now now);
  /// When poll or leads() may next say something else, if nothing is heard before.
  [[nodiscard]] MonoTime wake_at() const;
  /// The answer to a request from poll.
  void on_answer(Now now, const KubeReply& reply);
  [[nodiscard]] bool leads(Now now) const;

  /// The Lease is to name nobody, so that another replica takes it at once; we lead no more and
  /// never again.
  void release(Now now);
  /// Nothing more is to be asked for after release().
  [[nodiscard]] bool released() const { return !election_ || (releasing_ && settled_); }

  // What the Lease watch says.
  void apply(Now now, const api::Lease& lease);
  void erase(Now now, const api::Lease& lease);

 private:
  [[nodiscard]] bool ours() const { return present_ && seen_holder_ == holder_; }
  [[nodiscard]] bool free(Now now) const;
  void see(Now now, const api::Lease& lease);
  void see_none(Now now);
  void on_read(Now now, const KubeReply& reply);
  void on_written(Now now, const KubeReply& reply);
  void pace(Now now);
  Call write(Now now);

  std::optional<Election> election_;
  std::string namespace_;
  std::string holder_;
  std::optional<MonoTime> leads_until_;
  // The request under way.
  bool asking_ = false;
  bool reading_ = false;
  MonoTime asked_at_{};
  MonoTime next_at_{};
  bool must_read_ = true;  // what we know may not be what is there
  // The Lease as it was last seen.
  bool present_ = false;
  std::uint64_t version_ = 0;
  std::string seen_holder_;
  std::int64_t transitions_ = 0;
  MonoTime changed_{};
  std::optional<WallMillis> acquired_;  // by us
  bool releasing_ = false;
  bool settled_ = false;  // of a release: it names somebody else, or nobody
};

}  // namespace podcron::engine
