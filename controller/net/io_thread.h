// The one thread that waits for sockets.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace podcron::net {

class IoThread {
 public:
  IoThread();
  /// Stops and joins: nothing runs on the thread afterwards.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] boost::asio::io_context& context();
  /// Runs `task` on the thread, in order of posting. Any thread; never blocks.
  void post(std::function<void()> task);
  /// Runs `task` on the thread again and again, first after one `period`, until stop(). Any thread.
  void every(std::chrono::milliseconds period, std::function<void()> task);
  /// Ends the loop after the handler that runs now, and joins. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::net
