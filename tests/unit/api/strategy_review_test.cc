// Goal: the question that a strategy service is asked has the documented shape, whatever pods are
// called. Method: one body, compared whole.
#include "api/strategy_review.h"

#include <gtest/gtest.h>

namespace podcron::api {
namespace {

TEST(StrategyReview, HasTheDocumentedShape) {
  StrategyReview review;
  review.uid = "digest-1-abcde.1.7";
  review.namespace_ = "shop";
  review.pod_cron_job = "digest";
  review.pod_cron_job_uid = {1, 2};
  review.run = "digest-1-abcde";
  review.scheduled_time = WallTime(Seconds(1'772'971'200));
  review.eligible = 9;
  review.chosen_max = 1000;
  review.pods = {{"shop-\"1", {3, 4}, "node-1", WallTime(Seconds(1'772'971'100))},
                 {"shop-2", {5, 6}, "", std::nullopt}};
  EXPECT_EQ(encode_strategy_review(review),
            R"({"apiVersion":"podcron.dev/v1alpha1","kind":"StrategyReview","request":{)"
            R"("uid":"digest-1-abcde.1.7","podCronJob":{"namespace":"shop","name":"digest",)"
            R"("uid":"00000000-0000-0001-0000-000000000002"},"run":"digest-1-abcde",)"
            R"("scheduledTime":"2026-03-08T12:00:00Z","eligible":9,"maxPods":1000,"pods":[)"
            R"({"name":"shop-\"1","uid":"00000000-0000-0003-0000-000000000004",)"
            R"("nodeName":"node-1","readySince":"2026-03-08T11:58:20Z"},)"
            R"({"name":"shop-2","uid":"00000000-0000-0005-0000-000000000006"}]}})");
}

}  // namespace
}  // namespace podcron::api
