// Goal: rotated tokens and certificates are used without a restart, and half-written ones do no
// harm.
#include "controller/net/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/temporary_directory.h"
#include "unit/net/tls_server.h"

namespace podcron::net {
namespace {

using ::testing::HasSubstr;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    access_.host = "127.0.0.1";
    access_.ca.path = directory_.write("ca.crt", pki_.ca_pem);
    access_.token_file = directory_.write("token", "first\n");
    access_.origin = "in-cluster";
  }
  std::shared_ptr<Credentials> load() {
    auto credentials =
        Credentials::load(access_, [this](const Error& error) { problem_ = error.message; });
    EXPECT_TRUE(credentials) << credentials.error().message;
    return *credentials;
  }
  std::string load_error() {
    const auto credentials = Credentials::load(access_, nullptr);
    return credentials ? "no error" : credentials.error().message;
  }
  TemporaryDirectory directory_;
  TestPki pki_ = make_pki();
  config::ClusterAccess access_;
  std::string problem_;
};

TEST_F(CredentialsTest, AChangedTokenIsUsedAfterTheNextLook) {
  const auto credentials = load();
  EXPECT_EQ(credentials->authorization(), "Bearer first");
  directory_.write("token", "second-one");
  EXPECT_EQ(credentials->authorization(), "Bearer first");  // not looked at yet
  credentials->suspect();                                   // what a 401 does
  EXPECT_EQ(credentials->authorization(), "Bearer second-one");
  EXPECT_EQ(problem_, "");
}

TEST_F(CredentialsTest, FilesThatCannotBeUsedLeaveTheOldOnesInUse) {
  const auto credentials = load();
  const auto material = credentials->material();
  directory_.write("ca.crt", "-----BEGIN CERTIFICATE-----\nhalf");
  credentials->suspect();
  EXPECT_EQ(credentials->material(), material);
  EXPECT_THAT(problem_, HasSubstr("no usable PEM certificate"));

  directory_.write("ca.crt", make_pki().ca_pem);
  credentials->suspect();
  EXPECT_NE(credentials->material(), material);
}

TEST_F(CredentialsTest, WhatIsWrongIsNamed) {
  directory_.write("token", " \n");
  EXPECT_THAT(load_error(), HasSubstr("in-cluster: token file: "));
  EXPECT_THAT(load_error(), HasSubstr("/token: empty"));
  directory_.write("token", "a\nb");
  EXPECT_THAT(load_error(), HasSubstr("blank or control character"));
  directory_.write("token", "t");
  access_.client_certificate.text = pki_.certificate_pem;
  access_.client_key.text = "no key";
  EXPECT_THAT(load_error(), HasSubstr("client-key-data: no usable PEM private key"));
  access_.client_key.text = make_pki().key_pem;
  EXPECT_THAT(load_error(), HasSubstr("client-certificate and client-key: "));
  access_.client_key.text = pki_.key_pem;
  EXPECT_EQ(load_error(), "no error");
  access_.ca.path = directory_.path() + "/none";
  EXPECT_THAT(load_error(), HasSubstr("/none: No such file"));
}

}  // namespace
}  // namespace podcron::net
