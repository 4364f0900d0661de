// Goal: an exec report says what came over the wire, whatever the other side does.
// Method: WebSocket frames written byte by byte by the test's server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <atomic>
#include <map>

#include <fmt/format.h>

#include "kube/output_tail.h"
#include "unit/net/net_fixture.h"

namespace podcron::net {
namespace {

using api::ExecEnd;
using ::testing::HasSubstr;

constexpr unsigned char kBinary = 0x2;
constexpr unsigned char kContinuation = 0x0;
constexpr unsigned char kClose = 0x8;
constexpr unsigned char kPing = 0x9;
constexpr unsigned char kPong = 0xa;

/// A frame of a server: not masked (RFC 6455 section 5.2).
std::string frame(unsigned char opcode, std::string_view payload, bool final = true) {
  std::string bytes(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  const std::size_t size = payload.size();
  if (size < 126) {
    bytes += static_cast<char>(size);
  } else if (size < 65536) {
    bytes += static_cast<char>(126);
    bytes += static_cast<char>(size >> 8);
    bytes += static_cast<char>(size & 0xff);
  } else {
    bytes += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((size >> shift) & 0xff);
  }
  return bytes.append(payload);
}
std::string message(int channel, std::string_view payload) {
  return frame(kBinary, std::string(1, static_cast<char>(channel)).append(payload));
}
std::string goodbye() { return frame(kClose, std::string("\x03\xe8", 2)); }

/// RFC 6455 section 4.2.2.
std::string accept_key(const std::string& request) {
  const std::size_t at = request.find("Sec-WebSocket-Key: ") + 19;
  const std::string key =
      request.substr(at, request.find('\r', at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[20];
  EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_sha1(), nullptr);
  unsigned char text[32];
  EVP_EncodeBlock(text, digest, sizeof digest);
  return reinterpret_cast<char*>(text);
}

void upgrade(Peer& peer, const std::string& request,
             const std::string& protocol = "v4.channel.k8s.io") {
  peer.write(fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n{}\r\n",
      accept_key(request), protocol.empty() ? "" : "Sec-WebSocket-Protocol: " + protocol + "\r\n"));
}

class ExecDialerTest : public ::testing::Test {
 protected:
  struct Seen {
    int started = 0;
    std::map<CallId, api::ExecReport> ended;
  };

  void connect(const TlsServer& server, ExecLimits limits = {}) {
    dialer_ = make_beast_exec(io_, credentials_for(server), limits);
  }
  ~ExecDialerTest() override {
    if (!dialer_) return;
    run_on(io_, [&] {
      dialer_->cancel_all();
      dialer_.reset();
    });
  }
  void open(CallId id = 1, Millis handshake_timeout = kPatience) {
    run_on(io_, [&] {
      dialer_->open(
          id,
          {"/api/v1/namespaces/n/pods/p/exec?command=a&stdout=true", "run/run-1",
           handshake_timeout},
          [this] { seen_.change([](Seen& seen) { ++seen.started; }); },
          [this, id](api::ExecReport report) {
            seen_.change(
                [&](Seen& seen) { EXPECT_TRUE(seen.ended.emplace(id, std::move(report)).second); });
          });
    });
  }
  api::ExecReport wait_end(CallId id = 1) {
    return seen_.wait([id](const Seen& seen) { return seen.ended.contains(id); }).ended[id];
  }

  IoThread io_;
  std::shared_ptr<ExecDialer> dialer_;
  Watched<Seen> seen_;
};

TEST_F(ExecDialerTest, OutputStatusAndAnOrderlyEndAreReported) {
  Watched<std::string> request;
  TlsServer server([&](Peer& peer) {
    const std::string text = peer.read_request();
    request.change([&](std::string& r) { r = text; });
    upgrade(peer, text);
    peer.write(message(1, ""));
    peer.write(message(1, "hello ") + message(2, "world"));
    peer.write(message(3, "{\"status\":\"Success\"}") + goodbye());
    peer.wait_for_end();
  });
  connect(server);
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kClosed);
  EXPECT_EQ(report.http_status, 101);
  EXPECT_EQ(report.subprotocol, "v4.channel.k8s.io");
  EXPECT_EQ(report.status_json, "{\"status\":\"Success\"}");
  EXPECT_EQ(report.tail, "hello world");
  EXPECT_EQ(seen_.get().started, 1);
  EXPECT_THAT(request.get(), HasSubstr("Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("User-Agent: " + user_agent() + " run/run-1\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(request.get(),
              HasSubstr("GET /api/v1/namespaces/n/pods/p/exec?command=a&stdout=true HTTP/1.1\r\n"));
}

TEST_F(ExecDialerTest, TheReportDoesNotWaitForTheConnectionToEnd) {
  Watched<bool> let_go;
  TlsServer server([&](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.write(message(3, "{\"status\":\"Success\"}") + goodbye());
    let_go.wait([](bool value) { return value; });
  });
  connect(server);
  open();
  EXPECT_EQ(wait_end().end, ExecEnd::kClosed);
  let_go.change([](bool& value) { value = true; });
}

TEST_F(ExecDialerTest, ARefusalKeepsItsStatusAndBody) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.answer("{\"kind\":\"Status\",\"reason\":\"Forbidden\"}", 403);
    peer.wait_for_end();
  });
  connect(server);
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kRefused);
  EXPECT_EQ(report.http_status, 403);
  EXPECT_THAT(report.http_body, HasSubstr("Forbidden"));
  EXPECT_EQ(seen_.get().started, 0);
}

