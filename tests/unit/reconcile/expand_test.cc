// Goal: $(PODCRON_...) expands as Kubernetes expands $(VAR) in a command.
#include "reconcile/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podcron::reconcile {
namespace {

const RunIdentity kIdentity{"digest-60-abcde", WallTime{Seconds{60}}, 2, "web-1", 3, "shop/digest"};

TEST(Expand, KnownNamesAreReplaced) {
  EXPECT_EQ(expand("--id=$(PODCRON_RUN_ID)/$(PODCRON_TARGET_INDEX)", kIdentity),
            "--id=digest-60-abcde/3");
  EXPECT_EQ(expand("$(PODCRON_SCHEDULED_TIME) $(PODCRON_ATTEMPT) $(PODCRON_POD_NAME)", kIdentity),
            "1970-01-01T00:01:00Z 2 web-1");
}

TEST(Expand, TwoDollarsEscape) {
  EXPECT_EQ(expand("$$(PODCRON_RUN_ID)", kIdentity), "$(PODCRON_RUN_ID)");
  EXPECT_EQ(expand("a$$b", kIdentity), "a$b");
}

TEST(Expand, OtherNamesAndStrayDollarsStay) {
  EXPECT_EQ(expand("$(HOME) $HOME $( $", kIdentity), "$(HOME) $HOME $( $");
}

TEST(Expand, NothingIsExpandedTwice) {
  RunIdentity tricky = kIdentity;
  tricky.pod_name = "$(PODCRON_RUN_ID)";
  EXPECT_EQ(expand("$(PODCRON_POD_NAME)", tricky), "$(PODCRON_RUN_ID)");
}

TEST(Argv, TheIdentityStandsBehindTheUsersEnvSoThatItWins) {
  api::ExecSpec exec;
  exec.command = {"run", "$(PODCRON_RUN_ID)"};
  exec.env = {{"MODE", "fast"}, {"PODCRON_RUN_ID", "forged"}};
  const auto argv = argv_of(exec, kIdentity, true);
  ASSERT_EQ(argv.front(), "env");
  EXPECT_EQ(argv[1], "MODE=fast");
  const auto forged = std::find(argv.begin(), argv.end(), "PODCRON_RUN_ID=forged");
  const auto real = std::find(argv.begin(), argv.end(), "PODCRON_RUN_ID=digest-60-abcde");
  EXPECT_LT(forged, real);
  EXPECT_EQ(argv.back(), "digest-60-abcde");
  EXPECT_EQ(argv_of(exec, kIdentity, false), (std::vector<std::string>{"run", "digest-60-abcde"}));
}

TEST(HttpText, PathHeadersAndBodyAreExpandedAndTheIdentityFollows) {
  api::HttpSpec http;
  http.path = "/run/$(PODCRON_RUN_ID)";
  http.headers = {{"X-Pod", "$(PODCRON_POD_NAME)"}, {"X-$(PODCRON_ATTEMPT)", "$$(x)"}};
  http.body = "{\"attempt\": $(PODCRON_ATTEMPT)}";
  const HttpText text = http_text_of(http, kIdentity);
  EXPECT_EQ(text.path, "/run/digest-60-abcde");
  EXPECT_EQ(text.body, "{\"attempt\": 2}");
  using ::testing::Pair;
  EXPECT_THAT(text.headers,
              ::testing::ElementsAre(Pair("X-Pod", "web-1"), Pair("X-$(PODCRON_ATTEMPT)", "$(x)"),
                                     Pair("Idempotency-Key", "digest-60-abcde/3"),
                                     Pair("Podcron-Job", "shop/digest"),
                                     Pair("Podcron-Scheduled-Time", "1970-01-01T00:01:00Z"),
                                     Pair("Podcron-Attempt", "2")));
}

TEST(HttpText, TheIdempotencyKeyIsTheSameOverAttemptsAndPods) {
  RunIdentity again = kIdentity;
  again.attempt = 3;
  again.pod_name = "web-2";
  const auto key = [](const RunIdentity& identity) {
    return http_text_of(api::HttpSpec{}, identity).headers.front();
  };
  EXPECT_EQ(key(again), key(kIdentity));
}

TEST(HttpText, AProbeCarriesNoRunsIdentity) {
  api::HttpSpec http;
  http.path = "/$(PODCRON_RUN_ID)";
  const HttpText text = http_text_of_probe(http);
  EXPECT_EQ(text.path, "/$(PODCRON_RUN_ID)");
  EXPECT_TRUE(text.headers.empty());
}

}  // namespace
}  // namespace podcron::reconcile
