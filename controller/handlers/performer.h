// Hands every effect to its handler: logs and metrics here, the rest on the I/O thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "controller/handlers/strategy_webhook.h"
#include "controller/inbound/webhook.h"
#include "controller/loop/mailbox.h"
#include "controller/net/factories.h"
#include "controller/telemetry/log_sink.h"
#include "controller/telemetry/metric_registry.h"
#include "engine/effects.h"

namespace podcron::handlers {

class Performer {
 public:
  struct Parts {
    net::IoThread& io;
    std::shared_ptr<net::Transport> transport;
    std::shared_ptr<net::StreamTransport> streams;
    std::shared_ptr<net::ExecDialer> dialer;
    std::shared_ptr<net::PodHttp> pods;
    /// Of its own, so that slow pods take no place from the controller's own requests.
    std::shared_ptr<net::Transport> proxied;
    std::shared_ptr<loop::Mailbox> mailbox;
    telemetry::LogSink& log;
    telemetry::MetricRegistry& metrics;
    std::shared_ptr<inbound::Webhook> webhook = nullptr;  // null: nobody is asked
    StrategyServices strategies{};
  };
  explicit Performer(Parts parts);

  /// Engine thread. Takes the effects out of the vector; those for the I/O thread go there
  /// together, in order.
  void perform(std::vector<engine::Effect>& effects);

  /// Cancels all that is open and waits for it, at most `limit`. False: something is still open,
  /// and the process must not run static destructors. Engine thread, after the last perform().
  bool stop(Millis limit);

 private:
  void perform_queued();
  void perform_on_io(engine::Effect&& effect);

  const Parts parts_;
  std::mutex mutex_;
  std::vector<engine::Effect> queue_;  // guarded by mutex_
};

}  // namespace podcron::handlers
