#include "controller/net/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <fmt/format.h>

namespace podcron::net {

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

Result<std::vector<OpenSslPtr<X509>>> certificates_of(const Pem& pem) {
  const OpenSslPtr<BIO> bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
  std::vector<OpenSslPtr<X509>> result;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    result.emplace_back(certificate);
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = openssl_error();
  if (result.empty() || !at_end) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}: no usable PEM certificate: {}", pem.name, reason));
  }
  return result;
}

Result<OpenSslPtr<EVP_PKEY>> key_of(const Pem& pem) {
  const OpenSslPtr<BIO> bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
  // An empty pass phrase instead of asking on the terminal.
  char no_phrase[] = "";
  OpenSslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_phrase));
  if (!key) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}: no usable PEM private key (an encrypted one is not supported): {}",
                            pem.name, openssl_error()));
  }
  return key;
}

std::string show(SSL_CTX* context, const std::vector<OpenSslPtr<X509>>& chain, EVP_PKEY* key) {
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return openssl_error();
  SSL_CTX_clear_extra_chain_certs(context);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    X509_up_ref(chain[i].get());
    SSL_CTX_add_extra_chain_cert(context, chain[i].get());
  }
  if (SSL_CTX_use_PrivateKey(context, key) != 1) return openssl_error();
  if (SSL_CTX_check_private_key(context) != 1) return openssl_error();
  return "";
}

}  // namespace podcron::net
