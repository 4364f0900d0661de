// Goal: a request to a pod is sent once, to that address alone, and its report says what came back.
// Method: a server that answers byte by byte, breaks off, redirects and floods at chosen moments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <atomic>

#include <fmt/format.h>

#include "unit/net/net_fixture.h"

namespace podcron::net {
namespace {

using api::HttpEnd;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PodHttpTest : public ::testing::Test {
 protected:
  ~PodHttpTest() override {
    run_on(io_, [&] {
      pods_->cancel_all();
      pods_.reset();
    });
  }
  static engine::HttpTask task_to(const TlsServer& server) {
    engine::HttpTask task;
    task.address = "127.0.0.1";
    task.port = server.port();
    task.method = api::HttpMethod::kPost;
    task.path = "/run?x=1";
    task.body = "hello";
    task.connect_timeout = kPatience;
    return task;
  }
  void start(engine::HttpTask task) {
    run_on(io_, [&] {
      pods_->start(
          std::move(task), [this] { started_.change([](int& count) { ++count; }); },
          [this](api::HttpReport report) {
            reports_.change([&](std::vector<api::HttpReport>& all) { all.push_back(report); });
          });
    });
  }
  api::HttpReport next_report() {
    const auto all = reports_.wait([this](const auto& seen) { return seen.size() > taken_; });
    return all.at(taken_++);
  }
  api::HttpReport ask(engine::HttpTask task) {
    task.id.value = ++last_id_;
    start(std::move(task));
    return next_report();
  }
  /// What becomes of a request that is answered so, without TLS.
  api::HttpReport answered(const std::string& answer, bool cut = false) {
    TlsServer server(
        [&](Peer& peer) {
          peer.read_request();
          peer.write(answer);
          if (cut) peer.cut();
        },
        {}, true);
    return ask(task_to(server));
  }

  IoThread io_;
  std::shared_ptr<PodHttp> pods_ = make_pod_http(io_);
  Watched<int> started_;
  Watched<std::vector<api::HttpReport>> reports_;
  std::size_t taken_ = 0;
  std::uint64_t last_id_ = 0;
};

TEST_F(PodHttpTest, TheRequestIsWhatWasAskedFor) {
  Watched<std::string> request;
  TlsServer server(
      [&](Peer& peer) {
        request.change([text = peer.read_request()](std::string& r) { r = text; });
        peer.answer("{}");
      },
      {}, true);
  engine::HttpTask task = task_to(server);
  task.headers = {{"X-Team", "shop"}, {"user-agent", "theirs"}};
  const api::HttpReport report = ask(task);
  EXPECT_EQ(report.end, HttpEnd::kAnswered);
  EXPECT_EQ(report.status, 200);
  EXPECT_EQ(report.tail, "{}");
  EXPECT_EQ(report.body_bytes, 2u);
  EXPECT_EQ(started_.get(), 1);
  const std::string text = request.get();
  EXPECT_THAT(text, StartsWith("POST /run?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())));
  EXPECT_THAT(text, HasSubstr("X-Team: shop\r\n"));
  EXPECT_THAT(text, HasSubstr("user-agent: theirs podcron/"));
  EXPECT_THAT(text, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\nhello"));
}

TEST_F(PodHttpTest, NoHeaderOrPathCanForgeALine) {
  TlsServer server([](Peer& peer) { peer.answer("{}"); }, {}, true);
  engine::HttpTask task = task_to(server);
  task.headers = {{"A", "b\r\nEvil: yes"}};
  EXPECT_EQ(ask(task).end, HttpEnd::kNotSent);
  task.headers = {{"A b", "c"}};
  EXPECT_EQ(ask(task).end, HttpEnd::kNotSent);
  task.headers.clear();
  task.path = "/a HTTP/1.1\r\nEvil: yes";
  EXPECT_EQ(ask(task).end, HttpEnd::kNotSent);
  task.path = "/";
  task.address = "localhost";
  EXPECT_EQ(ask(task).end, HttpEnd::kNotSent);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(PodHttpTest, ARedirectIsAnAnswerAndIsNotFollowed) {
  std::atomic<int> elsewhere{0};
  TlsServer other([&](Peer&) { ++elsewhere; }, {}, true);
  const api::HttpReport report =
      answered(fmt::format("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\n"
                           "Content-Length: 0\r\n\r\n",
                           other.port()));
  EXPECT_EQ(report.end, HttpEnd::kAnswered);
  EXPECT_EQ(report.status, 302);
  EXPECT_EQ(elsewhere, 0);
}

TEST_F(PodHttpTest, AnAnswerThatBreaksOffIsLostWithItsStatus) {
  const api::HttpReport body =
      answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", true);
  EXPECT_EQ(body.end, HttpEnd::kLost);
  EXPECT_EQ(body.status, 200);
  const api::HttpReport chunk =
      answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_EQ(chunk.end, HttpEnd::kLost);
  EXPECT_EQ(chunk.tail, "hello");
  const api::HttpReport none = answered("");
  EXPECT_EQ(none.end, HttpEnd::kLost);
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(answered("nonsense\r\n\r\n").end, HttpEnd::kLost);
}

TEST_F(PodHttpTest, AnAnswerThatEndsWithItsConnectionIsWhole) {
  const api::HttpReport report = answered("HTTP/1.0 200 OK\r\n\r\nold style");
  EXPECT_EQ(report.end, HttpEnd::kAnswered);
  EXPECT_EQ(report.tail, "old style");
}

TEST_F(PodHttpTest, InterimAnswersArePassedOver) {
  const api::HttpReport report = answered(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(report.end, HttpEnd::kAnswered);
  EXPECT_EQ(report.status, 204);
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(answered(endless).end, HttpEnd::kLost);
}

TEST_F(PodHttpTest, AFloodCostsNoMemoryAndOnlyItsEndIsKept) {
  constexpr std::size_t kBytes = 20u << 20;
  TlsServer server(
      [&](Peer& peer) {
        peer.read_request();
        peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kBytes + 3));
        const std::string block(1u << 20, 'x');
        for (std::size_t sent = 0; sent < kBytes; sent += block.size()) peer.write(block);
        peer.write("end");
      },
      {}, true);
  const api::HttpReport report = ask(task_to(server));
  EXPECT_EQ(report.end, HttpEnd::kAnswered);
  EXPECT_EQ(report.body_bytes, kBytes + 3);
  EXPECT_EQ(report.tail.size(), 2048u);
  EXPECT_TRUE(report.tail.ends_with("xend"));
}

TEST_F(PodHttpTest, AHeadWithoutEndIsCutOff) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 4000; ++i) head += fmt::format("X-{}: {}\r\n", i, std::string(40, 'y'));
  EXPECT_EQ(answered(head + "\r\n").end, HttpEnd::kLost);
}

TEST_F(PodHttpTest, NobodyThereIsCertainlyNotSent) {
  engine::HttpTask task;
  task.address = "127.0.0.1";
  task.port = closed_port();
  task.path = "/";
  task.connect_timeout = kPatience;
  const api::HttpReport report = ask(task);
  EXPECT_EQ(report.end, HttpEnd::kNotConnected);
  EXPECT_THAT(report.error, HasSubstr("connection refused"));
  EXPECT_EQ(started_.get(), 0);
}

TEST_F(PodHttpTest, CancelEndsItWithItsOneReport) {
  TlsServer server([](Peer& peer) { peer.wait_for_end(); }, {}, true);
  engine::HttpTask task = task_to(server);
  task.id.value = ++last_id_;
  start(task);
  started_.wait([](int count) { return count == 1; });
  run_on(io_, [&] { pods_->cancel(last_id_); });
  EXPECT_EQ(next_report().end, HttpEnd::kCancelled);
  run_on(io_, [&] { pods_->cancel(last_id_); });
  EXPECT_EQ(reports_.get().size(), 1u);
}

TEST_F(PodHttpTest, TheMarksOfAMeshAreSeen) {
  EXPECT_EQ(answered("HTTP/1.1 503 X\r\nServer: istio-envoy\r\nContent-Length: 0\r\n\r\n").proxy,
            "envoy");
  EXPECT_EQ(answered("HTTP/1.1 502 X\r\nl5d-proxy-error: no\r\nContent-Length: 0\r\n\r\n").proxy,
            "linkerd");
  EXPECT_EQ(answered("HTTP/1.1 503 X\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n").proxy, "");
}

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

TEST_F(PodHttpTest, ACertificateIsVerifiedByCaAndNameUnlessTheUserSaysNo) {
  TlsServer server([](Peer& peer) {
    if (!peer.read_request().empty()) peer.answer("{}");
  });
  engine::HttpTask task = task_to(server);
  task.https = true;
  task.tls.ca_bundle = base64(server.ca_pem());
  EXPECT_EQ(ask(task).end, HttpEnd::kAnswered);
  task.tls.server_name = "test.podcron.dev";
  EXPECT_EQ(ask(task).end, HttpEnd::kAnswered);
  task.tls.server_name = "other.podcron.dev";
  const api::HttpReport wrong_name = ask(task);
  EXPECT_EQ(wrong_name.end, HttpEnd::kNotConnected);
  EXPECT_THAT(wrong_name.error, HasSubstr("verify failed"));
  task.tls = {"", base64(make_pki().ca_pem), true};
  EXPECT_EQ(ask(task).end, HttpEnd::kNotConnected);
  task.tls = {"", "not base64!", true};
  EXPECT_EQ(ask(task).end, HttpEnd::kNotSent);
  task.tls = {"", "", false};
  EXPECT_EQ(ask(task).end, HttpEnd::kAnswered);
}

}  // namespace
}  // namespace podcron::net
