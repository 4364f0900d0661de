#include "unit/net/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace podcron::net {
namespace {

std::string to_text(const std::function<void(BIO*)>& write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  write(bio);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

X509* make_certificate(EVP_PKEY* key, const char* name, X509* issuer, EVP_PKEY* issuer_key,
                       const std::string& alternatives) {
  static std::atomic<long> serial{1};
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(issuer == nullptr ? certificate : issuer));
  const auto add = [certificate](int nid, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  if (issuer == nullptr) {
    add(NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add(NID_subject_alt_name, alternatives.c_str());
  }
  X509_sign(certificate, issuer_key, EVP_sha256());
  return certificate;
}

}  // namespace

TestPki make_pki(const std::string& name) {
  EVP_PKEY* const ca_key = EVP_EC_gen("P-256");
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const ca = make_certificate(ca_key, "test CA", nullptr, ca_key, "");
  X509* const certificate =
      make_certificate(key, "server", ca, ca_key, "IP:127.0.0.1,DNS:localhost,DNS:" + name);
  TestPki pki;
  pki.ca_pem = to_text([ca](BIO* bio) { PEM_write_bio_X509(bio, ca); });
  pki.certificate_pem = to_text([certificate](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  pki.key_pem = to_text([key](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(certificate);
  X509_free(ca);
  EVP_PKEY_free(key);
  EVP_PKEY_free(ca_key);
  return pki;
}

std::string Peer::read_some() {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  char bytes[16 * 1024];
  ERR_clear_error();
  const auto count = tls_ != nullptr ? static_cast<ssize_t>(SSL_read(tls_, bytes, sizeof bytes))
                                     : ::recv(fd_, bytes, sizeof bytes, 0);
  return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : "";
}

std::string Peer::read_request() {
  std::string text;
  std::size_t wanted = std::string::npos;
  while (text.size() < wanted) {
    const std::string more = read_some();
    if (more.empty()) return "";
    text += more;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::size_t length = text.find("Content-Length: ");
    wanted = end + 4;
    if (length < end) wanted += static_cast<std::size_t>(std::atol(text.c_str() + length + 16));
  }
  buffer_ = text.substr(wanted);
  text.resize(wanted);
  return text;
}

bool Peer::write(std::string_view bytes) {
  ERR_clear_error();
  if (tls_ == nullptr) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) ==
         static_cast<int>(bytes.size());
}

bool Peer::answer(std::string_view body, int status) {
  return write(
      fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  status, body.size(), body));
}

void Peer::cut() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (tls_ != nullptr) SSL_set_quiet_shutdown(tls_, 1);
}

void Peer::close() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
  ::shutdown(fd_, SHUT_WR);
}

void Peer::wait_for_end() {
  while (!read_some().empty()) {
  }
}

TlsServer::TlsServer(Script script, TestPki pki, bool plain)
    : script_(std::move(script)),
      pki_(std::move(pki)),
      plain_(plain),
      context_(SSL_CTX_new(TLS_server_method())) {
  // OpenSSL writes with write(2), and the peer may have gone.
  ::signal(SIGPIPE, SIG_IGN);
  BIO* const certificate = BIO_new_mem_buf(pki_.certificate_pem.data(), -1);
  BIO* const key = BIO_new_mem_buf(pki_.key_pem.data(), -1);
  X509* const x509 = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
  EVP_PKEY* const pkey = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context_, x509);
  SSL_CTX_use_PrivateKey(context_, pkey);
  X509_free(x509);
  EVP_PKEY_free(pkey);
  BIO_free(certificate);
  BIO_free(key);
  SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>("t"), 1);

  listen_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listen_fd_, 512);
  ::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  stopping_ = true;
  ::shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listen_fd_);
  SSL_CTX_free(context_);
}

void TlsServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    fds_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void TlsServer::serve(int fd) {
  SSL* const tls = plain_ ? nullptr : SSL_new(context_);
  if (tls != nullptr) SSL_set_fd(tls, fd);
  if (tls == nullptr) {
    Peer peer(nullptr, fd);
    script_(peer);
  } else if (SSL_accept(tls) == 1) {
    Peer peer(tls, fd);
    if (peer.resumed()) ++resumed_;
    script_(peer);
    if (!stopping_) SSL_shutdown(tls);
  }
  {
    const std::lock_guard lock(mutex_);
    std::erase(fds_, fd);
    ::close(fd);
  }
  SSL_free(tls);
}

std::uint16_t closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace podcron::net
