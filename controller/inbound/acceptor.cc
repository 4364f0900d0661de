#include "controller/inbound/acceptor.h"

#include <chrono>
#include <vector>

#include <fmt/format.h>

namespace podcron::inbound {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Connections that the system keeps until they are accepted.
constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kAcceptRetry{200};

}  // namespace

Result<std::shared_ptr<Acceptor>> Acceptor::open(net::IoThread& io, const config::HostPort& at,
                                                 std::string_view flag, const Take& take) {
  const auto wrong = [&](std::string_view reason) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}:{}: {}", flag, at.host, at.port, reason));
  };
  std::vector<asio::ip::address> addresses;
  if (at.host.empty()) {
    // IPv6 sockets take IPv4 as well, unless the machine has no IPv6.
    addresses = {asio::ip::address_v6::any(), asio::ip::address_v4::any()};
  } else {
    error_code error;
    addresses = {asio::ip::make_address(at.host == "localhost" ? "127.0.0.1" : at.host, error)};
    if (error) return wrong("not an IP address");
  }
  std::string reason;
  for (const auto& address : addresses) {
    const auto acceptor = std::make_shared<Acceptor>(io.context(), take);
    reason = acceptor->bind({address, at.port});
    if (!reason.empty()) continue;
    io.post([acceptor] { acceptor->accept(); });
    return acceptor;
  }
  return wrong(reason);
}

std::string Acceptor::address() const {
  const std::string host = local_.address().to_string();
  return local_.address().is_v6() ? fmt::format("[{}]:{}", host, local_.port())
                                  : fmt::format("{}:{}", host, local_.port());
}

std::string Acceptor::bind(const tcp::endpoint& at) {
  error_code error;
  acceptor_.open(at.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(at, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) local_ = acceptor_.local_endpoint(error);
  return error ? error.message() : "";
}

void Acceptor::accept() {
  acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) return self->accept_later();
    self->take_(std::move(socket));
    self->accept();
  });
}

/// Out of file descriptors, for instance: trying at once would spin.
void Acceptor::accept_later() {
  retry_.expires_after(kAcceptRetry);
  retry_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->accept();
  });
}

}  // namespace podcron::inbound
