#include "controller/net/io_thread.h"

#include <pthread.h>

#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

namespace podcron::net {
namespace {

struct Repetition : std::enable_shared_from_this<Repetition> {
  Repetition(boost::asio::io_context& context, std::chrono::milliseconds period_,
             std::function<void()> task_)
      : timer(context), period(period_), task(std::move(task_)) {}
  void arm() {
    timer.expires_after(period);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error) return;
      self->task();
      self->arm();
    });
  }
  boost::asio::steady_timer timer;
  std::chrono::milliseconds period;
  std::function<void()> task;
};

}  // namespace

struct IoThread::State {
  // One thread runs the loop; others only post.
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  std::thread thread;
};

IoThread::IoThread() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "io");
    state_->context.run();
  });
}

IoThread::~IoThread() { stop(); }

boost::asio::io_context& IoThread::context() { return state_->context; }

void IoThread::post(std::function<void()> task) {
  boost::asio::post(state_->context, std::move(task));
}

void IoThread::every(std::chrono::milliseconds period, std::function<void()> task) {
  post([repetition = std::make_shared<Repetition>(state_->context, period, std::move(task))] {
    repetition->arm();
  });
}

void IoThread::stop() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace podcron::net
