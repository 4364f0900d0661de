// Goal: LIST and WATCH mean the same over cpprestsdk and over Beast, so that either can be taken
// away. Method: every law runs against both, with a server that misbehaves on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include <fmt/format.h>

#include "unit/net/net_fixture.h"

namespace podcron::net {
namespace {

using ::testing::HasSubstr;

/// Before any thread, as in main.
class CpprestEnvironment : public ::testing::Environment {
 public:
  void SetUp() override { prepare_cpprest(); }
};
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new CpprestEnvironment);

struct Seen {
  std::optional<ResponseHead> head;
  std::string body;
  std::uint64_t bytes = 0;
  int done_count = 0;
  bool orderly = false;
  std::string error;
  std::function<void()> resume;
};

/// Keeps everything; pauses while told to.
class RecordingSink final : public StreamSink {
 public:
  explicit RecordingSink(bool keep_body = true) : keep_body_(keep_body) {}

  void head(const ResponseHead& head) override {
    seen.change([&](Seen& s) { s.head = head; });
  }
  void body(std::string_view bytes) override {
    seen.change([&](Seen& s) {
      EXPECT_TRUE(s.head.has_value()) << "body before head";
      EXPECT_EQ(s.done_count, 0) << "body after done";
      if (keep_body_) s.body += bytes;
      s.bytes += bytes.size();
    });
  }
  bool ready(std::function<void()> resume) override {
    if (!paused) return true;
    seen.change([&](Seen& s) { s.resume = std::move(resume); });
    return false;
  }
  void done(bool orderly, std::string error) override {
    seen.change([&](Seen& s) {
      ++s.done_count;
      s.orderly = orderly;
      s.error = std::move(error);
    });
  }

  Seen wait_done() {
    return seen.wait([](const Seen& s) { return s.done_count > 0; });
  }

  Watched<Seen> seen;
  std::atomic<bool> paused{false};

 private:
  const bool keep_body_;
};

std::string chunk(std::string_view text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

constexpr const char* kChunkedHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";

class StreamContract : public ::testing::TestWithParam<const char*> {
 protected:
  void connect(const config::ClusterAccess& access) {
    disconnect();
    credentials_ = credentials_for(access);
    if (std::string(GetParam()) == "beast") {
      streams_ = make_beast_http(io_, credentials_).streams;
    } else {
      streams_ = make_cpprest_streams(credentials_);
    }
  }
  void connect(const TlsServer& server) { connect(access_to(server.port(), server.ca_pem())); }

  std::shared_ptr<RecordingSink> open(const std::string& path = "/api/v1/pods?watch=true",
                                      Millis inactivity_timeout = kPatience,
                                      std::shared_ptr<RecordingSink> sink = nullptr) {
    if (!sink) sink = std::make_shared<RecordingSink>();
    run_on(io_, [&] { streams_->open(1, {path, inactivity_timeout}, sink); });
    return sink;
  }
  void cancel() {
    run_on(io_, [&] { streams_->cancel(1); });
  }
  ~StreamContract() override { disconnect(); }

  void disconnect() {
    if (!streams_) return;
    run_on(io_, [&] { streams_->cancel_all(); });
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (streams_->open_count() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_EQ(streams_->open_count(), 0U);
    run_on(io_, [&] { streams_.reset(); });
  }

  IoThread io_;
  std::shared_ptr<Credentials> credentials_;
  std::shared_ptr<StreamTransport> streams_;
};

TEST_P(StreamContract, AChunkedBodyArrivesPieceByPieceAndEndsInOrder) {
  Watched<int> pieces_wanted;
  Watched<std::string> request;
  TlsServer server([&](Peer& peer) {
    request.change([text = peer.read_request()](std::string& r) { r = text; });
    peer.write(kChunkedHead);
    for (int i = 1; i <= 3; ++i) {
      pieces_wanted.wait([i](int wanted) { return wanted >= i; });
      peer.write(chunk(fmt::format("{{\"n\":{}}}\n", i)));
    }
    peer.write("0\r\n\r\n");
    peer.wait_for_end();
  });
  connect(server);
  const auto sink = open();
  std::string expected;
  for (int i = 1; i <= 3; ++i) {
    // The next one is not sent before this one was seen: nothing waits for a full buffer.
    pieces_wanted.change([i](int& wanted) { wanted = i; });
    expected += fmt::format("{{\"n\":{}}}\n", i);
    sink->seen.wait([&](const Seen& s) { return s.body == expected; });
  }
  const Seen seen = sink->wait_done();
  EXPECT_TRUE(seen.orderly);
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.head->status, 200);
  ASSERT_TRUE(seen.head->date);
  EXPECT_EQ(to_rfc3339(*seen.head->date), "1994-11-06T08:49:37Z");
  EXPECT_THAT(request.get(), HasSubstr("GET /api/v1/pods?watch=true HTTP/1.1\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("Bearer secret\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("podcron/"));
}

TEST_P(StreamContract, ABodyWithALengthEndsInOrder) {
  TlsServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("{\"items\":[]}");
  });
  connect(server);
  const Seen seen = open("/api/v1/pods?limit=500")->wait_done();
  EXPECT_TRUE(seen.orderly);
  EXPECT_EQ(seen.body, "{\"items\":[]}");
}

TEST_P(StreamContract, AnEmptyBodyEndsInOrder) {
  TlsServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("");
  });
  connect(server);
  const Seen seen = open()->wait_done();
  EXPECT_TRUE(seen.orderly);
  EXPECT_EQ(seen.head->status, 200);
}

