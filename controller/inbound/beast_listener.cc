// One of at most five files that include Beast: each takes 20 s and 1 GB to compile.
#include <chrono>
#include <memory>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "controller/inbound/acceptor.h"
#include "controller/inbound/listener.h"
#include "controller/loop/real_clock.h"

namespace podcron::inbound {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytesMax = 8 * 1024;
constexpr int kConnectionsMax = 64;
constexpr int kRequestsPerConnectionMax = 1'000;
constexpr std::chrono::seconds kRequestMax{10};
constexpr std::chrono::seconds kIdleMax{60};

/// Shared by the sessions, which may outlive the listener until the I/O thread has ended.
struct Shared {
  const Endpoints& endpoints;
  int connections = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<Shared> shared)
      : socket_(std::move(socket)),
        shared_(std::move(shared)),
        timer_(socket_.get_executor()),
        buffer_(kHeadBytesMax) {
    ++shared_->connections;
  }
  ~Session() { --shared_->connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeadBytesMax);
    parser_->body_limit(0);
    limit(requests_ == 0 ? kRequestMax : kIdleMax);
    http::async_read_header(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
  }

 private:
  void on_read(const error_code& error) {
    if (error == http::error::body_limit) return refuse(413, "no body is accepted\n");
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(431, "the head is larger than 8 KiB\n");
    }
    if (error == http::error::end_of_stream ||
        error.category() == asio::error::get_misc_category()) {
      return close();
    }
    if (error && error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::partial_message) {
      return refuse(400, "this is not HTTP/1.1\n");
    }
    if (error) return close();
    // A head that ends the request: bodies are not even read.
    if (!parser_->is_done()) return refuse(413, "no body is accepted\n");
    const auto& request = parser_->get();
    const auto method = request.method_string();
    const auto target = request.target();
    send(shared_->endpoints.answer({method.data(), method.size()}, {target.data(), target.size()},
                                   loop::real_now()),
         request.keep_alive() && ++requests_ < kRequestsPerConnectionMax,
         request.method() == http::verb::head);
  }

  void refuse(int status, const char* text) {
    send({status, "text/plain; charset=utf-8", text}, false, false);
  }

  void send(Answer answer, bool keep_alive, bool head_only) {
    response_.emplace(static_cast<http::status>(answer.status), 11);
    response_->set(http::field::content_type, answer.content_type);
    if (answer.status == 405) response_->set(http::field::allow, "GET, HEAD");
    response_->keep_alive(keep_alive);
    response_->content_length(answer.body.size());
    if (!head_only) response_->body() = std::move(answer.body);
    limit(kRequestMax);
    http::async_write(socket_, *response_,
                      [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                        if (error || !keep_alive) return self->close();
                        self->read();
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
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    timer_.cancel();
  }

  tcp::socket socket_;
  const std::shared_ptr<Shared> shared_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  int requests_ = 0;
};

class BeastListener final : public Listener {
 public:
  explicit BeastListener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}
  std::string address() const override { return acceptor_->address(); }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<Listener>> listen(net::IoThread& io, const config::HostPort& at,
                                         const Endpoints& endpoints) {
  const auto shared = std::make_shared<Shared>(Shared{endpoints});
  auto acceptor = Acceptor::open(io, at, "--listen", [shared](tcp::socket socket) {
    // Above the limit the connection is closed at once; probes come again.
    if (shared->connections >= kConnectionsMax) return;
    std::make_shared<Session>(std::move(socket), shared)->read();
  });
  if (!acceptor) return tl::unexpected(acceptor.error());
  return std::make_unique<BeastListener>(std::move(*acceptor));
}

}  // namespace podcron::inbound
