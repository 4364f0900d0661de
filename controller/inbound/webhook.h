// The HTTPS server that the API server asks before it connects somebody to a pod.
//
// Whoever reaches the pod's network reaches this port, so everything has a limit: head 16 KiB, body
// 256 KiB, 128 connections; 10 s for the handshake, the first request and each answer, 5 minutes
// until another request has come.
// It only passes on what it is asked: the engine decides, and every answer is "allowed".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "controller/config/cluster_access.h"
#include "controller/net/io_thread.h"
#include "engine/effects.h"

namespace podcron::net {
struct ServerIdentity;
}

namespace podcron::inbound {

/// The one path that is served.
inline constexpr std::string_view kSessionsPath = "/sessions";

class Webhook {
 public:
  using OnReview = std::function<void(engine::SessionReview)>;

  virtual ~Webhook() = default;
  /// "127.0.0.1:40123": with the port that was chosen for :0.
  [[nodiscard]] virtual std::string address() const = 0;
  /// What later connections are shown. I/O thread.
  virtual void show(std::shared_ptr<net::ServerIdentity> identity) = 0;
  /// Answers a review; one that nobody waits for any more is nothing. I/O thread.
  virtual void answer(std::uint64_t review) = 0;
};

/// `on_review` runs on the I/O thread. Errors: as listen().
Result<std::shared_ptr<Webhook>> listen_webhook(net::IoThread& io, const config::HostPort& at,
                                                std::shared_ptr<net::ServerIdentity> identity,
                                                Webhook::OnReview on_review);

}  // namespace podcron::inbound
