// Goal: whatever a kubeconfig says, podcron either reaches exactly the cluster and user that
// kubectl would, or says which place in the file stands in the way.
#include "controller/config/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/temporary_directory.h"

namespace podcron::config {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTwoContexts = R"(
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: east, user: anna}
- name: two
  context: {cluster: west, user: ben, namespace: shop}
clusters:
- name: east
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority: pki/ca.crt
- name: west
  cluster:
    server: https://[::1]:7443/k8s/clusters/c-1/
    certificate-authority-data: Q0E=
    tls-server-name: kubernetes.default
users:
- name: anna
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
- name: ben
  user: {token: secret}
)";

class KubeconfigTest : public ::testing::Test {
 protected:
  Result<ClusterAccess> read(const std::string& text, const std::string& context = "") {
    directory_.write("pki/ca.crt", "CA");
    return read_kubeconfig(directory_.write("config", text), context);
  }
  /// A kubeconfig with one context whose cluster and user have these bodies.
  Result<ClusterAccess> read_pair(const std::string& cluster, const std::string& user) {
    return read(
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: " +
        cluster +
        "}]\n"
        "users: [{name: u, user: " +
        user + "}]\n");
  }
  std::string error_of(const Result<ClusterAccess>& result) {
    return result ? "no error" : result.error().message;
  }
  TemporaryDirectory directory_;
};

TEST_F(KubeconfigTest, CurrentContextDecidesUnlessAnotherIsNamed) {
  const auto one = read(kTwoContexts);
  ASSERT_TRUE(one) << error_of(one);
  EXPECT_EQ(one->host, "127.0.0.1");
  EXPECT_EQ(one->port, 6443);
  EXPECT_EQ(one->client_certificate.text, "CERT");
  EXPECT_EQ(one->client_key.text, "KEY");

  const auto two = read(kTwoContexts, "two");
  ASSERT_TRUE(two) << error_of(two);
  EXPECT_EQ(two->authority(), "[::1]:7443");
  EXPECT_EQ(two->path_prefix, "/k8s/clusters/c-1");
  EXPECT_EQ(two->verified_name(), "kubernetes.default");
  EXPECT_EQ(two->ca.text, "CA");
  EXPECT_EQ(two->token, "secret");
}

TEST_F(KubeconfigTest, RelativePathsStartAtTheFile) {
  const auto access = read(kTwoContexts);
  ASSERT_TRUE(access) << error_of(access);
  EXPECT_EQ(access->ca.path, directory_.path() + "/pki/ca.crt");
}

TEST_F(KubeconfigTest, AMissingNameIsToldTogetherWithThoseThatExist) {
  EXPECT_THAT(error_of(read(kTwoContexts, "three")),
              HasSubstr("config: contexts: no \"three\"; there is: one, two"));
}

TEST_F(KubeconfigTest, WhatIsNotYamlIsToldWithLineAndColumn) {
  EXPECT_THAT(error_of(read("contexts: [")), HasSubstr("config:"));
  EXPECT_THAT(error_of(read("contexts: [")), HasSubstr("not YAML"));
  EXPECT_THAT(error_of(read("just text")), HasSubstr("not a map"));
  EXPECT_THAT(error_of(read("")), HasSubstr("not a map"));
  EXPECT_THAT(error_of(read("current-context: [a]")), HasSubstr("current-context is not a text"));
  EXPECT_THAT(error_of(read("{}")), HasSubstr("no current-context"));
}

TEST_F(KubeconfigTest, AMissingFileIsNamed) {
  const auto missing = read_kubeconfig(directory_.path() + "/none", "");
  EXPECT_THAT(error_of(missing), HasSubstr("/none: No such file"));
}

TEST_F(KubeconfigTest, WhatWouldWeakenOrNeedMoreIsRefusedByName) {
  const std::string https = "{server: \"https://h:1\"}";
  EXPECT_THAT(error_of(read_pair("{server: \"http://h:1\"}", "{token: t}")), HasSubstr("https"));
  EXPECT_THAT(
      error_of(read_pair("{server: \"https://h:1\", insecure-skip-tls-verify: true}", "{}")),
      HasSubstr("clusters[k].cluster: insecure-skip-tls-verify is not supported"));
  EXPECT_THAT(error_of(read_pair(https, "{exec: {command: aws}}")),
              HasSubstr("users[u].user: exec is not supported"));
  EXPECT_THAT(error_of(read_pair(https, "{auth-provider: {name: gcp}}")),
              HasSubstr("auth-provider is not supported"));
  EXPECT_THAT(error_of(read_pair(https, "{username: a, password: b}")),
              HasSubstr("username is not supported"));
  EXPECT_THAT(error_of(read_pair(https, "{client-certificate-data: Q0E=}")),
              HasSubstr("need each other"));
  EXPECT_TRUE(read_pair("{server: \"https://h:1\", insecure-skip-tls-verify: false}", "{}"));
}

TEST_F(KubeconfigTest, DataThatIsNotBase64IsToldWithItsKey) {
  EXPECT_THAT(
      error_of(read_pair("{server: \"https://h:1\", certificate-authority-data: \"a?\"}", "{}")),
      HasSubstr("clusters[k].cluster: certificate-authority-data: not base64"));
}

TEST(Base64Test, DecodesTheVectorsOfRfc4648) {
  EXPECT_EQ(decode_base64("").value(), "");
  EXPECT_EQ(decode_base64("Zg==").value(), "f");
  EXPECT_EQ(decode_base64("Zm8=").value(), "fo");
  EXPECT_EQ(decode_base64("Zm9v\nYmFy\n").value(), "foobar");
  EXPECT_EQ(decode_base64("+/+/").value(), "\xfb\xff\xbf");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Z===", "Zg==Zg==", "Z-_="}) {
    EXPECT_FALSE(decode_base64(wrong)) << wrong;
  }
}

TEST(ServerUrlTest, IsHttpsHostPortAndPrefix) {
  ClusterAccess access;
  ASSERT_TRUE(set_server(access, "https://api.example.com"));
  EXPECT_EQ(access.authority(), "api.example.com:443");
  ASSERT_TRUE(set_server(access, "https://api.example.com:8443/"));
  EXPECT_EQ(access.authority(), "api.example.com:8443");
  EXPECT_EQ(access.path_prefix, "");
  for (const char* wrong :
       {"", "https://", "https://:1", "https://h:0", "https://h:70000", "https://h:x",
        "https://u@h:1", "https://h:1?q", "https://::1:1", "https://h:1/a b"}) {
    EXPECT_FALSE(set_server(access, wrong)) << wrong;
  }
}

}  // namespace
}  // namespace podcron::config