TEST_P(StreamContract, ACutIsNotOrderly) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead + chunk("{\"n\":1}\n"));
    peer.cut();
  });
  connect(server);
  const Seen seen = open()->wait_done();
  EXPECT_FALSE(seen.orderly);
  EXPECT_NE(seen.error, "");
}

TEST_P(StreamContract, AnEndWithoutTheLastChunkIsNotOrderly) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead + chunk("{\"n\":1}\n"));
    peer.close();
  });
  connect(server);
  const Seen seen = open()->wait_done();
  EXPECT_FALSE(seen.orderly);
  EXPECT_NE(seen.error, "");
}

TEST_P(StreamContract, ASilentServerIsGivenUpAfterTheInactivityTimeout) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead + chunk("{\"n\":1}\n"));
    peer.wait_for_end();
  });
  connect(server);
  // cpprestsdk counts in whole seconds.
  const Seen seen = open("/w", Millis(1000))->wait_done();
  EXPECT_FALSE(seen.orderly);
  EXPECT_EQ(seen.head->status, 200);
  EXPECT_NE(seen.error, "");
}

TEST_P(StreamContract, CancelEndsASilentStream) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead + chunk("{\"n\":1}\n"));
    peer.wait_for_end();
  });
  connect(server);
  const auto sink = open();
  sink->seen.wait([](const Seen& s) { return !s.body.empty(); });
  cancel();
  const Seen seen = sink->wait_done();
  EXPECT_FALSE(seen.orderly);
  EXPECT_EQ(seen.error, "cancelled");
  cancel();  // an unknown id does nothing
  EXPECT_EQ(sink->seen.get().done_count, 1);
}

TEST_P(StreamContract, CancelEndsAStreamThatWaitsForItsHead) {
  Watched<bool> asked;
  TlsServer server([&](Peer& peer) {
    peer.read_request();
    asked.change([](bool& value) { value = true; });
    peer.wait_for_end();
  });
  connect(server);
  const auto sink = open();
  asked.wait([](bool value) { return value; });
  cancel();
  const Seen seen = sink->wait_done();
  EXPECT_EQ(seen.error, "cancelled");
  EXPECT_FALSE(seen.head);
}

TEST_P(StreamContract, ARedirectIsNotFollowed) {
  std::atomic<int> requests{0};
  TlsServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++requests;
      peer.write(
          fmt::format("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{}/other\r\n"
                      "Content-Length: 0\r\n\r\n",
                      closed_port()));
    }
  });
  connect(server);
  const Seen seen = open()->wait_done();
  EXPECT_EQ(seen.head->status, 302);
  EXPECT_EQ(requests, 1);
}

