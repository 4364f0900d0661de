// One of at most five files that include Beast: each takes 20 s and 1 GB to compile.
#include <chrono>
#include <map>
#include <memory>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "controller/inbound/acceptor.h"
#include "controller/inbound/webhook.h"
#include "controller/net/server_identity.h"
#include "kube/admission_review.h"

namespace podcron::inbound {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytesMax = 16 * 1024;
/// A command line has at most what fits into a URL; groups and extra of a user take more.
constexpr std::uint64_t kBodyBytesMax = 256 * 1024;
constexpr int kConnectionsMax = 128;
constexpr std::chrono::seconds kRequestMax{10};
/// Longer than the API server keeps an idle connection (90 s): it closes first, so no review is
/// sent into a connection that we are about to close.
constexpr std::chrono::seconds kIdleMax{300};

class Session;

/// Shared by the sessions, which may outlive the listener until the I/O thread has ended.
struct Shared {
  Webhook::OnReview on_review;
  std::shared_ptr<net::ServerIdentity> identity;
  kube::ReviewDecoder decoder;
  /// Nothing else holds a session while the engine has its review.
  std::map<std::uint64_t, std::shared_ptr<Session>> waiting;
  std::uint64_t last_review = 0;
  int connections = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        identity_(shared_->identity),
        stream_(std::move(socket), identity_->context),
        timer_(stream_.get_executor()),
        buffer_(kHeadBytesMax + kBodyBytesMax) {
    ++shared_->connections;
  }
  ~Session() { --shared_->connections; }

  void shake_hands() {
    limit(kRequestMax);
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this()](error_code error) {
                              if (error) return self->close();
                              self->read(kRequestMax);
                            });
  }

  void answer() {
    if (std::exchange(waits_for_, 0) == 0) return;
    send(http::status::ok, "application/json",
         kube::encode_review_answer(std::exchange(review_uid_, {})), true);
  }

 private:
  void read(std::chrono::seconds most) {
    parser_.emplace();
    parser_->header_limit(kHeadBytesMax);
    parser_->body_limit(kBodyBytesMax);
    limit(most);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
  }

  void on_read(const error_code& error) {
    if (error == http::error::body_limit) {
      return refuse(http::status::payload_too_large, "the body is larger than 256 KiB\n");
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(http::status::request_header_fields_too_large,
                    "the head is larger than 16 KiB\n");
    }
    if (error) return close();
    const auto& request = parser_->get();
    const auto target = request.target();
    const std::string_view path(target.data(), target.size());
    if (path.substr(0, path.find('?')) != kSessionsPath) {
      return refuse(http::status::not_found, "not found; there is /sessions\n");
    }
    if (request.method() != http::verb::post) {
      return refuse(http::status::method_not_allowed, "only POST\n");
    }
    keep_alive_ = request.keep_alive();
    ask(request.body());
  }

  void ask(const std::string& body) {
    engine::SessionReview review;
    review.review = ++shared_->last_review;
    auto connect = shared_->decoder.decode(body, review_uid_);
    if (connect) {
      review.connect = std::move(*connect);
    } else {
      review.fault = connect.error().message;
    }
    waits_for_ = review.review;
    shared_->waiting[review.review] = shared_from_this();
    limit(kRequestMax);
    shared_->on_review(std::move(review));
  }

  void refuse(http::status status, const char* text) {
    send(status, "text/plain; charset=utf-8", text, false);
  }

  void send(http::status status, const char* type, std::string body, bool may_go_on) {
    const bool keep_alive = may_go_on && keep_alive_;
    response_.emplace(status, 11);
    response_->set(http::field::content_type, type);
    response_->keep_alive(keep_alive);
    response_->body() = std::move(body);
    response_->prepare_payload();
    limit(kRequestMax);
    http::async_write(stream_, *response_,
                      [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                        if (error || !keep_alive) return self->close();
                        self->read(kIdleMax);
                      });
  }

  void limit(std::chrono::seconds most) {
    timer_.expires_after(most);
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->close();
    });
  }

  void close() {
    if (waits_for_ != 0) shared_->waiting.erase(waits_for_);
    waits_for_ = 0;
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.next_layer().close(ignored);
    timer_.cancel();
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<net::ServerIdentity> identity_;  // OpenSSL uses it while we live
  asio::ssl::stream<tcp::socket> stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::string review_uid_;
  std::uint64_t waits_for_ = 0;  // the review that the engine has; 0: none
  bool keep_alive_ = false;
};

class BeastWebhook final : public Webhook {
 public:
  BeastWebhook(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Shared> shared)
      : acceptor_(std::move(acceptor)), shared_(std::move(shared)) {}
  ~BeastWebhook() override { shared_->waiting.clear(); }
  BeastWebhook(const BeastWebhook&) = delete;
  BeastWebhook& operator=(const BeastWebhook&) = delete;

  std::string address() const override { return acceptor_->address(); }

  void show(std::shared_ptr<net::ServerIdentity> identity) override {
    shared_->identity = std::move(identity);
  }

  void answer(std::uint64_t review) override {
    const auto at = shared_->waiting.find(review);
    if (at == shared_->waiting.end()) return;
    const auto session = std::move(at->second);
    shared_->waiting.erase(at);
    session->answer();
  }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::shared_ptr<Webhook>> listen_webhook(net::IoThread& io, const config::HostPort& at,
                                                std::shared_ptr<net::ServerIdentity> identity,
                                                Webhook::OnReview on_review) {
  const auto shared = std::make_shared<Shared>();
  shared->on_review = std::move(on_review);
  shared->identity = std::move(identity);
  auto acceptor = Acceptor::open(io, at, "--webhook-listen", [shared](tcp::socket socket) {
    // Above the limit the connection is closed at once: the API server then goes on without us.
    if (shared->connections >= kConnectionsMax) return;
    std::make_shared<Session>(std::move(socket), shared)->shake_hands();
  });
  if (!acceptor) return tl::unexpected(acceptor.error());
  return std::make_shared<BeastWebhook>(std::move(*acceptor), shared);
}

}  // namespace podcron::inbound
