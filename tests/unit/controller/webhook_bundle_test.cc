// Goal: whoever answers is trusted, nobody's certificate is lost to another replica's write, and
// the bundle does not grow for ever.
#include "controller/inbound/webhook_bundle.h"

#include <gtest/gtest.h>

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "controller/config/kubeconfig.h"

namespace podcron::inbound {
namespace {

constexpr WallTime kNow{Seconds{1'800'000'000}};

BundleEntry entry(const std::string& owner, const std::string& text, Seconds left = Seconds{100}) {
  return {owner, kNow + left,
          fmt::format("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", text)};
}

std::string bundle_in(const std::string& configuration) {
  const auto json = nlohmann::json::parse(configuration);
  std::string first;
  for (const auto& webhook : json["webhooks"]) {
    const auto text = config::decode_base64(webhook["clientConfig"]["caBundle"].get<std::string>());
    EXPECT_TRUE(first.empty() || first == *text) << "every webhook has the same";
    first = *text;
  }
  return first;
}

/// The configuration after the entries of each call were put in, one call after another.
std::string put(std::string configuration, const std::vector<BundleEntry>& ours, WallTime now) {
  auto changed = with_certificates(configuration, ours, now);
  EXPECT_TRUE(changed) << changed.error().message;
  return changed && *changed ? **changed : configuration;
}

const std::string kBare =
    R"({"metadata":{"name":"x","resourceVersion":"7"},"webhooks":[{"name":"a","clientConfig":)"
    R"({"url":"https://a/sessions"}},{"name":"b","clientConfig":{"service":{"name":"s"}}}]})";

TEST(WebhookBundle, EveryReplicaIsInIt) {
  auto configuration = put(kBare, {entry("a_1", "AAAA")}, kNow);
  configuration = put(configuration, {entry("b_2", "BBBB")}, kNow);
  EXPECT_EQ(
      bundle_in(configuration),
      fmt::format("# podcron a_1 until {0}\n{1}# podcron b_2 until {0}\n{2}",
                  to_rfc3339(kNow + Seconds{100}), entry("", "AAAA").pem, entry("", "BBBB").pem));
  EXPECT_EQ(nlohmann::json::parse(configuration)["metadata"]["resourceVersion"], "7")
      << "the write is refused if somebody else wrote meanwhile";
}

TEST(WebhookBundle, WhatIsThereIsNotWrittenAgain) {
  const std::array ours{entry("a_1", "AAAA")};
  const auto configuration = put(kBare, {ours[0]}, kNow);
  const auto again = with_certificates(configuration, ours, kNow);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->has_value());
}

TEST(WebhookBundle, WhatIsOverGoesAndWhatIsForeignStays) {
  // "-----BEGIN CERTIFICATE-----\nADMN\n-----END CERTIFICATE-----\n", as an administrator adds one.
  constexpr const char* kForeign =
      "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFETU4KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
  auto json = nlohmann::json::parse(kBare);
  for (auto& webhook : json["webhooks"]) webhook["clientConfig"]["caBundle"] = kForeign;
  const auto first = put(json.dump(), {entry("old_1", "AAAA", Seconds{10})}, kNow);
  EXPECT_NE(bundle_in(first).find("AAAA"), std::string::npos);
  const auto later = put(first, {entry("new_2", "BBBB")}, kNow + Seconds{11});
  EXPECT_EQ(bundle_in(later).find("AAAA"), std::string::npos);
  EXPECT_NE(bundle_in(later).find("BBBB"), std::string::npos);
  EXPECT_TRUE(bundle_in(later).starts_with(entry("", "ADMN").pem));
}

TEST(WebhookBundle, GarbageIsReplacedAndAWrongObjectIsRefused) {
  auto json = nlohmann::json::parse(kBare);
  json["webhooks"][0]["clientConfig"]["caBundle"] = "no base64!";
  EXPECT_NE(bundle_in(put(json.dump(), {entry("a_1", "AAAA")}, kNow)).find("AAAA"),
            std::string::npos);
  const std::array ours{entry("a_1", "AAAA")};
  for (const char* wrong : {"", "{}", "[]", R"({"webhooks":7})", R"({"webhooks":[7]})",
                            R"({"webhooks":[{"clientConfig":[]}]})"}) {
    EXPECT_FALSE(with_certificates(wrong, ours, kNow)) << wrong;
  }
}

TEST(WebhookBundle, IsBoundedAndNeverLosesOurs) {
  std::string configuration = kBare;
  for (int i = 0; i < 100; ++i) {
    configuration =
        put(configuration,
            {entry(fmt::format("p_{}", i), fmt::format("C{:03}", i), Seconds{1000 + i})}, kNow);
  }
  configuration = put(configuration, {entry("ours", "OURS", Seconds{1})}, kNow);
  const std::string text = bundle_in(configuration);
  std::size_t count = 0;
  for (auto at = text.find("BEGIN"); at != std::string::npos; at = text.find("BEGIN", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, kBundleEntriesMax);
  EXPECT_NE(text.find("OURS"), std::string::npos);
  EXPECT_NE(text.find("C099"), std::string::npos);
  EXPECT_EQ(text.find("C000"), std::string::npos);
}

TEST(WebhookBundle, AReplicaThatIsRestartedAgainAndAgainPushesNobodyElseOut) {
  std::string configuration = put(kBare, {entry("healthy_1", "GOOD", Seconds{1})}, kNow);
  for (int i = 0; i < 200; ++i) {
    configuration =
        put(configuration,
            {entry(fmt::format("ill_{}", i), fmt::format("C{:03}", i), Seconds{100 + i})}, kNow);
  }
  EXPECT_NE(bundle_in(configuration).find("GOOD"), std::string::npos);
  EXPECT_NE(bundle_in(configuration).find("C199"), std::string::npos);
}

TEST(WebhookBundle, WhatIsForeignNeedNotEndInALineBreak) {
  auto json = nlohmann::json::parse(kBare);
  // "-----BEGIN CERTIFICATE-----\nADMN\n-----END CERTIFICATE-----"
  constexpr const char* kForeign =
      "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFETU4KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQ==";
  for (auto& webhook : json["webhooks"]) webhook["clientConfig"]["caBundle"] = kForeign;
  const auto text = bundle_in(put(json.dump(), {entry("a_1", "AAAA")}, kNow));
  EXPECT_NE(text.find("-----END CERTIFICATE-----\n# podcron"), std::string::npos) << text;
}

}  // namespace
}  // namespace podcron::inbound
