#include "controller/inbound/webhook_certificate.h"

#include <utility>

#include <fmt/format.h>

#include "controller/net/server_identity.h"
#include "kube/paths.h"

namespace podcron::inbound {
namespace {

constexpr std::string_view kConfigurations =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/";
constexpr Millis kTimeout{10'000};
/// The engine counts its calls from 1.
constexpr net::CallId kFirstCall = 1ULL << 63;

std::string described(const net::Reply& reply) {
  if (reply.certainty != engine::Certainty::kDone) return reply.error;
  return fmt::format("HTTP {}: {}", reply.head.status, reply.body.substr(0, 512));
}

}  // namespace

WebhookCertificate::WebhookCertificate(CertificateSource source, Complain complain)
    : source_(std::move(source)), complain_(std::move(complain)), call_(kFirstCall) {}

Result<std::shared_ptr<WebhookCertificate>> WebhookCertificate::open(CertificateSource source,
                                                                     WallTime now,
                                                                     Complain complain) {
  std::shared_ptr<WebhookCertificate> made(
      new WebhookCertificate(std::move(source), std::move(complain)));
  const CertificateSource& from = made->source_;
  auto identity = from.certificate_file.empty()
                      ? net::make_server_identity(from.names, kCertificateValidity)
                      : net::load_server_identity(from.certificate_file, from.key_file);
  if (!identity) return tl::unexpected(identity.error());
  made->identity_ = std::move(*identity);
  made->until_ = now + kCertificateValidity;
  return made;
}

void WebhookCertificate::tend(WallTime now, net::Transport& transport, Webhook& webhook) {
  if (!source_.certificate_file.empty()) return read_files(webhook);
  rotate(now, webhook);
  if (!source_.configuration.empty() && !asking_) ask(now, transport);
}

void WebhookCertificate::read_files(Webhook& webhook) {
  auto identity = net::load_server_identity(source_.certificate_file, source_.key_file);
  // Half written, perhaps: the one that is shown stays.
  if (!identity) return wrong(identity.error().message);
  well(false);
  if ((*identity)->certificates == identity_->certificates) return;
  identity_ = std::move(*identity);
  webhook.show(identity_);
}

void WebhookCertificate::rotate(WallTime now, Webhook& webhook) {
  // Since the last look the API server has had time to see it in the bundle.
  if (next_ && (next_trusted_ || source_.configuration.empty())) {
    identity_ = std::move(next_);
    until_ = next_until_;
    next_.reset();
    webhook.show(identity_);
  }
  if (next_ || now < until_ - kCertificateValidity / 3) return;
  auto made = net::make_server_identity(source_.names, kCertificateValidity);
  if (!made) return wrong(made.error().message);
  next_ = std::move(*made);
  next_until_ = now + kCertificateValidity;
  next_trusted_ = false;
}

void WebhookCertificate::ask(WallTime now, net::Transport& transport) {
  asking_ = true;
  net::Request request;
  request.path = fmt::format("{}{}", kConfigurations, kube::percent_encode(source_.configuration));
  request.timeout = kTimeout;
  transport.start(++call_, std::move(request),
                  [self = shared_from_this(), now, &transport](net::Reply reply) {
                    self->on_configuration(now, transport, std::move(reply));
                  });
}

void WebhookCertificate::on_configuration(WallTime now, net::Transport& transport,
                                          net::Reply reply) {
  asking_ = false;
  if (reply.head.status != 200) return wrong(described(reply));
  std::vector<BundleEntry> ours{{source_.owner, until_, identity_->certificates}};
  if (next_) ours.push_back({source_.owner, next_until_, next_->certificates});
  auto changed = with_certificates(reply.body, ours, now);
  if (!changed) return wrong(changed.error().message);
  if (!*changed) return well(true);
  asking_ = true;
  net::Request request;
  request.method = engine::Method::kPut;
  request.path = fmt::format("{}{}", kConfigurations, kube::percent_encode(source_.configuration));
  request.body = std::move(**changed);
  request.timeout = kTimeout;
  transport.start(++call_, std::move(request),
                  [self = shared_from_this(), now, &transport](net::Reply answer) {
                    self->asking_ = false;
                    if (answer.head.status == 200) return self->well(true);
                    // Another replica wrote at the same time: what it wrote is to be kept.
                    if (answer.head.status == 409) return self->ask(now, transport);
                    self->wrong(described(answer));
                  });
}

void WebhookCertificate::well(bool in_bundle) {
  told_.clear();
  next_trusted_ = in_bundle && next_ != nullptr;
}

void WebhookCertificate::wrong(const std::string& error) {
  if (std::exchange(told_, error) != error) complain_(error);
}

}  // namespace podcron::inbound
