#include "controller/net/tls_link.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace podcron::net {
namespace {

namespace asio = boost::asio;

/// Asio wants its own wrapper around a context; it holds one reference while it lives.
TlsStream make_stream(asio::io_context& context, SSL_CTX* tls) {
  SSL_CTX_up_ref(tls);
  asio::ssl::context wrapper(tls);
  return TlsStream(Socket(context), wrapper);
}

}  // namespace

std::string reason_text(const boost::system::error_code& error) {
  std::string text = error.message();
  // "Connection refused" but not "EOF" or "TLS alert".
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

void forgive_missing_goodbye(TlsStream& stream) {
  SSL* const connection = stream.native_handle();
  if (connection != nullptr && SSL_is_init_finished(connection) == 1) {
    SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

TlsLink::TlsLink(asio::io_context& context, std::shared_ptr<Credentials> credentials)
    : credentials_(std::move(credentials)),
      material_(credentials_->material()),
      stream_(make_stream(context, material_->context())),
      resolver_(context) {}

TlsLink::~TlsLink() { forgive_missing_goodbye(stream_); }

void TlsLink::open(std::function<void(std::string)> done) {
  done_ = std::move(done);
  boost::system::error_code no_address;
  const config::ClusterAccess& access = credentials_->access();
  const auto address = asio::ip::make_address(access.host, no_address);
  if (no_address) return look_up();
  connect(Resolver::results_type::create(asio::ip::tcp::endpoint(address, access.port), access.host,
                                         std::to_string(access.port)));
}

void TlsLink::look_up() {
  const config::ClusterAccess& access = credentials_->access();
  resolver_.async_resolve(
      access.host, std::to_string(access.port),
      [self = shared_from_this()](boost::system::error_code error,
                                  const Resolver::results_type& endpoints) {
        if (self->closed_) return self->finish("closed");
        if (error) {
          return self->finish(
              fmt::format("look up {}: {}", self->credentials_->access().host, reason_text(error)));
        }
        self->connect(endpoints);
      });
}

void TlsLink::connect(const Resolver::results_type& endpoints) {
  asio::async_connect(
      stream_.next_layer(), endpoints,
      [self = shared_from_this()](boost::system::error_code error, const auto&) {
        if (self->closed_) return self->finish("closed");
        if (error) {
          return self->finish(fmt::format(
              "connect to {}: {}", self->credentials_->access().authority(), reason_text(error)));
        }
        self->shake_hands();
      });
}

void TlsLink::shake_hands() {
  boost::system::error_code ignored;
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream_.next_layer().set_option(asio::socket_base::keep_alive(true), ignored);
  material_->prepare(stream_.native_handle(), credentials_->access().verified_name());
  stream_.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](
                                                              boost::system::error_code error) {
    if (self->closed_) return self->finish("closed");
    if (!error) return self->finish("");
    std::string reason = reason_text(error);
    const long verified = SSL_get_verify_result(self->stream_.native_handle());
    if (verified != X509_V_OK) {
      // Asio's text is of whatever failed innermost, such as a signature.
      reason =
          fmt::format("certificate verify failed: {}", X509_verify_cert_error_string(verified));
    }
    self->finish(fmt::format("TLS with {}: {}", self->credentials_->access().authority(), reason));
  });
}

void TlsLink::finish(std::string error) {
  ERR_clear_error();
  auto done = std::move(done_);
  done_ = nullptr;
  done(std::move(error));
}

void TlsLink::close() {
  closed_ = true;
  resolver_.cancel();
  boost::system::error_code ignored;
  forgive_missing_goodbye(stream_);
  stream_.next_layer().close(ignored);
}

bool TlsLink::resumed() { return SSL_session_reused(stream_.native_handle()) == 1; }

bool TlsLink::quiet() {
  char byte = 0;
  const auto count =
      ::recv(stream_.next_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace podcron::net
