// Who we are, as the files say now: certificates and tokens are replaced while we run.
//
// Kubernetes rotates a pod's token about every hour and tools rewrite certificates; nobody tells
// us. So the files are looked at again at most every kRecheckPeriod when a request needs them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "controller/config/cluster_access.h"
#include "controller/net/tls_material.h"

namespace podcron::net {

/// Safe to use from several threads. Cost of the calls between two looks: a lock and a clock read.
class Credentials {
 public:
  static constexpr Millis kRecheckPeriod{10'000};

  /// Told when changed files cannot be used; the old material stays in use.
  using OnProblem = std::function<void(const Error&)>;

  /// Errors: as TlsMaterial::load, and for the token file.
  static Result<std::shared_ptr<Credentials>> load(config::ClusterAccess access,
                                                   OnProblem on_problem);

  [[nodiscard]] const config::ClusterAccess& access() const { return access_; }
  /// Never null.
  std::shared_ptr<TlsMaterial> material();
  /// "Bearer …", or "" without a token.
  std::string authorization();
  /// A 401 came: look at the files before the next request.
  void suspect();

 private:
  struct FileStamp {
    std::string path;
    std::int64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };

  Credentials(config::ClusterAccess access, OnProblem on_problem);
  [[nodiscard]] std::vector<FileStamp> stamp_files() const;
  Result<void> read_all(std::vector<FileStamp> stamps);
  void recheck();

  const config::ClusterAccess access_;
  const OnProblem on_problem_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::shared_ptr<TlsMaterial> material_;
  std::string authorization_;
  std::vector<FileStamp> stamps_;
  std::int64_t next_look_ms_ = 0;
};

}  // namespace podcron::net
