// What the tests of this folder share: an I/O thread, credentials for a TlsServer, and waiting for
// a condition instead of a time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "controller/net/factories.h"
#include "unit/net/tls_server.h"

namespace podcron::net {

/// Far longer than anything here takes, also under TSan on a busy machine.
inline constexpr std::chrono::seconds kPatience{60};

/// A value that some thread changes and the test waits for.
template <class T>
class Watched {
 public:
  void change(const std::function<void(T&)>& edit) {
    // Under the lock: once the waiter goes on, this object may be gone.
    const std::lock_guard lock(mutex_);
    edit(value_);
    changed_.notify_all();
  }
  /// A copy, once `ready` holds; after kPatience a copy of what is there.
  T wait(const std::function<bool(const T&)>& ready) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, kPatience, [&] { return ready(value_); });
    EXPECT_TRUE(came) << "waited in vain";
    return value_;
  }
  T get() {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

inline config::ClusterAccess access_to(std::uint16_t port, const std::string& ca_pem) {
  config::ClusterAccess access;
  access.host = "127.0.0.1";
  access.port = port;
  access.ca.text = ca_pem;
  access.token = "secret";
  access.origin = "test";
  return access;
}

inline std::shared_ptr<Credentials> credentials_for(const config::ClusterAccess& access) {
  auto credentials = Credentials::load(access, nullptr);
  EXPECT_TRUE(credentials) << credentials.error().message;
  return *credentials;
}

inline std::shared_ptr<Credentials> credentials_for(const TlsServer& server) {
  return credentials_for(access_to(server.port(), server.ca_pem()));
}

/// Runs `task` on the I/O thread and waits for it.
inline void run_on(IoThread& io, const std::function<void()>& task) {
  Watched<bool> done;
  io.post([&] {
    task();
    done.change([](bool& value) { value = true; });
  });
  done.wait([](bool value) { return value; });
}

}  // namespace podcron::net
