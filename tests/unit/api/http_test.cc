// Goal: what a user asks of HTTP, and where a pod can be reached, are read whole or refused by
// path. Method: JSON as the API server sends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "unit/api/objects.h"

namespace podcron::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<PodCronJob> with_http(const std::string& http) {
  return Decoder().pod_cron_job(
      R"({"metadata":{"name":"d","namespace":"n","uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111",)"
      R"("resourceVersion":"1"},"spec":{"schedule":"* * * * *","podJobTemplate":{"spec":{)"
      R"("target":{"selector":{"matchLabels":{"app":"x"}}},"http":)" +
      http + "}}}}");
}

TEST(Http, EveryFieldIsRead) {
  const auto job = with_http(
      R"({"port":"web","path":"/a?b","method":"PUT","scheme":"HTTPS","body":"x",
      "headers":[{"name":"B","value":"2"},{"name":"A","value":"1"}],
      "tls":{"serverName":"shop.svc","caBundle":"Zm9v","verification":"None"},
      "expectedStatus":[202,"4xx","301"],"via":"ApiServerProxy"})");
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->spec.job.executor, Executor::kHttp);
  const HttpSpec& http = *job->spec.job.http;
  EXPECT_EQ(http.port, (PortRef{0, "web"}));
  EXPECT_EQ(http.path, "/a?b");
  EXPECT_EQ(http.method, HttpMethod::kPut);
  EXPECT_TRUE(http.https);
  EXPECT_EQ(http.body, "x");
  EXPECT_THAT(http.headers, ElementsAre(std::pair("B", "2"), std::pair("A", "1")));
  EXPECT_EQ(http.tls, (HttpTls{"shop.svc", "Zm9v", false}));
  EXPECT_THAT(http.expected,
              ElementsAre(StatusRange{202, 202}, StatusRange{400, 499}, StatusRange{301, 301}));
  EXPECT_TRUE(http.via_api_server);
  EXPECT_EQ(job->spec.not_implemented, "");
}

TEST(Http, DefaultsAreTheCrds) {
  const auto job = with_http(R"({"port":80})");
  ASSERT_TRUE(job) << job.error().message;
  HttpSpec expected;
  expected.port.number = 80;
  EXPECT_EQ(*job->spec.job.http, expected);
  EXPECT_EQ(expected.method, HttpMethod::kPost);
  EXPECT_THAT(expected.expected, ElementsAre(StatusRange{200, 299}));
}

TEST(Http, AProbeIsAGetThatAnyCertificateAndAnyRedirectPasses) {
  const auto job = Decoder().pod_cron_job(
      testing::with(testing::kPodCronJob, R"("target": {)",
                    R"("target": {"servingProbe":{"httpGet":{"port":8080,"path":"/ok",
                    "scheme":"HTTPS","httpHeaders":[{"name":"A","value":"1"}]},
                    "timeoutSeconds":3},)"));
  ASSERT_TRUE(job) << job.error().message;
  const ServingProbe& probe = *job->spec.job.target.serving_probe;
  EXPECT_EQ(probe.timeout_seconds, 3);
  ASSERT_TRUE(probe.http);
  EXPECT_EQ(probe.http->method, HttpMethod::kGet);
  EXPECT_FALSE(probe.http->tls.verify);
  EXPECT_TRUE(probe.http->https);
  EXPECT_THAT(probe.http->headers, ElementsAre(std::pair("A", "1")));
  EXPECT_THAT(probe.http->expected, ElementsAre(StatusRange{200, 399}));
}

TEST(Http, WhatIsWrongIsNamedByItsPath) {
  EXPECT_THAT(with_http("{}").error().message,
              HasSubstr("spec.podJobTemplate.spec.http.port: missing"));
  EXPECT_THAT(with_http(R"({"port":0})").error().message, HasSubstr("http.port"));
  EXPECT_THAT(with_http(R"({"port":1,"method":"TRACE"})").error().message,
              HasSubstr("http.method"));
  EXPECT_THAT(with_http(R"({"port":1,"expectedStatus":["2x"]})").error().message,
              HasSubstr("http.expectedStatus[0]"));
  EXPECT_THAT(with_http(R"({"port":1,"headers":[{"value":"x"}]})").error().message,
              HasSubstr("http.headers[0].name: missing"));
}

TEST(PodAddress, AddressesAndDeclaredTcpPortsAreRead) {
  const auto pod = Decoder().pod_address(
      R"({"spec":{"hostNetwork":true,"initContainers":[{"name":"mesh","ports":[
      {"containerPort":15001,"name":"proxy"}]}],"containers":[{"name":"app","ports":[
      {"containerPort":8080,"name":"http","protocol":"TCP"},
      {"containerPort":53,"protocol":"UDP"}]},{"name":"none"}]},
      "status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
      "hostIP":"10.9.9.9","hostIPs":[{"ip":"10.9.9.9"}]}})");
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_THAT(pod->ips, ElementsAre("10.0.0.1", "fd00::1"));
  EXPECT_THAT(pod->node_ips, ElementsAre("10.9.9.9"));
  EXPECT_TRUE(pod->host_network);
  EXPECT_THAT(pod->ports,
              ElementsAre(DeclaredPort{"mesh", "proxy", 15001}, DeclaredPort{"app", "http", 8080}));
}

TEST(PodAddress, APodWithoutStatusHasNoAddress) {
  const auto pod = Decoder().pod_address(R"({"spec":{"containers":[]}})");
  ASSERT_TRUE(pod);
  EXPECT_TRUE(pod->ips.empty());
  EXPECT_THAT(Decoder().pod_address(R"({"status":{"podIP":7}})").error().message,
              HasSubstr("status.podIP"));
}

}  // namespace
}  // namespace podcron::api
