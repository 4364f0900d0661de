// A server on 127.0.0.1, with TLS or without, whose every byte a test writes: blocking sockets, one
// thread a connection, its own certification authority.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace podcron::net {

/// A key and a certificate for 127.0.0.1, localhost and `name`, signed by a fresh CA.
struct TestPki {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};
TestPki make_pki(const std::string& name = "test.podcron.dev");

/// One accepted connection, on its own thread.
class Peer {
 public:
  /// `tls` may be null: then the connection is plain.
  Peer(SSL* tls, int fd) : tls_(tls), fd_(fd) {}

  /// The next request: head and body. "" when the client has gone.
  std::string read_request();
  /// One read, whatever comes; "" at the end.
  std::string read_some();
  /// False when the client has gone.
  bool write(std::string_view bytes);
  /// 200 with this JSON body, connection kept alive.
  bool answer(std::string_view body, int status = 200);
  /// A reset instead of an orderly end.
  void cut();
  /// TLS and TCP end in order, as a server does that closes an idle connection.
  void close();
  /// Until the client closes. Bytes that come are thrown away.
  void wait_for_end();
  [[nodiscard]] bool resumed() const { return SSL_session_reused(tls_) == 1; }

 private:
  SSL* tls_;
  int fd_;
  std::string buffer_;
};

class TlsServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit TlsServer(Script script, TestPki pki = make_pki(), bool plain = false);
  /// Ends all connections and joins.
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& ca_pem() const { return pki_.ca_pem; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int resumed() const { return resumed_; }

 private:
  void accept_all();
  void serve(int fd);

  const Script script_;
  const TestPki pki_;
  const bool plain_;
  SSL_CTX* context_ = nullptr;
  int listen_fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<int> resumed_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<int> fds_;              // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_
  std::thread acceptor_;
};

/// A port on which nobody listens.
std::uint16_t closed_port();

}  // namespace podcron::net
