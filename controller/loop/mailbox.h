// What the I/O threads tell the engine thread.
//
// Completions and Shutdown always fit: the engine bounds how many can be under way. Stream batches
// are bounded by kStreamBytesMax: above it a reader is asked to wait, and so its peer.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "engine/effects.h"

namespace podcron::loop {

class Mailbox {
 public:
  static constexpr std::size_t kStreamBytesMax = 8u << 20;

  struct Letter {
    engine::Input input;
    std::size_t stream_bytes = 0;
  };

  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread, never blocks, keeps the order of one thread. `stream_bytes`: what a batch costs.
  /// Cost: 60-70 ns in a flood; a write(2) only when the reader sleeps.
  void post(engine::Input input, std::size_t stream_bytes = 0);

  /// True when a stream may go on. Else `resume` is called once, by the engine thread, when half
  /// of the room is free again. Any thread.
  bool ready(std::function<void()> resume);

  // ---- Engine thread ----

  /// Moves all letters to the end of `out`, oldest first.
  void take(std::vector<Letter>& out);
  /// The engine has seen this much of the streams.
  void release(std::size_t stream_bytes);
  /// False: there are letters. True: the next post makes wake_fd() readable.
  bool may_sleep();
  /// An eventfd. Read it after waking.
  [[nodiscard]] int wake_fd() const { return wake_fd_; }
  void clear_wake();

 private:
  const int wake_fd_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<Letter> letters_;
  std::vector<std::function<void()>> waiting_;
  std::size_t stream_bytes_ = 0;
  bool sleeping_ = false;
};

}  // namespace podcron::loop
