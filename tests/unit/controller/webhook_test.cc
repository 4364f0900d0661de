// Goal: the port that the API server asks speaks TLS 1.2 or later, passes every review on once,
// answers it when told, and gives nobody more than a bounded amount of memory and time.
// Method: a blocking TLS client that trusts the certificate which was shown.
#include "controller/inbound/webhook.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include <fmt/format.h>

#include "controller/net/server_identity.h"
#include "unit/net/net_fixture.h"

namespace podcron::inbound {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kReview =
    R"({"request":{"uid":"u-1","operation":"CONNECT","namespace":"shop","name":"web-0",)"
    R"("resource":{"resource":"pods"},"subResource":"exec","userInfo":{"username":"alice"},)"
    R"("object":{"tty":true}}})";

std::shared_ptr<net::ServerIdentity> identity_for(const std::string& name) {
  auto made = net::make_server_identity({name}, Seconds{3600});
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

/// One connection that trusts the certificates of `trusted`, and no others.
class Client {
 public:
  Client(const std::string& address, const std::string& trusted, int version_max = 0)
      : context_(SSL_CTX_new(TLS_client_method())),
        fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port =
        htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    BIO* const bio = BIO_new_mem_buf(trusted.data(), static_cast<int>(trusted.size()));
    X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), certificate);
    X509_free(certificate);
    BIO_free(bio);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (version_max != 0) {
      SSL_CTX_set_security_level(context_, 0);
      SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context_, version_max);
    }
    tls_ = SSL_new(context_);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), "127.0.0.1");
    SSL_set_fd(tls_, fd_);
    shaken_ = SSL_connect(tls_) == 1;
  }
  ~Client() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool shaken() const { return shaken_; }
  bool send(const std::string& text) const {
    return SSL_write(tls_, text.data(), static_cast<int>(text.size())) > 0;
  }
  /// All bytes until the server closes, or until one answer with `until` has come.
  std::string receive(const std::string& until = "") const {
    std::string text;
    char bytes[4096];
    for (int count = 0; (count = SSL_read(tls_, bytes, sizeof bytes)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(count));
      if (!until.empty() && text.find(until) != std::string::npos) break;
    }
    return text;
  }

 private:
  SSL_CTX* context_;
  int fd_;
  SSL* tls_ = nullptr;
  bool shaken_ = false;
};

std::string post(const std::string& body, const std::string& path = "/sessions",
                 const std::string& method = "POST") {
  return fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", method, path,
                     body.size(), body);
}

class WebhookTest : public ::testing::Test {
 protected:
  WebhookTest() {
    auto webhook =
        listen_webhook(io_, {"127.0.0.1", 0}, identity_, [this](engine::SessionReview review) {
          const std::uint64_t id = review.review;
          reviews_.change([&](auto& all) { all.push_back(review); });
          if (answer_at_once_) webhook_->answer(id);
        });
    EXPECT_TRUE(webhook) << webhook.error().message;
    // On the thread that will ask for it.
    net::run_on(io_, [&] { webhook_ = *webhook; });
  }
  ~WebhookTest() override { io_.stop(); }
  [[nodiscard]] Client connect() const {
    return Client(webhook_->address(), identity_->certificates);
  }
  std::string exchange(const std::string& request) const {
    const Client client(webhook_->address(), identity_->certificates);
    EXPECT_TRUE(client.shaken());
    client.send(request);
    return client.receive();
  }

  std::shared_ptr<net::ServerIdentity> identity_ = identity_for("127.0.0.1");
  net::Watched<std::vector<engine::SessionReview>> reviews_;
  std::atomic<bool> answer_at_once_{true};
  net::IoThread io_;
  std::shared_ptr<Webhook> webhook_;
};

TEST_F(WebhookTest, AReviewIsPassedOnAndAnsweredOnAConnectionThatStays) {
  const Client client = connect();
  ASSERT_TRUE(client.shaken());
  for (std::size_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(client.send(post(kReview, i == 2 ? "/sessions?timeout=2s" : "/sessions")));
    const std::string answer = client.receive("}}");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer, HasSubstr(R"("response":{"uid":"u-1","allowed":true})"));
    const auto reviews = reviews_.get();
    ASSERT_EQ(reviews.size(), i);
    EXPECT_EQ(reviews.back().review, i);
    EXPECT_EQ(reviews.back().connect.user, "alice");
    EXPECT_TRUE(reviews.back().connect.tty);
    EXPECT_EQ(reviews.back().fault, "");
  }
}

