// What TLS needs to know of one cluster: whom to trust and who we are, ready for OpenSSL.
//
// One SSL_CTX is shared by all connections (about 1 ms and 0.1 MB less for each than a context of
// its own), TLS 1.2 or later, ALPN http/1.1, and the last session ticket is kept for resumption.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controller/config/cluster_access.h"
#include "controller/net/pem.h"

namespace podcron::net {

/// Immutable but for the session slot; safe to use from several threads.
class TlsMaterial {
 public:
  /// Reads the files of `access`. Without a CA: `system_ca_file()`.
  /// Errors: kNotFound for a file, kMalformed for its content, naming it.
  static Result<std::shared_ptr<TlsMaterial>> load(const config::ClusterAccess& access);

  /// Trusts every certificate: for pods whose users say so, never for who is sent credentials.
  static std::shared_ptr<TlsMaterial> unverified();

  /// Certificates, key, trust, versions; for a context made elsewhere (cpprestsdk).
  /// Returns "" or what OpenSSL refused.
  std::string apply(SSL_CTX* context) const;

  /// Lives as long as this.
  [[nodiscard]] SSL_CTX* context() const { return context_.get(); }

  /// Sets the name to verify (name or IP address), SNI, and a session to resume if there is one.
  void prepare(SSL* connection, const std::string& verified_name);

  /// Takes over a reference: the ticket that the next handshake resumes. Called by OpenSSL.
  void keep_session(SSL_SESSION* session);

 private:
  TlsMaterial() = default;

  OpenSslPtr<X509_STORE> trusted_;
  std::vector<OpenSslPtr<X509>> chain_;  // own certificate first
  OpenSslPtr<EVP_PKEY> key_;
  OpenSslPtr<SSL_CTX> context_;
  std::mutex mutex_;
  OpenSslPtr<SSL_SESSION> session_;  // guarded by mutex_
};

/// The first of SSL_CERT_FILE, OpenSSL's own and the distributions' usual files that exists; ""
/// when there is none. The first call decides: later changes of the environment do not matter.
const std::string& system_ca_file();

}  // namespace podcron::net
