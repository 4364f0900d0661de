// Goal: a small request is made once, and its reply tells truly whether it may have happened.
// Method: a server that answers, closes and stays silent at chosen moments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include <fmt/format.h>

#include "unit/net/net_fixture.h"

namespace podcron::net {
namespace {

using engine::Certainty;
using engine::Method;
using ::testing::HasSubstr;

class RequestsTest : public ::testing::Test {
 protected:
  void connect(const config::ClusterAccess& access) {
    disconnect();
    credentials_ = credentials_for(access);
    transport_ = make_beast_http(io_, credentials_).requests;
  }
  void connect(const TlsServer& server) { connect(access_to(server.port(), server.ca_pem())); }
  void disconnect() {
    if (!transport_) return;
    run_on(io_, [&] {
      transport_->cancel_all();
      transport_.reset();
    });
  }
  ~RequestsTest() override { disconnect(); }

  void start(CallId id, Method method, const std::string& path, const std::string& body,
             Millis timeout = kPatience) {
    run_on(io_, [&] {
      transport_->start(id, {method, path, body, timeout}, [this](Reply reply) {
        replies_.change([&](std::vector<Reply>& all) { all.push_back(std::move(reply)); });
      });
    });
  }
  Reply next_reply() {
    ++taken_;
    const auto all =
        replies_.wait([this](const std::vector<Reply>& seen) { return seen.size() >= taken_; });
    return all.size() >= taken_ ? all[taken_ - 1] : Reply{};
  }
  Reply call(Method method, const std::string& path, const std::string& body = "",
             Millis timeout = kPatience) {
    start(++last_id_, method, path, body, timeout);
    return next_reply();
  }

  IoThread io_;
  std::shared_ptr<Credentials> credentials_;
  std::shared_ptr<Transport> transport_;
  Watched<std::vector<Reply>> replies_;
  std::size_t taken_ = 0;
  CallId last_id_ = 0;
};

TEST_F(RequestsTest, ThePartsOfARequestAndItsReplyArrive) {
  Watched<std::string> request;
  TlsServer server([&](Peer& peer) {
    request.change([text = peer.read_request()](std::string& r) { r = text; });
    peer.write(
        "HTTP/1.1 409 Conflict\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Retry-After: 3\r\nContent-Length: 2\r\n\r\n{}");
  });
  config::ClusterAccess access = access_to(server.port(), server.ca_pem());
  access.path_prefix = "/k8s";
  connect(access);
  const Reply reply = call(Method::kPatch, "/apis/podcron.dev/v1alpha1/x?y=z", "{\"a\":1}");
  EXPECT_EQ(reply.certainty, Certainty::kDone);
  EXPECT_EQ(reply.head.status, 409);
  EXPECT_EQ(reply.body, "{}");
  EXPECT_EQ(reply.head.retry_after, Millis(3000));
  EXPECT_TRUE(reply.head.date);
  EXPECT_THAT(request.get(), HasSubstr("PATCH /k8s/apis/podcron.dev/v1alpha1/x?y=z HTTP/1.1\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("Content-Type: application/merge-patch+json\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(request.get(), HasSubstr("\r\n\r\n{\"a\":1}"));
}

TEST_F(RequestsTest, AKeptConnectionIsUsedAgain) {
  TlsServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("{}");
  });
  connect(server);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(call(Method::kGet, "/a").certainty, Certainty::kDone);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RequestsTest, AConnectionThatTheServerClosedIsNotUsedAgain) {
  Watched<int> closed;
  TlsServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("{}");
    peer.close();
    closed.change([](int& count) { ++count; });
    peer.wait_for_end();
  });
  connect(server);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(call(Method::kPost, "/a", "{}").certainty, Certainty::kDone);
    closed.wait([i](int count) { return count == i; });
    // The end is in our socket's queue once the loopback delivered it, which is at once.
  }
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(RequestsTest, AWriteWithoutAReplyIsUnknownAndIsNotSentAgain) {
  std::atomic<int> requests{0};
  TlsServer server([&](Peer& peer) {
    // The first is answered, so that the second meets a kept connection.
    if (peer.read_request().empty()) return;
    peer.answer("{}");
    if (!peer.read_request().empty()) ++requests;
  });
  connect(server);
  EXPECT_EQ(call(Method::kGet, "/warm").certainty, Certainty::kDone);
  const Reply reply = call(Method::kPost, "/create", "{}");
  EXPECT_EQ(reply.certainty, Certainty::kUnknown);
  EXPECT_THAT(reply.error, HasSubstr("closed"));
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RequestsTest, AClosedPortMeansNotExecuted) {
  const std::uint16_t port = closed_port();
  connect(access_to(port, make_pki().ca_pem));
  const Reply reply = call(Method::kPost, "/create", "{}");
  EXPECT_EQ(reply.certainty, Certainty::kNotExecuted);
  EXPECT_EQ(reply.error, fmt::format("connect to 127.0.0.1:{}: connection refused", port));
}

TEST_F(RequestsTest, AnUnknownNameMeansNotExecuted) {
  config::ClusterAccess access = access_to(443, make_pki().ca_pem);
  access.host = "does-not-exist.invalid";
  connect(access);
  const Reply reply = call(Method::kPost, "/create", "{}");
  EXPECT_EQ(reply.certainty, Certainty::kNotExecuted);
  EXPECT_THAT(reply.error, HasSubstr("look up does-not-exist.invalid: "));
}

