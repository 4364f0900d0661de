// One TLS connection to the API server, from name look-up to its end.
//
// All calls on the I/O thread. No time limit of its own: whoever opens it closes it in time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "controller/net/credentials.h"

namespace podcron::net {

/// With the executor's real type: the type-erased one costs an allocation per operation.
using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using TlsStream = boost::asio::ssl::stream<Socket>;

class TlsLink : public std::enable_shared_from_this<TlsLink> {
 public:
  TlsLink(boost::asio::io_context& context, std::shared_ptr<Credentials> credentials);
  ~TlsLink();
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  /// Looks up, connects, shakes hands, verifies. `done` gets "" or what went wrong, such as
  /// "connect to 127.0.0.1:6443: connection refused"; exactly once, also after close().
  void open(std::function<void(std::string error)> done);
  /// Ends it now; what is pending completes with an error.
  void close();

  [[nodiscard]] TlsStream& stream() { return stream_; }
  [[nodiscard]] const std::shared_ptr<TlsMaterial>& material() const { return material_; }
  /// After open(): the handshake went on with a kept session.
  [[nodiscard]] bool resumed();
  /// False when the peer closed it, or sent what nobody asked for. Cost: one recv(2).
  [[nodiscard]] bool quiet();

 private:
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, IoExecutor>;

  void look_up();
  void connect(const Resolver::results_type& endpoints);
  void shake_hands();
  void finish(std::string error);

  const std::shared_ptr<Credentials> credentials_;
  // Before the stream: OpenSSL calls back into it for as long as the connection lives.
  const std::shared_ptr<TlsMaterial> material_;
  TlsStream stream_;
  Resolver resolver_;
  bool closed_ = false;
  std::function<void(std::string)> done_;
};

/// The session stays resumable although nobody says goodbye: OpenSSL drops the session of a
/// connection that is freed without a close_notify.
void forgive_missing_goodbye(TlsStream& stream);

/// "connection refused": the error's text as part of a sentence.
std::string reason_text(const boost::system::error_code& error);

}  // namespace podcron::net
