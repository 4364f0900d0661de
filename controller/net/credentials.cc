#include "controller/net/credentials.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "controller/config/file_text.h"

namespace podcron::net {
namespace {

constexpr std::size_t kTokenBytesMax = 64 * 1024;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// A token becomes part of a header line: a line end in it would forge headers.
bool fits_header(const std::string& token) {
  for (const char c : token) {
    if (c <= ' ' || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

Credentials::Credentials(config::ClusterAccess access, OnProblem on_problem)
    : access_(std::move(access)), on_problem_(std::move(on_problem)) {}

Result<std::shared_ptr<Credentials>> Credentials::load(config::ClusterAccess access,
                                                       OnProblem on_problem) {
  std::shared_ptr<Credentials> result(new Credentials(std::move(access), std::move(on_problem)));
  auto read = result->read_all(result->stamp_files());
  if (!read) {
    return fail(read.error().code,
                fmt::format("{}: {}", result->access_.origin, read.error().message));
  }
  result->next_look_ms_ = steady_ms() + kRecheckPeriod.count();
  return result;
}

std::vector<Credentials::FileStamp> Credentials::stamp_files() const {
  std::vector<FileStamp> stamps;
  for (const std::string* path : {&access_.ca.path, &access_.client_certificate.path,
                                  &access_.client_key.path, &access_.token_file}) {
    if (path->empty()) continue;
    FileStamp stamp{*path};
    struct stat found {};
    if (::stat(path->c_str(), &found) == 0) {
      stamp.inode = static_cast<std::int64_t>(found.st_ino);
      stamp.changed_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec;
      stamp.size = found.st_size;
    }
    stamps.push_back(std::move(stamp));
  }
  return stamps;
}

Result<void> Credentials::read_all(std::vector<FileStamp> stamps) {
  std::string token = access_.token;
  if (!access_.token_file.empty()) {
    auto text = config::read_file(access_.token_file, kTokenBytesMax);
    if (!text) return fail(text.error().code, "token file: " + text.error().message);
    token = config::trimmed(*text);
    if (token.empty()) {
      return fail(ErrorCode::kMalformed, fmt::format("token file: {}: empty", access_.token_file));
    }
  }
  if (!fits_header(token)) {
    return fail(ErrorCode::kMalformed, "the token has a blank or control character in it");
  }
  auto material = TlsMaterial::load(access_);
  if (!material) return tl::unexpected(material.error());
  material_ = std::move(*material);
  authorization_ = token.empty() ? "" : "Bearer " + token;
  stamps_ = std::move(stamps);
  return {};
}

void Credentials::recheck() {
  const std::int64_t now_ms = steady_ms();
  if (now_ms < next_look_ms_) return;
  next_look_ms_ = now_ms + kRecheckPeriod.count();
  std::vector<FileStamp> stamps = stamp_files();
  if (stamps == stamps_) return;
  // Stamps are taken before reading: a change in between is seen by the next look.
  if (auto read = read_all(std::move(stamps)); !read && on_problem_) on_problem_(read.error());
}

std::shared_ptr<TlsMaterial> Credentials::material() {
  const std::lock_guard lock(mutex_);
  recheck();
  return material_;
}

std::string Credentials::authorization() {
  const std::lock_guard lock(mutex_);
  recheck();
  return authorization_;
}

void Credentials::suspect() {
  const std::lock_guard lock(mutex_);
  next_look_ms_ = 0;
}

}  // namespace podcron::net
