// Goal: judging and choosing in the steady state ask nobody for memory. Method: this program counts
// every call of operator new.
#include <gtest/gtest.h>

#include <string>

#include "unit/counted_allocations.h"
#include "unit/eligibility/pod_builder.h"

namespace podcron::eligibility {
namespace {

using test::allocations_of;
using test::Scene;

void fill(store::PodStore& pods, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    api::Pod pod = i % 2 == 0 ? test::serving_pod() : test::stateful_pod();
    pod.meta.name += std::to_string(i);
    pods.apply(pod, 1);
  }
}

TEST(Assess, AllocatesNothingInTheSteadyState) {
  Scene scene;
  scene.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "shop"};
  store::PodStore pods;
  fill(pods, 200);
  const store::WorkloadStore owners = scene.owners();
  const Criteria criteria = scene.criteria();
  Assessment out;
  // The strings that shapes are unpacked into grow a few times until each has held the longest.
  for (int i = 0; i < 20; ++i) assess(pods, owners, criteria, out);
  EXPECT_EQ(allocations_of([&] { assess(pods, owners, criteria, out); }), 0U);
  EXPECT_EQ(out.matched, 200);
}

TEST(Evaluate, AllocatesNothing) {
  Scene scene;
  scene.target.workload_ref = api::WorkloadRef{"apps", "Deployment", "shop"};
  store::PodStore pods;
  fill(pods, 2);
  const store::WorkloadStore owners = scene.owners();
  const Criteria criteria = scene.criteria();
  const auto evaluate_each = [&] {
    for (const store::PodHandle pod : pods.in_namespace("shop")) {
      evaluate(pods, owners, criteria, pod);
      target_container(pods, scene.target, pod);
    }
  };
  for (int i = 0; i < 20; ++i) evaluate_each();
  EXPECT_EQ(allocations_of(evaluate_each), 0U);
}

TEST(Store, AnUpdateThatKeepsItsSizeAllocatesNothing) {
  store::PodStore pods;
  api::Pod pod = test::serving_pod();
  pods.apply(pod, 1);
  EXPECT_EQ(allocations_of([&] {
              pod.ready = false;
              ++pod.meta.resource_version;
              pods.apply(pod, 1);
            }),
            0U);
}

}  // namespace
}  // namespace podcron::eligibility
