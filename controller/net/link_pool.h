// Kept-alive connections, the one used last first.
//
// A connection is kept for seconds only: the API server keeps its side for 90 s, so we are the
// ones who close, and a request hardly ever meets a connection that is just being closed.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/time.h"
#include "controller/net/tls_link.h"

namespace podcron::net {

class LinkPool {
 public:
  static constexpr Millis kIdleMax{15'000};
  static constexpr std::size_t kIdleLinksMax = 64;

  LinkPool(boost::asio::io_context& context, std::shared_ptr<Credentials> credentials);

  /// `fresh`: open() has still to be called.
  struct Lease {
    std::shared_ptr<TlsLink> link;
    bool fresh = true;
  };
  Lease take();
  /// After a whole answer that keeps the connection alive.
  void give_back(std::shared_ptr<TlsLink> link);
  /// Closes what has been idle too long. Returns how many are left.
  std::size_t sweep();
  void close_all();

 private:
  struct Idle {
    std::shared_ptr<TlsLink> link;
    std::int64_t since_ms;
  };
  boost::asio::io_context& context_;
  const std::shared_ptr<Credentials> credentials_;
  std::vector<Idle> idle_;  // oldest first
};

}  // namespace podcron::net
