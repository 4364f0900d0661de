// Goal: HTTP goes to an ordinary pod's own address and a port that it declares, and nowhere else.
// Method: addresses that a hostile pod's status may name, each beside an ordinary twin.
#include "reconcile/http_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/ip_address.h"

namespace podcron::reconcile {
namespace {

using ::testing::HasSubstr;

api::PodAddress ordinary() {
  api::PodAddress pod;
  pod.ips = {"10.244.1.7", "fd00::7"};
  pod.node_ips = {"192.168.1.2"};
  pod.ports = {{"sidecar", "http", 9000}, {"app", "http", 8080}, {"app", "admin", 8081}};
  return pod;
}

std::string refusal(const std::string& ip, const HttpRules& rules = {}) {
  api::PodAddress pod = ordinary();
  pod.ips = {ip};
  const auto target = http_target(pod, "app", {8080, ""}, rules);
  return target ? "" : target.error().message;
}

TEST(HttpTarget, ThePrimaryAddressAndThePortOfTheTargetContainer) {
  const auto named = http_target(ordinary(), "app", {0, "http"}, {});
  ASSERT_TRUE(named);
  EXPECT_EQ(named->address, "10.244.1.7");
  EXPECT_EQ(named->port, 8080);
  EXPECT_EQ(http_target(ordinary(), "sidecar", {0, "http"}, {})->port, 9000);
  EXPECT_EQ(http_target(ordinary(), "sidecar", {0, "admin"}, {})->port, 8081);
  EXPECT_EQ(http_target(ordinary(), "app", {9000, ""}, {})->port, 9000);
}

TEST(HttpTarget, APortThatNobodyDeclaresIsRefused) {
  EXPECT_THAT(http_target(ordinary(), "app", {8443, ""}, {}).error().message,
              HasSubstr("declares the TCP port 8443"));
  EXPECT_THAT(http_target(ordinary(), "app", {0, "metrics"}, {}).error().message,
              HasSubstr("declares the TCP port \"metrics\""));
}

TEST(HttpTarget, OrdinaryAddressesOfBothFamiliesPass) {
  for (const char* ip : {"10.0.0.1", "172.16.0.9", "192.168.7.7", "100.64.0.1", "203.0.113.5",
                         "fd12:3456::1", "2001:db8::9", "::ffff:10.0.0.1"}) {
    EXPECT_EQ(refusal(ip), "") << ip;
  }
}

TEST(HttpTarget, WhatIsNoPodsAddressIsRefused) {
  for (const char* ip : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1",
                         "64:ff9b::7f00:1", "2002:7f00:1::1"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("loopback")) << ip;
  }
  for (const char* ip : {"169.254.169.254", "fe80::1", "febf::1", "::ffff:a9fe:a9fe",
                         "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("link-local")) << ip;
  }
  for (const char* ip : {"224.0.0.1", "239.9.9.9", "ff02::1", "::ffff:224.0.0.1"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("multicast")) << ip;
  }
  for (const char* ip : {"0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("unspecified")) << ip;
  }
  for (const char* ip : {"255.255.255.255", "240.0.0.1"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("reserved")) << ip;
  }
}

TEST(HttpTarget, MetadataServicesOfCloudsAreRefused) {
  for (const char* ip : {"100.100.100.200", "168.63.129.16", "fd00:ec2::254"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("metadata")) << ip;
  }
}

TEST(HttpTarget, WhatIsNoAddressIsRefused) {
  for (const char* ip : {"", "localhost", "10.0.0", "10.0.0.1.2", "10.0.0.256", "010.0.0.1",
                         "10.0.0.1:80", "[::1]", "fe80::1%eth0", "1::2::3", "1:2:3:4:5:6:7", ":1",
                         "1:2:3:4:5:6:7:8:9", "12345::", "::10.0.0", "10.0.0.1/8", " 10.0.0.1"}) {
    EXPECT_THAT(refusal(ip), HasSubstr("no IP address")) << ip;
  }
}

TEST(HttpTarget, TheNodesNetworkAndTheApiServersAddressAreRefused) {
  api::PodAddress pod = ordinary();
  pod.host_network = true;
  EXPECT_THAT(http_target(pod, "app", {8080, ""}, {}).error().message, HasSubstr("hostNetwork"));
  EXPECT_THAT(refusal("192.168.1.2"), HasSubstr("its node's"));
  EXPECT_THAT(refusal("::ffff:192.168.1.2"), HasSubstr("its node's"));
  EXPECT_THAT(refusal("10.96.0.1", {false, {"kubernetes.default", "10.96.0.1"}}),
              HasSubstr("the API server's"));
  pod = ordinary();
  pod.ips.clear();
  EXPECT_THAT(http_target(pod, "app", {8080, ""}, {}).error().message, HasSubstr("no address"));
}

TEST(HttpTarget, TestsMayAllowLoopbackButNotTheApiServer) {
  EXPECT_EQ(refusal("127.1.0.3", {true, {"127.0.0.1"}}), "");
  EXPECT_THAT(refusal("127.0.0.1", {true, {"127.0.0.1"}}), HasSubstr("the API server's"));
  EXPECT_THAT(refusal("169.254.169.254", {true, {}}), HasSubstr("link-local"));
}

TEST(IpAddress, OneAddressHasOneForm) {
  EXPECT_EQ(IpAddress::parse("10.1.2.3"), IpAddress::parse("::ffff:a01:203"));
  EXPECT_EQ(IpAddress::parse("1:0:0:0:0:0:0:2"), IpAddress::parse("1::2"));
  EXPECT_EQ(IpAddress::parse("1:2:3:4:5:6:7::"), IpAddress::parse("1:2:3:4:5:6:7:0"));
  EXPECT_NE(IpAddress::parse("10.1.2.3"), IpAddress::parse("10.1.2.4"));
}

}  // namespace
}  // namespace podcron::reconcile
