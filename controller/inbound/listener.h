// The small HTTP server for probes and Prometheus, on the I/O thread.
//
// Anything in the cluster can reach it, so everything has a limit: head 8 KiB, no body, 10 s for
// a request and its answer, 60 s idle, 64 connections, 1,000 requests a connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "controller/config/cluster_access.h"
#include "controller/inbound/endpoints.h"
#include "controller/net/io_thread.h"

namespace podcron::inbound {

class Listener {
 public:
  virtual ~Listener() = default;
  /// "127.0.0.1:40123": with the port that was chosen for :0.
  [[nodiscard]] virtual std::string address() const = 0;
};

/// `host` empty: all addresses. Closing is the end of the I/O thread.
/// Errors: kInvalidArgument naming the address and the system's reason.
Result<std::unique_ptr<Listener>> listen(net::IoThread& io, const config::HostPort& at,
                                         const Endpoints& endpoints);

}  // namespace podcron::inbound
