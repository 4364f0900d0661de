// Goal: labels match as in Kubernetes.
// Method: each requirement against labels that have, lack or differ in the key.
#include "api/label_selector.h"

#include <gtest/gtest.h>

namespace podcron::api {
namespace {

const StringMap kLabels{{"app", "shop"}, {"empty", ""}, {"tier", "web"}};

bool matches(std::string_view selector) {
  const auto parsed = parse_selector(selector);
  EXPECT_TRUE(parsed) << selector;
  return parsed && parsed->matches(kLabels);
}

TEST(LabelSelector, EachOperatorMatchesAsInKubernetes) {
  EXPECT_TRUE(matches("app=shop"));
  EXPECT_TRUE(matches("app==shop"));
  EXPECT_FALSE(matches("app=other"));
  EXPECT_FALSE(matches("absent=shop"));
  EXPECT_TRUE(matches("empty="));
  EXPECT_FALSE(matches("absent="));
  EXPECT_TRUE(matches("app!=other"));
  EXPECT_FALSE(matches("app!=shop"));
  EXPECT_TRUE(matches("absent!=shop"));
  EXPECT_TRUE(matches("tier in (api,web)"));
  EXPECT_FALSE(matches("tier in (api)"));
  EXPECT_FALSE(matches("absent in (api)"));
  EXPECT_TRUE(matches("tier notin (api)"));
  EXPECT_FALSE(matches("tier notin (api,web)"));
  EXPECT_TRUE(matches("absent notin (api)"));
  EXPECT_TRUE(matches("tier"));
  EXPECT_FALSE(matches("absent"));
  EXPECT_TRUE(matches("!absent"));
  EXPECT_FALSE(matches("!tier"));
}

TEST(LabelSelector, AllRequirementsMustHold) {
  EXPECT_TRUE(matches("app=shop,tier in (web,api),!canary"));
  EXPECT_FALSE(matches("app=shop,tier in (web,api),canary"));
  EXPECT_TRUE(matches(""));
}

TEST(LabelSelector, TextFormsComeBackTheSame) {
  for (const std::string text :
       {"app=shop", "app!=shop", "tier in (api,web)", "tier notin (api,web)", "canary", "!canary",
        "podcron.dev/serving=true,tier in (api,web),!canary", "empty=", ""}) {
    const auto parsed = parse_selector(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_query(), text);
  }
}

TEST(LabelSelector, BlanksAndTheOrderOfASetDoNotMatter) {
  EXPECT_EQ(parse_selector("  app = shop , tier  in ( web , api , web ) , ! x ").value(),
            parse_selector("app=shop,tier in(api,web),!x").value());
}

TEST(LabelSelector, WhatIsWrongIsQuoted) {
  for (const std::string text :
       {",", "app=shop,", ",app", "=x", "app=a b", "tier in", "tier in web", "tier in (web",
        "tier near (web)", "app>1", "!", "-app", "app/", "/app", "a/b/c", "UPPER/x", "x=-y",
        "app=shop tier=web", "app in ()extra"}) {
    const auto parsed = parse_selector(text);
    EXPECT_FALSE(parsed) << text;
    if (!parsed) {
      EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(parsed.error().message.find("label selector: \""), 0u) << parsed.error().message;
    }
  }
  EXPECT_FALSE(parse_selector(std::string(64, 'a')));
  EXPECT_TRUE(parse_selector(std::string(63, 'a')));
}

TEST(FindValue, FindsOnlyWhatIsThere) {
  ASSERT_NE(find_value(kLabels, "tier"), nullptr);
  EXPECT_EQ(*find_value(kLabels, "tier"), "web");
  EXPECT_EQ(find_value(kLabels, "a"), nullptr);
  EXPECT_EQ(find_value(kLabels, "b"), nullptr);
  EXPECT_EQ(find_value(kLabels, "z"), nullptr);
  EXPECT_EQ(find_value({}, "a"), nullptr);
}

}  // namespace
}  // namespace podcron::api
