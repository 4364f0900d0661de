#include "controller/loop/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>

#include "base/assert.h"

namespace podcron::loop {

Mailbox::Mailbox() : wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  PODCRON_ASSERT(wake_fd_ >= 0);
}

Mailbox::~Mailbox() { ::close(wake_fd_); }

void Mailbox::post(engine::Input input, std::size_t stream_bytes) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    letters_.push_back({std::move(input), stream_bytes});
    stream_bytes_ += stream_bytes;
    wake = std::exchange(sleeping_, false);
  }
  if (!wake) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

bool Mailbox::ready(std::function<void()> resume) {
  const std::lock_guard lock(mutex_);
  if (stream_bytes_ < kStreamBytesMax) return true;
  waiting_.push_back(std::move(resume));
  return false;
}

void Mailbox::take(std::vector<Letter>& out) {
  const std::lock_guard lock(mutex_);
  if (out.empty()) {
    out.swap(letters_);
    return;
  }
  std::move(letters_.begin(), letters_.end(), std::back_inserter(out));
  letters_.clear();
}

void Mailbox::release(std::size_t stream_bytes) {
  std::vector<std::function<void()>> resumed;
  {
    const std::lock_guard lock(mutex_);
    stream_bytes_ -= stream_bytes;
    // Half full, so that readers do not stop and go for every batch.
    if (stream_bytes_ <= kStreamBytesMax / 2) resumed.swap(waiting_);
  }
  for (const auto& resume : resumed) resume();
}

bool Mailbox::may_sleep() {
  const std::lock_guard lock(mutex_);
  sleeping_ = letters_.empty();
  return sleeping_;
}

void Mailbox::clear_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(wake_fd_, &count, sizeof count);
}

}  // namespace podcron::loop
