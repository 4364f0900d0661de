// Does what the API server asks before an exec reach us? The answer is tried out, not assumed.
//
// A CONNECT to a reserved pod that does not exist is refused by the API server, but only after it
// has asked the webhook; whichever controller is asked stores a session for a reserved UID as it
// does for any other, and all controllers see its Lease. So a passed test proves the whole way, and
// one test serves all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uid.h"
#include "engine/outbox.h"
#include "reconcile/session_detection.h"

namespace podcron::engine {

inline constexpr std::string_view kSelfTestPodName = "podcron-self-test";
/// The largest UUID (RFC 9562 section 5.10): no object has it.
inline constexpr Uid kSelfTestPod{~0ULL, ~0ULL};

class SelfTest {
 public:
  /// `namespace_`: podcron's own. Not `enabled`: nobody listens, and nothing is tried.
  SelfTest(bool enabled, std::string namespace_);

  /// The CONNECT, when one is due. Also notices that one has failed.
  std::optional<Call> poll(Now now);
  /// The API server's answer to it: 404 is the right one, and proves nothing.
  void on_answer(Now now, const KubeReply& reply);
  /// The Lease of the reserved pod is newer than before, whoever tested.
  void on_stored(Now now);
  [[nodiscard]] MonoTime wake_at() const;

  [[nodiscard]] const reconcile::SessionDetection& detection() const { return detection_; }
  /// Moves with every change of detection().
  [[nodiscard]] std::uint32_t version() const { return version_; }

 private:
  void conclude(reconcile::Detection state, std::string why);
  void fail(Now now);

  bool enabled_;
  std::string namespace_;
  reconcile::SessionDetection detection_;
  std::uint32_t version_ = 1;
  std::uint32_t failures_ = 0;  // in a row
  MonoTime next_at_{};
  std::optional<MonoTime> until_;  // while one is under way
  std::string answer_;             // what is wrong with the API server's; empty: nothing
};

}  // namespace podcron::engine
