#include "controller/loop/alarm.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/assert.h"

namespace podcron::loop {
namespace {

/// timerfd refuses what does not fit; later than this we look again anyway.
constexpr std::int64_t kFarMs = 4'000'000'000'000;  // the year 2096

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void watch(int epoll_fd, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  const int added = ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  PODCRON_ASSERT(added == 0);
}

/// An absolute time of zero would disarm.
void set_timer(int fd, int flags, std::int64_t at_ms) {
  const std::int64_t clamped = std::clamp<std::int64_t>(at_ms, 1, kFarMs);
  itimerspec spec{};
  spec.it_value.tv_sec = clamped / 1000;
  spec.it_value.tv_nsec = (clamped % 1000) * 1'000'000;
  ::timerfd_settime(fd, flags, &spec, nullptr);
}

}  // namespace

void block_signals() {
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Alarm::Alarm(int wake_fd)
    : epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(wake_fd),
      wall_fd_(::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC)),
      mono_fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
  const sigset_t set = handled_signals();
  signal_fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  PODCRON_ASSERT(epoll_fd_ >= 0 && wall_fd_ >= 0 && mono_fd_ >= 0 && signal_fd_ >= 0);
  for (const int fd : {wake_fd_, wall_fd_, mono_fd_, signal_fd_}) watch(epoll_fd_, fd);
}

Alarm::~Alarm() {
  for (const int fd : {epoll_fd_, wall_fd_, mono_fd_, signal_fd_}) ::close(fd);
}

void Alarm::arm(const engine::WakeAt& at) {
  if (at.wall != armed_.wall) {
    // Armed even when there is nothing to wait for: an unarmed timer would not notice the step.
    set_timer(wall_fd_, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
              at.wall.time_since_epoch().count());
  }
  if (at.mono != armed_.mono) {
    set_timer(mono_fd_, TFD_TIMER_ABSTIME, at.mono.time_since_epoch().count());
  }
  armed_ = at;
}

Alarm::Woken Alarm::sleep_until(const engine::WakeAt& at) {
  arm(at);
  return wait(-1);
}

Alarm::Woken Alarm::look() { return wait(0); }

Alarm::Woken Alarm::wait(int timeout_ms) {
  Woken woken;
  std::array<epoll_event, 4> events{};
  const int count = ::epoll_wait(epoll_fd_, events.data(), events.size(), timeout_ms);
  std::size_t signal_count = 0;
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == wake_fd_) {
      woken.letters = true;
    } else if (fd == signal_fd_) {
      signalfd_siginfo info{};
      while (signal_count < woken.signals.size() &&
             ::read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        woken.signals[signal_count++] = static_cast<int>(info.ssi_signo);
      }
    } else {
      // ECANCELED: the clock was set. Either way it has to be armed again.
      std::uint64_t expirations = 0;
      [[maybe_unused]] const auto read = ::read(fd, &expirations, sizeof expirations);
      woken.timer = true;
      if (fd == wall_fd_) armed_.wall = WallMillis::min();
      if (fd == mono_fd_) armed_.mono = MonoTime::min();
    }
  }
  return woken;
}

}  // namespace podcron::loop
