// Goal: the port that everything in the cluster can reach answers three paths and gives nobody
// more than a bounded amount of memory and time. Method: raw sockets.
#include "controller/inbound/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace podcron::inbound {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    auto listener = listen(io_, {"127.0.0.1", 0}, endpoints_);
    EXPECT_TRUE(listener);
    listener_ = std::move(*listener);
  }
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string at = listener_->address();
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(at.c_str() + at.rfind(':') + 1)));
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  /// All bytes until the server closes.
  std::string exchange(const std::string& request) const {
    const int fd = connect();
    EXPECT_GE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), 0);
    std::string text;
    char bytes[4096];
    for (ssize_t count = 0; (count = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(count));
    }
    ::close(fd);
    return text;
  }
  std::string get(const std::string& path, const std::string& method = "GET") const {
    return exchange(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  loop::Pulse pulse_;
  telemetry::MetricRegistry metrics_{"1", "a"};
  Endpoints endpoints_{pulse_, metrics_};
  net::IoThread io_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, ReadyzFollowsTheEngineAndSaysWhy) {
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(get("/readyz"), HasSubstr("not every watched resource was listed once"));
  pulse_.publish({true, false, true});
  EXPECT_THAT(get("/readyz"), HasSubstr("the API server does not answer"));
  pulse_.publish({true, true, true});
  EXPECT_THAT(get("/readyz?verbose"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ListenerTest, HealthzFailsWhileAStepHangs) {
  pulse_.working(MonoTime{});  // since the machine started
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 500"));
}

TEST_F(ListenerTest, MetricsAreTextAndHeadHasNoBody) {
  const std::string text = get("/metrics");
  EXPECT_THAT(text, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(text, HasSubstr("\npodcron_build_info{"));
  const std::string head = get("/metrics", "HEAD");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, Not(HasSubstr("podcron_build_info")));
}

TEST_F(ListenerTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/metrics/../healthz"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/metrics", "POST"), StartsWith("HTTP/1.1 405"));
}

TEST_F(ListenerTest, LargeHeadsBodiesAndOtherProtocolsAreRefused) {
  EXPECT_THAT(exchange("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(exchange("GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(exchange("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ListenerTest, ConnectionsAboveTheLimitAreClosedAndLeaveRoomAgain) {
  std::vector<int> fds;
  for (int i = 0; i < 64; ++i) fds.push_back(connect());
  EXPECT_EQ(get("/healthz"), "");
  for (const int fd : fds) ::close(fd);
  std::string answer;
  for (int i = 0; i < 10'000 && answer.empty(); ++i) answer = get("/healthz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(ListenerTest, APortInUseIsToldByName) {
  const std::string at = listener_->address();
  const auto port = static_cast<std::uint16_t>(std::atoi(at.c_str() + at.rfind(':') + 1));
  const auto second = listen(io_, {"127.0.0.1", port}, endpoints_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("--listen: " + at + ": Address already in use"));
}

}  // namespace
}  // namespace podcron::inbound