TEST_F(ExecDialerTest, AnotherSubprotocolIsLostBecauseTheCommandMayRun) {
  for (const char* protocol : {"v5.channel.k8s.io", ""}) {
    TlsServer server([protocol](Peer& peer) {
      upgrade(peer, peer.read_request(), protocol);
      peer.wait_for_end();
    });
    connect(server);
    open(protocol[0] == '\0' ? 2 : 1);
    EXPECT_EQ(wait_end(protocol[0] == '\0' ? 2 : 1).end, ExecEnd::kLost) << protocol;
    run_on(io_, [&] { dialer_.reset(); });
  }
}

TEST_F(ExecDialerTest, AConnectionThatEndsWithoutACloseFrameIsLost) {
  TlsServer server([](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.write(message(1, "partial"));
    peer.close();
  });
  connect(server);
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kLost);
  EXPECT_EQ(report.tail, "partial");
  EXPECT_EQ(report.status_json, "");
}

TEST_F(ExecDialerTest, NoAnswerToTheUpgradeIsLostAfterItsTimeout) {
  TlsServer server([](Peer& peer) { peer.wait_for_end(); });
  connect(server);
  open(1, Millis(200));
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kLost);
  EXPECT_THAT(report.error, HasSubstr("200 ms"));
}

TEST_F(ExecDialerTest, AClosedPortMeansThatNothingStarted) {
  dialer_ = make_beast_exec(io_, credentials_for(access_to(closed_port(), make_pki().ca_pem)));
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kNotConnected);
  EXPECT_THAT(report.error, HasSubstr("connection refused"));
}

TEST_F(ExecDialerTest, SilenceIsLostAlthoughTheSocketStands) {
  TlsServer server([](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.wait_for_end();
  });
  connect(server, {Millis(50), Millis(300)});
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kLost);
  EXPECT_THAT(report.error, HasSubstr("nothing heard for 300 ms"));
}

TEST_F(ExecDialerTest, PongsKeepASilentCommandAlive) {
  std::atomic<int> pings{0};
  TlsServer server([&](Peer& peer) {
    upgrade(peer, peer.read_request());
    while (pings < 30) {
      const std::string text = peer.read_some();
      if (text.empty()) return;
      if ((static_cast<unsigned char>(text[0]) & 0x0f) == kPing) ++pings;
      peer.write(frame(kPong, ""));
    }
    peer.write(message(3, "{\"status\":\"Success\"}") + goodbye());
    peer.wait_for_end();
  });
  // 30 pings take three times the silence that would be lost.
  connect(server, {Millis(50), Millis(500)});
  open();
  EXPECT_EQ(wait_end().end, ExecEnd::kClosed);
}

