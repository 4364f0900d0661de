// The certificate that the webhook shows, and who is told to trust it.
//
// From files (a mounted Secret), it is read again when they change; whoever mounts it also writes
// the CA bundle. Self-made, it is added to the bundle of the webhook configuration, made anew in
// time, and shown only once it stands there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "controller/inbound/webhook.h"
#include "controller/inbound/webhook_bundle.h"
#include "controller/net/transport.h"

namespace podcron::inbound {

struct CertificateSource {
  std::string certificate_file;  // with key_file; both empty: self-made
  std::string key_file;
  std::vector<std::string> names;  // for a self-made one
  std::string configuration;       // name of the configuration to write to; empty: none
  std::string owner;               // this process, in the bundle
};

/// Made anew after two thirds of it.
inline constexpr Seconds kCertificateValidity{7 * 24 * 3600};
/// How often tend() wants to be called.
inline constexpr Millis kCertificateTendPeriod{60'000};

class WebhookCertificate : public std::enable_shared_from_this<WebhookCertificate> {
 public:
  using Complain = std::function<void(const std::string& error)>;

  /// Errors: those of net::load_server_identity and make_server_identity.
  static Result<std::shared_ptr<WebhookCertificate>> open(CertificateSource source, WallTime now,
                                                          Complain complain);

  [[nodiscard]] const std::shared_ptr<net::ServerIdentity>& identity() const { return identity_; }

  /// Reads the files again, or makes sure that the bundle has ours; asks one thing at a time.
  /// I/O thread. `complain` is told what went wrong once, until it is well again.
  void tend(WallTime now, net::Transport& transport, Webhook& webhook);

 private:
  WebhookCertificate(CertificateSource source, Complain complain);

  void read_files(Webhook& webhook);
  void rotate(WallTime now, Webhook& webhook);
  void ask(WallTime now, net::Transport& transport);
  void on_configuration(WallTime now, net::Transport& transport, net::Reply reply);
  void well(bool in_bundle);
  void wrong(const std::string& error);

  const CertificateSource source_;
  const Complain complain_;
  std::shared_ptr<net::ServerIdentity> identity_;
  std::shared_ptr<net::ServerIdentity> next_;  // waits until the bundle has it
  bool next_trusted_ = false;                  // since the last tend()
  WallTime until_{};
  WallTime next_until_{};
  net::CallId call_;
  bool asking_ = false;
  std::string told_;
};

}  // namespace podcron::inbound
