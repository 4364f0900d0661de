// Who has worked in which pods: what the sessions' Leases say, and the writes of them under way.
//
// The API server keeps no trace of exec and attach, so every one is stored as a Lease in podcron's
// own namespace, "<pod UID>-tty" (it had stdin or a terminal) or "<pod UID>-exec": holder = who,
// acquireTime and renewTime = the first and the last. All controllers watch them, so that each
// knows what any of them was told. No right to change pods is needed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/lease.h"
#include "api/pod_job_spec.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uid.h"
#include "engine/outbox.h"

namespace podcron::engine {

enum class SessionKind : std::uint8_t { kTty, kExec };
/// "tty", "exec".
std::string_view to_string(SessionKind kind);

/// What the name of a session's Lease says: "<pod UID>-<kind>".
using SessionKey = std::pair<Uid, SessionKind>;
std::string lease_name(const SessionKey& session);
/// nullopt: the Lease is something else.
std::optional<SessionKey> session_named(std::string_view lease_name);

/// One exec or attach, by somebody who is not podcron.
struct Connect {
  std::string pod_namespace;
  std::string pod_name;
  Uid pod;
  std::string user;
  SessionKind kind = SessionKind::kExec;
};

class Sessions {
 public:
  /// `namespace_`: where the Leases are.
  explicit Sessions(std::string namespace_) : namespace_(std::move(namespace_)) {}

  /// Wants `connect` stored; `review` is told by take_settled() when it is, or cannot be. At most
  /// one write of a Lease is under way: what comes meanwhile is stored by one more.
  void note(Now now, Connect connect, std::uint64_t review);
  /// The requests that are due.
  std::vector<Call> poll();
  /// The answer to one of them; `lease` is its body, marked with `epoch`. With `seen_to_go` the
  /// watch is past this version: what it does not show is gone again. Returns the pod of which more
  /// is known now.
  std::optional<std::string> on_answer(const Answer& answer, const Result<api::Lease>& lease,
                                       std::uint32_t epoch, bool seen_to_go);
  struct Settled {
    std::uint64_t review = 0;
    bool stored = false;
  };
  std::vector<Settled> take_settled() { return std::exchange(settled_, {}); }

  // What the Lease watch says. They return the pods ("namespace/name") of which something else is
  // known now. Leases that are no session's are none of them.
  std::optional<std::string> apply(const api::Lease& lease, std::uint32_t epoch);
  std::optional<std::string> erase(const api::Lease& lease);
  std::vector<std::string> sweep(std::uint32_t epoch);

  /// The last one in this pod of those that `exclude` counts, rounded up to whole seconds.
  [[nodiscard]] std::optional<WallTime> last(const Uid& pod, api::SessionExclusion exclude) const;
  [[nodiscard]] std::size_t size() const { return stored_.size(); }

  /// What the requests to remove Leases depend on.
  struct Keeping {
    std::function<bool(std::string_view pod_key, const Uid& pod)> exists;
    /// The longest cooldown that anything in the namespace asks for.
    std::function<Seconds(std::string_view namespace_)> cooldown;
  };
  /// Requests, at most kRemovalsMax and none again within a minute: to delete Leases of which no
  /// cooldown is left, and to read pods that seem to be gone.
  [[nodiscard]] std::vector<Call> remove_over(Now now, const Keeping& keeping);
  static constexpr std::size_t kRemovalsMax = 32;
  /// The answer to such a read: the UID of the pod of that name; nullopt: there is none. The
  /// request to delete the Lease, if its pod is gone.
  [[nodiscard]] std::optional<Call> on_pod_checked(Now now, std::string_view lease,
                                                   const std::optional<Uid>& there);

 private:
  struct Stored {
    std::string pod;  // "namespace/name"; empty: not told
    std::string user;
    Uid lease;
    std::uint64_t resource_version = 0;
    WallMillis last{};
    std::uint32_t epoch = 0;
    MonoTime asked_until{};  // not to be asked about before
  };
  struct Wanted {
    Connect connect;
    WallMillis last{};
    std::vector<std::uint64_t> reviews;
  };
  struct Write {
    Wanted now;
    std::optional<Wanted> next;
    bool renew = false;  // PATCH, else POST
    bool sent = false;
    int turns = 0;  // between the two, when the Lease comes or goes meanwhile
    [[nodiscard]] const Wanted& newest() const { return next ? *next : now; }
  };

  [[nodiscard]] Call request(const SessionKey& key, const Write& write) const;
  [[nodiscard]] Call removal(const SessionKey& key, const Stored& stored) const;
  void settle(Wanted& wanted, bool stored);

  std::string namespace_;
  std::map<SessionKey, Stored> stored_;
  std::map<SessionKey, Write> writes_;
  std::vector<Settled> settled_;
};

}  // namespace podcron::engine
