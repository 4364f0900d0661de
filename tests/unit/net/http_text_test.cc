// Goal: the two header fields that we act on are understood, and nothing else is made of them.
#include "controller/net/http_text.h"

#include <gtest/gtest.h>

namespace podcron::net {
namespace {

TEST(HttpTextTest, RetryAfterIsSecondsOrADateBesideTheAnswersOwn) {
  constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(make_head(429, kDate, "5").retry_after, Millis(5000));
  EXPECT_EQ(make_head(429, "", "0").retry_after, Millis(0));
  EXPECT_EQ(make_head(503, kDate, "Sun, 06 Nov 1994 08:49:47 GMT").retry_after, Millis(10'000));
  EXPECT_EQ(make_head(503, kDate, "Sun, 06 Nov 1994 08:49:07 GMT").retry_after, Millis(0));
  EXPECT_EQ(make_head(503, "", "Sun, 06 Nov 1994 08:49:47 GMT").retry_after, std::nullopt);
  EXPECT_EQ(make_head(503, kDate, "soon").retry_after, std::nullopt);
  EXPECT_EQ(make_head(200, kDate, "").retry_after, std::nullopt);
}

TEST(HttpTextTest, RetryAfterIsAtMostAnHour) {
  EXPECT_EQ(make_head(429, "", "999999999").retry_after, Millis(3'600'000));
  EXPECT_EQ(make_head(429, "", "99999999999999999999").retry_after, std::nullopt);
}

TEST(HttpTextTest, ADateThatIsNoneIsAbsent) {
  EXPECT_FALSE(make_head(200, "yesterday", "").date);
  EXPECT_FALSE(make_head(200, "", "").date);
}

TEST(HttpTextTest, AGetHasNoBodyAndNoLength) {
  config::ClusterAccess access;
  access.host = "::1";
  access.port = 6443;
  const auto text = render_request(access, {engine::Method::kGet, "/version", "", ""});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "GET /version HTTP/1.1\r\nHost: [::1]:6443\r\nUser-Agent: " + user_agent() +
                       "\r\nAccept: application/json\r\n\r\n");
}

}  // namespace
}  // namespace podcron::net
