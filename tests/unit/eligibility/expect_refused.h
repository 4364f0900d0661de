// A scene with one thing wrong beside its otherwise unmodified twin, which is eligible.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "unit/eligibility/pod_builder.h"

namespace podcron::eligibility {

/// `spoil` makes the pod fail this rule and no other.
inline void expect_refused(Reason reason, const test::Scene& twin, const test::Change& spoil) {
  EXPECT_EQ(twin.judge(), Reason::kEligible) << to_string(twin.judge());
  const test::Scene bad = test::changed(twin, spoil);
  EXPECT_EQ(bad.judge(), reason) << to_string(bad.judge());
  EXPECT_EQ(bad.judge_all(), std::vector<Reason>{reason});
}

}  // namespace podcron::eligibility