TEST_F(ExecDialerTest, CancelReportsAtOnceAndEndsTheConnection) {
  Watched<bool> ended;
  TlsServer server([&](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.write(message(1, "x"));
    peer.wait_for_end();
    ended.change([](bool& value) { value = true; });
  });
  connect(server);
  open();
  seen_.wait([](const Seen& seen) { return seen.started == 1; });
  run_on(io_, [&] { dialer_->cancel(1); });
  EXPECT_EQ(seen_.get().ended.at(1).end, ExecEnd::kCancelled);
  ended.wait([](bool value) { return value; });
}

TEST_F(ExecDialerTest, AFloodIsDrainedAndOnlyItsTailIsKept) {
  constexpr std::size_t kMessages = 256;
  TlsServer server([](Peer& peer) {
    upgrade(peer, peer.read_request());
    const std::string flood = message(1, std::string(128 * 1024 - 1, 'x'));
    for (std::size_t i = 0; i < kMessages; ++i) peer.write(flood);
    peer.write(message(1, "the end") + message(3, "{\"status\":\"Success\"}") + goodbye());
    peer.wait_for_end();
  });
  connect(server);
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.end, ExecEnd::kClosed) << report.error;
  EXPECT_EQ(report.output_bytes, kMessages * (128 * 1024 - 1) + 7);
  EXPECT_EQ(report.tail.size(), kube::kOutputTailBytesMax);
  EXPECT_TRUE(report.tail.ends_with("xthe end"));
  EXPECT_EQ(report.status_json, "{\"status\":\"Success\"}");
}

TEST_F(ExecDialerTest, AFragmentedMessageStaysOnItsChannel) {
  TlsServer server([](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.write(frame(kBinary, "\x03{\"status\"", false));
    peer.write(frame(kPing, "now"));
    peer.write(frame(kContinuation, ":\"Success\"", false) + frame(kContinuation, "}"));
    peer.write(goodbye());
    peer.wait_for_end();
  });
  connect(server);
  open();
  const api::ExecReport report = wait_end();
  EXPECT_EQ(report.status_json, "{\"status\":\"Success\"}");
  EXPECT_EQ(report.output_bytes, 0U);
}

TEST_F(ExecDialerTest, ATextMessageIsAProtocolError) {
  TlsServer server([](Peer& peer) {
    upgrade(peer, peer.read_request());
    peer.write(frame(0x1, "1aGVsbG8="));
    peer.wait_for_end();
  });
  connect(server);
  open();
  EXPECT_EQ(wait_end().end, ExecEnd::kLost);
}

TEST_F(ExecDialerTest, ManySessionsAtOnceEachEndOnceAndResumeTls) {
  constexpr CallId kCount = 60;
  Watched<int> open_now;
  TlsServer server([&](Peer& peer) {
    upgrade(peer, peer.read_request());
    open_now.change([](int& count) { ++count; });
    open_now.wait([](int count) { return count >= static_cast<int>(kCount); });
    peer.write(message(3, "{\"status\":\"Success\"}") + goodbye());
    peer.wait_for_end();
  });
  connect(server);
  open(1);
  seen_.wait([](const Seen& seen) { return seen.started == 1; });
  // The first has got its session ticket by now.
  for (CallId id = 2; id <= kCount; ++id) open(id);
  for (CallId id = 1; id <= kCount; ++id) EXPECT_EQ(wait_end(id).end, ExecEnd::kClosed);
  EXPECT_EQ(server.resumed(), static_cast<int>(kCount) - 1);
}

}  // namespace
}  // namespace podcron::net
