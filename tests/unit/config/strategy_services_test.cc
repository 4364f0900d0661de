// Goal: the file of strategy services means what it says, and what is wrong in it is named with its
// place, what was got and what is wanted. Method: files as administrators write them, good and bad.
#include "controller/config/strategy_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/config/temporary_directory.h"

namespace podcron::config {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StrategyServicesTest : public ::testing::Test {
 protected:
  Result<std::vector<StrategyService>> read(const std::string& text) {
    return read_strategy_services(directory_.write("services.yaml", text));
  }
  std::string error_of(const std::string& text) {
    const auto result = read(text);
    return result ? "no error" : result.error().message;
  }
  TemporaryDirectory directory_;
};

TEST_F(StrategyServicesTest, EveryKeyMeansWhatItSays) {
  directory_.write("ca.crt", "PEM");
  const auto services = read(
      "services:\n"
      "- {name: quiet, url: \"https://quiet.ops.svc:8443/v1/choose\", caFile: ca.crt,\n"
      "   serverName: quiet, tokenFile: token, timeoutSeconds: 3}\n"
      "- {name: other, url: \"https://10.0.0.1\", ca: TEXT}\n");
  ASSERT_TRUE(services) << services.error().message;
  ASSERT_EQ(services->size(), 2U);
  const StrategyService& quiet = services->at(0);
  EXPECT_EQ(quiet.name, "quiet");
  EXPECT_EQ(quiet.access.host, "quiet.ops.svc");
  EXPECT_EQ(quiet.access.port, 8443);
  EXPECT_EQ(quiet.access.path_prefix, "");
  EXPECT_EQ(quiet.path, "/v1/choose");
  EXPECT_EQ(quiet.access.verified_name(), "quiet");
  EXPECT_EQ(quiet.access.ca.path, directory_.path() + "/ca.crt");
  EXPECT_EQ(quiet.access.token_file, directory_.path() + "/token");
  EXPECT_EQ(quiet.timeout, Seconds{3});
  const StrategyService& other = services->at(1);
  EXPECT_EQ(other.path, "/");
  EXPECT_EQ(other.access.port, 443);
  EXPECT_EQ(other.access.ca.text, "TEXT");
  EXPECT_EQ(other.timeout, Seconds{30});
  EXPECT_THAT(other.access.origin, EndsWith("services.yaml: services[1]"));
}

TEST_F(StrategyServicesTest, WhatIsWrongIsNamedWithItsPlace) {
  const auto entry = [](const std::string& fields) { return "services:\n- {" + fields + "}\n"; };
  const std::string good = "name: quiet, url: \"https://x\"";
  const std::pair<std::string, std::string> kCases[] = {
      {"[]", "wanted a map with the one key services, a list"},
      {"services: {}", "wanted a map with the one key services, a list"},
      {"services: []\nmore: 1", "wanted a map with the one key services, a list"},
      {"services: [1]", "services[0]: got no map, wanted one with name and url"},
      {entry("url: \"https://x\""), "services[0]: name: got \"\", wanted lowercase letters"},
      {entry("name: Quiet, url: \"https://x\""), "services[0]: name: got \"Quiet\""},
      {entry("name: quiet"), "services[0]: url: \"\" is not an https:// URL"},
      {entry("name: quiet, url: \"http://127.0.0.1:1\""),
       "services[0]: url: \"http://127.0.0.1:1\" is not an https:// URL"},
      {entry(good + ", failurePolicy: Random"),
       "services[0]: got the key \"failurePolicy\", wanted one of name, url, caFile"},
      {entry(good + ", caFile: [a]"), "services[0]: caFile: got no text, wanted one"},
      {entry(good + ", caFile: gone.crt"), "gone.crt: No such file"},
      {entry(good + ", caFile: a, ca: b"), "got both ca and caFile, wanted one of them"},
      {entry(good + ", timeoutSeconds: 31"),
       "timeoutSeconds: got \"31\", wanted a whole number from 1 to 30"},
      {entry(good + ", timeoutSeconds: 1.5"), "timeoutSeconds: got \"1.5\""},
      {entry(good) + "- {" + good + "}\n", "services[1]: name: \"quiet\" stands there twice"},
      {"services: [", "services.yaml:"},
  };
  for (const auto& [text, words] : kCases) {
    EXPECT_THAT(error_of(text), HasSubstr(words)) << text;
    EXPECT_THAT(error_of(text), StartsWith(directory_.path())) << text;
  }
}

TEST_F(StrategyServicesTest, AFileThatIsNotThereIsNamed) {
  const auto result = read_strategy_services(directory_.path() + "/gone.yaml");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("gone.yaml: No such file"));
}

}  // namespace
}  // namespace podcron::config
