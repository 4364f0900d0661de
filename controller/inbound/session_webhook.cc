#include "controller/inbound/session_webhook.h"

#include <utility>

#include "controller/inbound/webhook_certificate.h"
#include "controller/loop/real_clock.h"
#include "observe/log_keys.h"

namespace podcron::inbound {

Result<std::shared_ptr<Webhook>> open_session_webhook(
    net::IoThread& io, const config::Config& config, const std::string& owner,
    const std::shared_ptr<net::Transport>& transport, const std::shared_ptr<loop::Mailbox>& mailbox,
    telemetry::LogSink& log) {
  if (!config.webhook_listen) return std::shared_ptr<Webhook>();
  const auto now = [] { return whole_seconds(loop::real_now().wall); };
  auto certificate = WebhookCertificate::open(
      {config.webhook_cert_file, config.webhook_key_file, config.webhook_names,
       config.webhook_configuration, owner},
      now(), [&log](const std::string& error) {
        log.write(
            {engine::LogLevel::kWarning, "webhook certificate", {{observe::key::kError, error}}});
      });
  if (!certificate) return tl::unexpected(certificate.error());
  auto webhook =
      listen_webhook(io, *config.webhook_listen, (*certificate)->identity(),
                     [mailbox](engine::SessionReview review) { mailbox->post(std::move(review)); });
  if (!webhook) return tl::unexpected(webhook.error());
  const auto tend = [kept = *certificate, transport, shown = *webhook, now] {
    kept->tend(now(), *transport, *shown);
  };
  io.post(tend);
  io.every(kCertificateTendPeriod, tend);
  return *webhook;
}

}  // namespace podcron::inbound
