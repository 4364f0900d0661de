#include "reconcile/session_detection.h"

#include <algorithm>

#include "observe/reasons.h"
#include "reconcile/ledger.h"

namespace podcron::reconcile {
namespace {

using api::ConditionStatus;
namespace condition = observe::condition;

}  // namespace

bool tell_session_detection(api::PodCronJobStatus& status, const SessionDetection& detection,
                            std::int64_t generation, WallTime now) {
  const auto& conditions = status.conditions;
  const auto old = std::find_if(conditions.begin(), conditions.end(), [](const auto& each) {
    return each.type == condition::kSessionDetection;
  });
  const bool is_new = old == conditions.end();
  const auto tell = [&](ConditionStatus value, std::string_view reason) {
    const bool turned = is_new || old->status != value || old->reason != reason;
    set_condition(status, condition::kSessionDetection, value, reason, detection.why, generation,
                  now);
    return is_new || (turned && detection.tell);
  };
  switch (detection.state) {
    case Detection::kDisabled:
      return tell(ConditionStatus::kUnknown, condition::kDisabled);
    case Detection::kUnproven:
      return false;
    case Detection::kActive:
      return tell(ConditionStatus::kTrue, condition::kActive);
    case Detection::kDegraded:
      return tell(ConditionStatus::kFalse, condition::kDegraded);
  }
  return false;
}

}  // namespace podcron::reconcile