TEST_P(StreamContract, ARefusalKeepsStatusBodyDateAndRetryAfter) {
  for (const int status : {401, 410, 429}) {
    TlsServer server([status](Peer& peer) {
      peer.read_request();
      peer.write(
          fmt::format("HTTP/1.1 {} X\r\nRetry-After: 7\r\n"
                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 17\r\n\r\n"
                      "{{\"kind\":\"Status\"}}",
                      status));
      peer.wait_for_end();
    });
    connect(server);
    const Seen seen = open()->wait_done();
    EXPECT_EQ(seen.head->status, status);
    EXPECT_EQ(seen.body, "{\"kind\":\"Status\"}");
    EXPECT_EQ(seen.head->retry_after, Millis(7000));
    EXPECT_TRUE(seen.head->date);
    EXPECT_TRUE(seen.orderly);
  }
}

TEST_P(StreamContract, ASlowSinkStopsTheServer) {
  constexpr std::uint64_t kTotal = 96u << 20;
  const std::string piece = chunk(std::string(64 * 1024, 'x'));
  std::atomic<std::uint64_t> sent{0};
  TlsServer server([&](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead);
    while (sent < kTotal && peer.write(piece)) sent += 64 * 1024;
    peer.write("0\r\n\r\n");
    peer.wait_for_end();
  });
  connect(server);
  const auto sink = std::make_shared<RecordingSink>(false);
  sink->paused = true;
  open("/list", kPatience, sink);
  sink->seen.wait([](const Seen& s) { return s.resume != nullptr; });
  // What is under way fits the buffers of two sockets; then the server stands still.
  std::uint64_t before = 0;
  do {
    before = sent;
    std::this_thread::sleep_for(Millis(100));
  } while (sent != before);
  EXPECT_LT(sent, 32u << 20);
  EXPECT_LE(sink->seen.get().bytes, 256u << 10);

  sink->paused = false;
  sink->seen.get().resume();
  const Seen seen = sink->wait_done();
  EXPECT_TRUE(seen.orderly) << seen.error;
  EXPECT_EQ(seen.bytes, kTotal);
}

TEST_P(StreamContract, CancelEndsAPausedStream) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write(kChunkedHead);
    while (peer.write(chunk(std::string(64 * 1024, 'x')))) {
    }
  });
  connect(server);
  const auto sink = std::make_shared<RecordingSink>(false);
  sink->paused = true;
  open("/list", kPatience, sink);
  sink->seen.wait([](const Seen& s) { return s.resume != nullptr; });
  cancel();
  EXPECT_EQ(sink->wait_done().error, "cancelled");
  sink->seen.get().resume();  // too late, and harmless
}

TEST_P(StreamContract, AClosedPortIsToldWithItsAddress) {
  const TestPki pki = make_pki();
  const std::uint16_t port = closed_port();
  connect(access_to(port, pki.ca_pem));
  const Seen seen = open()->wait_done();
  EXPECT_FALSE(seen.orderly);
  EXPECT_FALSE(seen.head);
  EXPECT_THAT(seen.error,
              HasSubstr(fmt::format("connect to 127.0.0.1:{}: connection refused", port)));
}

TEST_P(StreamContract, AServerOfAnotherAuthorityIsRefusedWithTheReason) {
  TlsServer server([](Peer& peer) { peer.answer("{}"); });
  connect(access_to(server.port(), make_pki().ca_pem));
  const Seen seen = open()->wait_done();
  EXPECT_FALSE(seen.head);
  EXPECT_THAT(seen.error, HasSubstr("certificate verify failed"));
}

TEST_P(StreamContract, TheServerNameOfTheKubeconfigIsWhatIsVerified) {
  TlsServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("{}");
  });
  config::ClusterAccess access = access_to(server.port(), server.ca_pem());
  access.tls_server_name = "test.podcron.dev";
  connect(access);
  EXPECT_TRUE(open()->wait_done().orderly);
  access.tls_server_name = "other.podcron.dev";
  connect(access);
  EXPECT_FALSE(open()->wait_done().orderly);
}

INSTANTIATE_TEST_SUITE_P(Both, StreamContract, ::testing::Values("cpprest", "beast"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace podcron::net
