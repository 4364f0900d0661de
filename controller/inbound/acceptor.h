// A listening socket on the I/O thread: what connects is handed on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "controller/config/cluster_access.h"
#include "controller/net/io_thread.h"

namespace podcron::inbound {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  using Take = std::function<void(boost::asio::ip::tcp::socket)>;

  /// Listens and accepts until the I/O thread ends. `host` empty: all addresses. `take` runs on the
  /// I/O thread. Errors: kInvalidArgument naming `flag`, the address and the system's reason.
  static Result<std::shared_ptr<Acceptor>> open(net::IoThread& io, const config::HostPort& at,
                                                std::string_view flag, const Take& take);

  Acceptor(boost::asio::io_context& context, Take take)
      : acceptor_(context), retry_(context), take_(std::move(take)) {}

  /// "127.0.0.1:40123": with the port that was chosen for :0.
  [[nodiscard]] std::string address() const;

 private:
  /// "" or what went wrong.
  std::string bind(const boost::asio::ip::tcp::endpoint& at);
  void accept();
  void accept_later();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  const Take take_;
  boost::asio::ip::tcp::endpoint local_;
};

}  // namespace podcron::inbound
