#include "controller/net/tls_material.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "controller/config/environment.h"
#include "controller/config/file_text.h"

namespace podcron::net {
namespace {

constexpr std::array<unsigned char, 9> kAlpnHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// Which slot a session ticket belongs to: the context carries a pointer to its TlsMaterial.
int context_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

int on_new_session(SSL* connection, SSL_SESSION* session) {
  void* const owner = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_slot());
  static_cast<TlsMaterial*>(owner)->keep_session(session);
  return 1;  // the reference is ours now
}

Result<Pem> read_pem(const config::PemSource& source, std::string_view what) {
  if (!source.text.empty()) return Pem{fmt::format("{}-data", what), source.text};
  auto text = config::read_file(source.path, kPemBytesMax);
  if (!text) {
    return fail(text.error().code, fmt::format("{}: {}", what, text.error().message));
  }
  return Pem{fmt::format("{} {}", what, source.path), std::move(*text)};
}

Result<OpenSslPtr<X509_STORE>> trust_in(const config::PemSource& ca) {
  config::PemSource source = ca;
  if (source.empty()) source.path = system_ca_file();
  if (source.empty()) {
    return fail(ErrorCode::kNotFound,
                "no certificate-authority is given and this machine has no file of its own");
  }
  auto pem = read_pem(source, "certificate-authority");
  if (!pem) return tl::unexpected(pem.error());
  auto certificates = certificates_of(*pem);
  if (!certificates) return tl::unexpected(certificates.error());
  OpenSslPtr<X509_STORE> store(X509_STORE_new());
  for (const auto& certificate : *certificates) {
    X509_STORE_add_cert(store.get(), certificate.get());
  }
  ERR_clear_error();
  return store;
}

}  // namespace

const std::string& system_ca_file() {
  static const std::string found = [] {
    const std::string told = config::environment("SSL_CERT_FILE");
    for (const char* path :
         {told.c_str(), X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
      if (*path != '\0' && ::access(path, R_OK) == 0) return std::string(path);
    }
    return std::string();
  }();
  return found;
}

Result<std::shared_ptr<TlsMaterial>> TlsMaterial::load(const config::ClusterAccess& access) {
  std::shared_ptr<TlsMaterial> material(new TlsMaterial());
  auto trusted = trust_in(access.ca);
  if (!trusted) return tl::unexpected(trusted.error());
  material->trusted_ = std::move(*trusted);
  if (!access.client_certificate.empty()) {
    auto certificate_pem = read_pem(access.client_certificate, "client-certificate");
    if (!certificate_pem) return tl::unexpected(certificate_pem.error());
    auto chain = certificates_of(*certificate_pem);
    if (!chain) return tl::unexpected(chain.error());
    auto key_pem = read_pem(access.client_key, "client-key");
    if (!key_pem) return tl::unexpected(key_pem.error());
    auto key = key_of(*key_pem);
    if (!key) return tl::unexpected(key.error());
    material->chain_ = std::move(*chain);
    material->key_ = std::move(*key);
  }
  material->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = material->context_.get();
  if (std::string refused = material->apply(context); !refused.empty()) {
    return fail(ErrorCode::kMalformed,
                fmt::format("client-certificate and client-key: {}", refused));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_ex_data(context, context_slot(), material.get());
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  return material;
}

std::shared_ptr<TlsMaterial> TlsMaterial::unverified() {
  std::shared_ptr<TlsMaterial> material(new TlsMaterial());
  material->trusted_.reset(X509_STORE_new());
  material->context_.reset(SSL_CTX_new(TLS_client_method()));
  material->apply(material->context_.get());
  SSL_CTX_set_verify(material->context_.get(), SSL_VERIFY_NONE, nullptr);
  return material;
}

std::string TlsMaterial::apply(SSL_CTX* context) const {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, kAlpnHttp11.data(), kAlpnHttp11.size());
  X509_STORE_up_ref(trusted_.get());
  SSL_CTX_set_cert_store(context, trusted_.get());
  if (chain_.empty()) return "";
  return show(context, chain_, key_.get());
}

void TlsMaterial::prepare(SSL* connection, const std::string& verified_name) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(connection);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, verified_name.c_str()) != 1) {
    ERR_clear_error();  // no address, so a name; SNI must not carry addresses (RFC 6066)
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, verified_name.c_str(), verified_name.size());
    SSL_set_tlsext_host_name(connection, verified_name.c_str());
  }
  const std::lock_guard lock(mutex_);
  if (session_ && SSL_SESSION_is_resumable(session_.get()) == 1) {
    // A copy: a connection that breaks marks its session as not to be resumed.
    const OpenSslPtr<SSL_SESSION> copy(SSL_SESSION_dup(session_.get()));
    if (copy) SSL_set_session(connection, copy.get());
  }
}

void TlsMaterial::keep_session(SSL_SESSION* session) {
  const std::lock_guard lock(mutex_);
  session_.reset(session);
}

}  // namespace podcron::net
