#include "controller/net/server_identity.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "controller/config/file_text.h"
#include "controller/net/pem.h"

namespace podcron::net {
namespace {

/// Clocks differ: what is valid from now on is not yet valid for a clock that is behind.
constexpr long kBackdatedSeconds = 3600;
constexpr int kSerialBytes = 16;

Result<Pem> read_pem_file(std::string_view flag, const std::string& path) {
  auto text = config::read_file(path, kPemBytesMax);
  if (!text) return fail(text.error().code, fmt::format("{}: {}", flag, text.error().message));
  return Pem{fmt::format("{} {}", flag, path), std::move(*text)};
}

Result<std::shared_ptr<ServerIdentity>> identity_of(const std::vector<OpenSslPtr<X509>>& chain,
                                                    EVP_PKEY* key, std::string certificates) {
  auto identity = std::make_shared<ServerIdentity>();
  SSL_CTX* const context = identity->context.native_handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Nobody is asked for a certificate, so no session has to be told apart.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (const std::string refused = show(context, chain, key); !refused.empty()) {
    return fail(ErrorCode::kMalformed, refused);
  }
  identity->certificates = std::move(certificates);
  return identity;
}

/// False: OpenSSL takes none of it as a value of that extension.
bool add_extension(X509* certificate, int id, const std::string& value) {
  const OpenSslPtr<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// "DNS:a,IP:127.0.0.1"; empty: one of them is no name. A comma would begin another entry.
std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const auto odd = [](char c) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      return !letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != ':';
    };
    if (name.empty() || std::any_of(name.begin(), name.end(), odd)) return "";
    const bool address = name.find(':') != std::string::npos ||
                         name.find_first_not_of("0123456789.") == std::string::npos;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", address ? "IP" : "DNS", name);
  }
  return text;
}

void set_serial(X509* certificate) {
  unsigned char bytes[kSerialBytes] = {};
  RAND_bytes(bytes, sizeof bytes);
  bytes[0] &= 0x7f;  // positive
  BIGNUM* const number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
}

std::string to_pem(X509* certificate) {
  const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::shared_ptr<ServerIdentity>> load_server_identity(const std::string& certificate_file,
                                                             const std::string& key_file) {
  const auto certificate_pem = read_pem_file("--webhook-cert-file", certificate_file);
  if (!certificate_pem) return tl::unexpected(certificate_pem.error());
  const auto chain = certificates_of(*certificate_pem);
  if (!chain) return tl::unexpected(chain.error());
  const auto key_pem = read_pem_file("--webhook-key-file", key_file);
  if (!key_pem) return tl::unexpected(key_pem.error());
  const auto key = key_of(*key_pem);
  if (!key) return tl::unexpected(key.error());
  auto identity = identity_of(*chain, key->get(), certificate_pem->text);
  if (!identity) {
    return fail(ErrorCode::kMalformed, fmt::format("--webhook-cert-file {} and key: {}",
                                                   certificate_file, identity.error().message));
  }
  return identity;
}

Result<std::shared_ptr<ServerIdentity>> make_server_identity(const std::vector<std::string>& names,
                                                             Seconds validity) {
  const std::string wanted = alternatives(names);
  const OpenSslPtr<EVP_PKEY> key(EVP_EC_gen("P-256"));
  std::vector<OpenSslPtr<X509>> chain;
  chain.emplace_back(X509_new());
  X509* const certificate = chain.front().get();
  X509_set_version(certificate, X509_VERSION_3);
  set_serial(certificate);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kBackdatedSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(validity.count()));
  X509_set_pubkey(certificate, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("podcron webhook"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  if (wanted.empty() || !add_extension(certificate, NID_subject_alt_name, wanted)) {
    openssl_error();  // what is left in the queue would be taken for another connection's
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--webhook-names: got \"{}\", wanted DNS names or IP addresses",
                            fmt::join(names, ",")));
  }
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign");
  add_extension(certificate, NID_ext_key_usage, "serverAuth");
  X509_sign(certificate, key.get(), EVP_sha256());
  return identity_of(chain, key.get(), to_pem(certificate));
}

}  // namespace podcron::net
