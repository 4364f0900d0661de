// PEM texts as OpenSSL's objects.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace podcron::net {

struct OpenSslFree {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL_SESSION* p) const { SSL_SESSION_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};
template <class T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

struct Pem {
  std::string name;  // for messages
  std::string text;
};
inline constexpr std::size_t kPemBytesMax = 4u << 20;

/// All certificates of a PEM text; other blocks are skipped. Errors: kMalformed.
Result<std::vector<OpenSslPtr<X509>>> certificates_of(const Pem& pem);
/// Errors: kMalformed, also for an encrypted one.
Result<OpenSslPtr<EVP_PKEY>> key_of(const Pem& pem);

/// Shows this chain, own certificate first, with this key. "" or what OpenSSL refused.
std::string show(SSL_CTX* context, const std::vector<OpenSslPtr<X509>>& chain, EVP_PKEY* key);

/// The oldest error in OpenSSL's queue of this thread, which is emptied.
std::string openssl_error();

}  // namespace podcron::net
