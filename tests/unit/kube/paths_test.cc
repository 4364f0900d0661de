// Goal: requests go to the resource that was meant, whatever a name contains.
// Method: paths are compared as text.
#include "kube/paths.h"

#include <gtest/gtest.h>

#include <array>

namespace podcron::kube {
namespace {

TEST(Paths, OnlyUnreservedCharactersStayAsTheyAre) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode(" /?&=%+\xff\n"), "%20%2F%3F%26%3D%25%2B%FF%0A");
  EXPECT_EQ(percent_encode(std::string_view("\0", 1)), "%00");
}

TEST(Paths, EachResourceHasItsPlace) {
  EXPECT_EQ(pod_cron_job_path("shop", "digest"),
            "/apis/podcron.dev/v1alpha1/namespaces/shop/podcronjobs/digest");
  EXPECT_EQ(pod_jobs_path("shop"), "/apis/podcron.dev/v1alpha1/namespaces/shop/podjobs");
  EXPECT_EQ(pod_job_path("shop", "x"), "/apis/podcron.dev/v1alpha1/namespaces/shop/podjobs/x");
  EXPECT_EQ(pod_path("shop", "web-0"), "/api/v1/namespaces/shop/pods/web-0");
  EXPECT_EQ(leases_path("podcron"), "/apis/coordination.k8s.io/v1/namespaces/podcron/leases");
  EXPECT_EQ(lease_path("podcron", "a"), "/apis/coordination.k8s.io/v1/namespaces/podcron/leases/a");
  EXPECT_EQ(events_path("shop"), "/apis/events.k8s.io/v1/namespaces/shop/events");
  EXPECT_EQ(event_path("shop", "e"), "/apis/events.k8s.io/v1/namespaces/shop/events/e");
}

TEST(Paths, ANameCannotLeaveItsPlace) {
  EXPECT_EQ(pod_path("shop", "../secrets/x?y"),
            "/api/v1/namespaces/shop/pods/..%2Fsecrets%2Fx%3Fy");
}

TEST(Paths, ExecStatesAllFourStreamsAndKeepsTheOrderOfArguments) {
  const std::array<std::string, 3> argv{"sh", "-c", "echo $HOME & exit 7"};
  EXPECT_EQ(exec_path("shop", "web-0", "app", argv),
            "/api/v1/namespaces/shop/pods/web-0/exec?container=app&stdin=false&stdout=true&"
            "stderr=true&tty=false&command=sh&command=-c&command=echo%20%24HOME%20%26%20exit%207");
}

}  // namespace
}  // namespace podcron::kube
