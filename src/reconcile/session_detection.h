// The condition SessionDetection: are execs and attaches seen (the contract's section 8)?
#pragma once

#include <cstdint>
#include <string>

#include "api/pod_cron_job.h"
#include "base/time.h"

namespace podcron::reconcile {

enum class Detection : std::uint8_t {
  kDisabled,  // nobody listens
  kUnproven,  // a process listens, and its first self-test has not ended: nothing is said yet
  kActive,    // the last self-test arrived
  kDegraded,  // it did not: sessions may go unseen
};

struct SessionDetection {
  Detection state = Detection::kDisabled;
  std::string why;  // for the message; the same as long as nothing changes
  /// Ours has changed since the status was last written: the status says so even if nothing else
  /// is to be written. Another controller's word alone is no cause, or two that see differently
  /// would correct each other for ever.
  bool tell = false;
};

/// Writes the condition into `status`. True: worth a write by itself.
bool tell_session_detection(api::PodCronJobStatus& status, const SessionDetection& detection,
                            std::int64_t generation, WallTime now);

}  // namespace podcron::reconcile