TEST_F(WebhookTest, NothingIsAnsweredBeforeTheEngineSaysSo) {
  answer_at_once_ = false;
  const Client client = connect();
  client.send(post(kReview));
  const auto reviews = reviews_.wait([](const auto& all) { return all.size() == 1; });
  net::run_on(io_, [this] { webhook_->answer(77); });  // nobody's
  net::run_on(io_, [&] { webhook_->answer(reviews[0].review); });
  net::run_on(io_, [&] { webhook_->answer(reviews[0].review); });  // twice is nothing
  EXPECT_THAT(client.receive("}}"), HasSubstr("u-1"));
}

TEST_F(WebhookTest, WhoHasGoneIsNotAnswered) {
  answer_at_once_ = false;
  {
    const Client client = connect();
    client.send(post(kReview));
    reviews_.wait([](const auto& all) { return all.size() == 1; });
  }
  const auto reviews = reviews_.wait([](const auto& all) { return all.size() == 1; });
  net::run_on(io_, [&] { webhook_->answer(reviews[0].review); });
}

TEST_F(WebhookTest, AMalformedReviewIsToldToTheEngineAndAnswered) {
  const Client client = connect();
  client.send(post(R"({"request":{"uid":"u-2","object":7}})"));
  EXPECT_THAT(client.receive("}}"), HasSubstr(R"("uid":"u-2","allowed":true)"));
  EXPECT_NE(reviews_.get()[0].fault, "");
}

TEST_F(WebhookTest, OtherPathsMethodsAndProtocolsAreRefused) {
  EXPECT_THAT(exchange(post("{}", "/metrics")), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(exchange(post("", "/sessions", "GET")), StartsWith("HTTP/1.1 405"));
  EXPECT_EQ(exchange("\x16\x03\x01 hello\r\n\r\n"), "");
  EXPECT_TRUE(reviews_.get().empty());
}

TEST_F(WebhookTest, LargeHeadsAndBodiesAreRefusedUnread) {
  EXPECT_THAT(exchange(post(std::string(256 * 1024 + 1, ' '))), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(exchange("POST /sessions HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_TRUE(reviews_.get().empty());
}

TEST_F(WebhookTest, ConnectionsAboveTheLimitAreClosedAndLeaveRoomAgain) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 128; ++i) {
    clients.push_back(std::make_unique<Client>(webhook_->address(), identity_->certificates));
    ASSERT_TRUE(clients.back()->shaken());
  }
  EXPECT_FALSE(connect().shaken());
  clients.clear();
  bool shaken = false;
  for (int i = 0; i < 10'000 && !shaken; ++i) shaken = connect().shaken();
  EXPECT_TRUE(shaken);
}

TEST_F(WebhookTest, TlsBefore12IsRefused) {
  EXPECT_FALSE(Client(webhook_->address(), identity_->certificates, TLS1_1_VERSION).shaken());
  EXPECT_TRUE(Client(webhook_->address(), identity_->certificates, TLS1_2_VERSION).shaken());
}

TEST_F(WebhookTest, ARenewedCertificateIsShownToTheNextConnection) {
  const auto next = identity_for("127.0.0.1");
  const Client before = connect();
  net::run_on(io_, [&] { webhook_->show(next); });
  EXPECT_FALSE(connect().shaken()) << "it trusts the old one only";
  EXPECT_TRUE(Client(webhook_->address(), next->certificates).shaken());
  before.send(post(kReview));
  EXPECT_THAT(before.receive("}}"), HasSubstr("u-1")) << "old connections go on";
}

TEST(ServerIdentity, IsMadeForNamesAndAddressesOnly) {
  EXPECT_TRUE(net::make_server_identity({"podcron-sessions.podcron-system.svc", "::1", "127.0.0.1"},
                                        Seconds{60}));
  for (const char* wrong : {"", "a,DNS:b", "a b", "1.2.3.4.5", "dirName:x"}) {
    const auto made = net::make_server_identity({wrong}, Seconds{60});
    ASSERT_FALSE(made) << wrong;
    EXPECT_THAT(made.error().message, StartsWith("--webhook-names: got "));
  }
}

TEST(ServerIdentity, FilesAreNamedInErrors) {
  const auto missing = net::load_server_identity("/no/such/tls.crt", "/no/such/tls.key");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("--webhook-cert-file: "));
}

}  // namespace
}  // namespace podcron::inbound
