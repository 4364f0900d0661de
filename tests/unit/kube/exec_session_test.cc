// Goal: the report of an exec says what was seen on the wire, and never more.
// Method: each test plays the frames of one exchange.
#include "kube/exec_session.h"

#include <gtest/gtest.h>

#include "api/kube_status.h"
#include "base/prng.h"

namespace podcron::kube {
namespace {

using api::ExecEnd;

ExecSession open_session() {
  ExecSession session;
  session.on_handshake(101, kExecSubprotocol, "");
  session.on_message(std::string_view("\x01", 1));
  return session;
}

std::string frame(char channel, std::string_view payload) {
  return std::string(1, channel) + std::string(payload);
}

TEST(ExecSession, AWholeExchangeHasStatusAndOutput) {
  auto session = open_session();
  session.on_message(frame(1, "out "));
  session.on_message(frame(2, "err "));
  session.on_message(frame(1, "more"));
  session.on_message(frame(3, R"({"status":)"));
  session.on_message(frame(3, R"("Success"})"));
  EXPECT_FALSE(session.ended());
  session.on_closed();
  ASSERT_TRUE(session.ended());
  const auto report = session.take_report();
  EXPECT_EQ(report.end, ExecEnd::kClosed);
  EXPECT_EQ(report.subprotocol, kExecSubprotocol);
  EXPECT_EQ(report.http_status, 101);
  EXPECT_EQ(report.status_json, R"({"status":"Success"})");
  EXPECT_EQ(report.tail, "out err more");
  EXPECT_EQ(report.output_bytes, 12u);
}

TEST(ExecSession, AnotherSubprotocolIsLostBecauseItMayHaveStarted) {
  for (const std::string_view subprotocol : {"", "v5.channel.k8s.io", "V4.channel.k8s.io"}) {
    ExecSession session;
    session.on_handshake(101, subprotocol, "");
    ASSERT_TRUE(session.ended());
    const auto report = session.take_report();
    EXPECT_EQ(report.end, ExecEnd::kLost);
    EXPECT_EQ(report.subprotocol, subprotocol);
    EXPECT_FALSE(report.error.empty());
  }
}

TEST(ExecSession, ARefusalKeepsItsBody) {
  ExecSession session;
  session.on_handshake(403, "", std::string(10'000, 'x'));
  const auto report = session.take_report();
  EXPECT_EQ(report.end, ExecEnd::kRefused);
  EXPECT_EQ(report.http_status, 403);
  EXPECT_EQ(report.http_body.size(), api::kExecHttpBodyBytesMax);
}

TEST(ExecSession, NotConnectedOnlyWhenNothingLeft) {
  ExecSession unsent;
  unsent.on_failed(false, "connection refused");
  EXPECT_EQ(unsent.take_report().end, ExecEnd::kNotConnected);
  ExecSession sent;
  sent.on_failed(true, "connection reset");
  const auto report = sent.take_report();
  EXPECT_EQ(report.end, ExecEnd::kLost);
  EXPECT_EQ(report.error, "connection reset");
  auto open = open_session();
  open.on_failed(false, "broken pipe");
  EXPECT_EQ(open.take_report().end, ExecEnd::kLost);
}

TEST(ExecSession, ACloseWithoutAHandshakeIsLost) {
  ExecSession session;
  session.on_closed();
  EXPECT_EQ(session.take_report().end, ExecEnd::kLost);
}

TEST(ExecSession, CancelledKeepsWhatWasSeen) {
  auto session = open_session();
  session.on_message(frame(1, "half"));
  session.on_cancelled();
  const auto report = session.take_report();
  EXPECT_EQ(report.end, ExecEnd::kCancelled);
  EXPECT_EQ(report.tail, "half");
}

TEST(ExecSession, NothingCountsAfterTheEnd) {
  auto session = open_session();
  session.on_closed();
  session.on_message(frame(3, R"({"status":"Success"})"));
  session.on_failed(true, "late");
  session.on_cancelled();
  session.on_handshake(403, "", "late");
  const auto report = session.take_report();
  EXPECT_EQ(report.end, ExecEnd::kClosed);
  EXPECT_EQ(report.status_json, "");
  EXPECT_EQ(report.error, "");
}

TEST(ExecSession, EmptyMessagesAndUnknownChannelsAreIgnored) {
  auto session = open_session();
  session.on_message("");
  session.on_message(frame(0, "stdin"));
  session.on_message(frame(4, "resize"));
  session.on_message(frame('\xff', "close"));
  session.on_message(frame(1, ""));
  session.on_closed();
  const auto report = session.take_report();
  EXPECT_EQ(report.tail, "");
  EXPECT_EQ(report.status_json, "");
  EXPECT_EQ(report.output_bytes, 0u);
}

TEST(ExecSession, FramesBeforeTheHandshakeAreIgnored) {
  ExecSession session;
  session.on_message(frame(3, R"({"status":"Success"})"));
  session.on_failed(true, "x");
  EXPECT_EQ(session.take_report().status_json, "");
}

TEST(ExecSession, AStatusTooLongToKeepIsUnreadable) {
  // Also when what was kept of it reads Success.
  for (const std::size_t blanks : {api::kExecStatusBytesMax, std::size_t{100}}) {
    auto session = open_session();
    session.on_message(frame(3, R"({"status":"Success"})"));
    for (std::size_t left = 2 * api::kExecStatusBytesMax; left > 0;) {
      const auto size = std::min(left, blanks);
      session.on_message(frame(3, std::string(size, ' ')));
      left -= size;
    }
    session.on_closed();
    const auto report = session.take_report();
    EXPECT_LE(report.status_json.size(), api::kExecStatusBytesMax);
    EXPECT_FALSE(api::decode_status(report.status_json));
  }
}

TEST(ExecSession, TheTailIsTheEndOfTheOutput) {
  Prng prng(1);
  for (int round = 0; round < 200; ++round) {
    auto session = open_session();
    std::string all;
    for (auto left = prng.below(60); left > 0; --left) {
      std::string payload;
      for (auto bytes = prng.chance(50) ? prng.below(6000) : prng.below(300); bytes > 0; --bytes) {
        payload += static_cast<char>('a' + prng.below(26));
      }
      session.on_message(frame(prng.chance(500) ? 1 : 2, payload));
      all += payload;
    }
    session.on_closed();
    const auto report = session.take_report();
    const auto kept = std::min(all.size(), kOutputTailBytesMax);
    EXPECT_EQ(report.tail, all.substr(all.size() - kept));
    EXPECT_EQ(report.output_bytes, all.size());
  }
}

TEST(ExecSession, AFloodTakesNoMemory) {
  auto session = open_session();
  const std::string megabyte = frame(1, std::string(1 << 20, 'x'));
  for (int i = 0; i < 100; ++i) session.on_message(megabyte);
  session.on_closed();
  const auto report = session.take_report();
  EXPECT_EQ(report.tail.size(), kOutputTailBytesMax);
  EXPECT_EQ(report.output_bytes, 100u << 20);
}

}  // namespace
}  // namespace podcron::kube
