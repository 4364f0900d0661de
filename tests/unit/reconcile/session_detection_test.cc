// Goal: the condition SessionDetection follows the self-test, and two controllers that see
// differently do not correct each other for ever.
#include "reconcile/session_detection.h"

#include <gtest/gtest.h>

namespace podcron::reconcile {
namespace {

constexpr WallTime kNow{Seconds{1'800'000'000}};

bool tell(api::PodCronJobStatus& status, Detection state, bool changed, std::string why = "why") {
  return tell_session_detection(status, {state, std::move(why), changed}, 1, kNow);
}

TEST(SessionDetection, IsTrueFalseOrUnknownWithItsReason) {
  for (const auto& [state, value, reason] :
       {std::tuple{Detection::kDisabled, api::ConditionStatus::kUnknown, "Disabled"},
        std::tuple{Detection::kActive, api::ConditionStatus::kTrue, "Active"},
        std::tuple{Detection::kDegraded, api::ConditionStatus::kFalse, "Degraded"}}) {
    api::PodCronJobStatus status;
    EXPECT_TRUE(tell(status, state, false)) << "the first word is worth a write";
    ASSERT_EQ(status.conditions.size(), 1U);
    EXPECT_EQ(status.conditions[0].type, "SessionDetection");
    EXPECT_EQ(status.conditions[0].status, value);
    EXPECT_EQ(status.conditions[0].reason, reason);
    EXPECT_EQ(status.conditions[0].message, "why");
  }
}

TEST(SessionDetection, NothingIsSaidBeforeTheFirstTestHasEnded) {
  api::PodCronJobStatus status;
  EXPECT_FALSE(tell(status, Detection::kUnproven, true));
  EXPECT_TRUE(status.conditions.empty());
}

TEST(SessionDetection, OnlyAChangeOfOurOwnIsWorthAWrite) {
  api::PodCronJobStatus status;
  tell(status, Detection::kActive, true);
  EXPECT_FALSE(tell(status, Detection::kActive, true)) << "it says so already";
  EXPECT_FALSE(tell(status, Detection::kDisabled, false)) << "another controller's word stands";
  tell(status, Detection::kActive, false);
  EXPECT_TRUE(tell(status, Detection::kDegraded, true));
  EXPECT_FALSE(tell(status, Detection::kDegraded, true, "other words")) << "they ride along";
  EXPECT_EQ(status.conditions[0].message, "other words");
}

}  // namespace
}  // namespace podcron::reconcile