TEST_F(RequestsTest, AServerThatIsNotTheOneMeansNotExecuted) {
  TlsServer server([](Peer& peer) { peer.answer("{}"); });
  connect(access_to(server.port(), make_pki().ca_pem));
  Reply reply = call(Method::kPost, "/create", "{}");
  EXPECT_EQ(reply.certainty, Certainty::kNotExecuted);
  EXPECT_THAT(reply.error, HasSubstr("certificate verify failed"));

  config::ClusterAccess access = access_to(server.port(), server.ca_pem());
  access.tls_server_name = "other.podcron.dev";
  connect(access);
  reply = call(Method::kPost, "/create", "{}");
  EXPECT_EQ(reply.certainty, Certainty::kNotExecuted);
  EXPECT_THAT(reply.error, HasSubstr("hostname mismatch"));
}

TEST_F(RequestsTest, ATimeoutAfterTheRequestLeftIsUnknown) {
  TlsServer server([](Peer& peer) { peer.wait_for_end(); });
  connect(server);
  const Reply reply = call(Method::kPost, "/create", "{}", Millis(200));
  EXPECT_EQ(reply.certainty, Certainty::kUnknown);
  EXPECT_THAT(reply.error, HasSubstr("no answer within 200 ms"));
}

TEST_F(RequestsTest, CancelCompletesAtOnce) {
  Watched<bool> asked;
  TlsServer server([&](Peer& peer) {
    peer.read_request();
    asked.change([](bool& value) { value = true; });
    peer.wait_for_end();
  });
  connect(server);
  start(7, Method::kPost, "/create", "{}");
  asked.wait([](bool value) { return value; });
  run_on(io_, [&] { transport_->cancel(7); });
  EXPECT_EQ(replies_.get().size(), 1U);
  EXPECT_EQ(next_reply().certainty, Certainty::kUnknown);
  run_on(io_, [&] { transport_->cancel(7); });
  EXPECT_EQ(replies_.get().size(), 1U);
}

TEST_F(RequestsTest, CancelBeforeTheConnectionStandsMeansNotExecuted) {
  TlsServer server([](Peer& peer) { peer.answer("{}"); });
  connect(server);
  run_on(io_, [&] {
    transport_->start(1, {Method::kPost, "/create", "{}", kPatience}, [this](Reply reply) {
      replies_.change([&](std::vector<Reply>& all) { all.push_back(std::move(reply)); });
    });
    transport_->cancel(1);
  });
  EXPECT_EQ(next_reply().certainty, Certainty::kNotExecuted);
}

TEST_F(RequestsTest, AnAnswerAboveTheLimitIsUnknown) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.answer(std::string(engine::kReplyBytesMax + 1, 'x'));
  });
  connect(server);
  const Reply reply = call(Method::kGet, "/big");
  EXPECT_EQ(reply.certainty, Certainty::kUnknown);
  EXPECT_EQ(reply.body, "");
  EXPECT_THAT(reply.error, HasSubstr("larger than 4194304 bytes"));
}

TEST_F(RequestsTest, ARequestMayHaveALowerLimitForItsAnswer) {
  TlsServer server([](Peer& peer) {
    for (std::size_t bytes : {100, 101}) {
      peer.read_request();
      peer.answer(std::string(bytes, 'x'));
    }
  });
  connect(server);
  const auto ask = [&] {
    run_on(io_, [&] {
      transport_->start(
          ++last_id_, {Method::kPost, "/", "{}", kPatience, "", "", 100}, [this](Reply r) {
            replies_.change([&](std::vector<Reply>& all) { all.push_back(std::move(r)); });
          });
    });
    return next_reply();
  };
  EXPECT_EQ(ask().body.size(), 100U);
  EXPECT_THAT(ask().error, HasSubstr("larger than 100 bytes"));
}

TEST_F(RequestsTest, ABrokenAnswerIsUnknown) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.write("not HTTP at all\r\n\r\n");
  });
  connect(server);
  EXPECT_EQ(call(Method::kPost, "/create", "{}").certainty, Certainty::kUnknown);
}

TEST_F(RequestsTest, APathThatWouldBreakTheRequestLineDoesNotLeave) {
  TlsServer server([](Peer& peer) { peer.answer("{}"); });
  connect(server);
  for (const char* path : {"", "a", "/a b", "/a\r\nX: y"}) {
    EXPECT_EQ(call(Method::kPost, path, "{}").certainty, Certainty::kNotExecuted) << path;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(RequestsTest, ManyAtOnceAreEachAnsweredOnce) {
  TlsServer server([](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      peer.answer(request.substr(request.rfind("\r\n\r\n") + 4));
    }
  });
  connect(server);
  constexpr std::size_t kCount = 32;
  for (std::size_t i = 0; i < kCount; ++i) start(100 + i, Method::kPost, "/a", std::to_string(i));
  const auto all =
      replies_.wait([](const std::vector<Reply>& seen) { return seen.size() >= kCount; });
  std::vector<std::string> bodies;
  for (const Reply& reply : all) bodies.push_back(reply.body);
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < kCount; ++i) expected.push_back(std::to_string(i));
  EXPECT_THAT(bodies, ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(RequestsTest, ASecondConnectionResumesTheTlsSession) {
  TlsServer server([](Peer& peer) {
    peer.read_request();
    peer.answer("{}");
    peer.close();
    peer.wait_for_end();
  });
  connect(server);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(call(Method::kGet, "/a").certainty, Certainty::kDone);
    // A new connection each time, whether or not the close was seen already.
    run_on(io_, [&] { transport_->cancel_all(); });
  }
  EXPECT_EQ(server.connections(), 4);
  EXPECT_EQ(server.resumed(), 3);
}

}  // namespace
}  // namespace podcron::net
