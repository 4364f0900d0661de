// The session webhook put together: listener, certificate, and the way to the engine.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "controller/config/config.h"
#include "controller/inbound/webhook.h"
#include "controller/loop/mailbox.h"
#include "controller/net/io_thread.h"
#include "controller/net/transport.h"
#include "controller/telemetry/log_sink.h"

namespace podcron::inbound {

/// Null when the configuration asks for none. `owner` is this process in the CA bundle.
/// Errors: those of listen_webhook() and WebhookCertificate::open().
Result<std::shared_ptr<Webhook>> open_session_webhook(
    net::IoThread& io, const config::Config& config, const std::string& owner,
    const std::shared_ptr<net::Transport>& transport, const std::shared_ptr<loop::Mailbox>& mailbox,
    telemetry::LogSink& log);

}  // namespace podcron::inbound
