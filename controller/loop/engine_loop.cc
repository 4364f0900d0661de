#include "controller/loop/engine_loop.h"

#include <unistd.h>

#include <utility>

#include "controller/loop/real_clock.h"

namespace podcron::loop {
namespace {

/// Between two looks at the signals while letters keep coming.
constexpr std::size_t kLettersPerLook = 4096;

}  // namespace

EngineLoop::EngineLoop(Steps steps, Mailbox& mailbox, Pulse& pulse, Perform perform)
    : steps_(std::move(steps)),
      mailbox_(mailbox),
      pulse_(pulse),
      perform_(std::move(perform)),
      alarm_(mailbox.wake_fd()) {}

void EngineLoop::step(engine::Input&& input) {
  const Now now = real_now();
  pulse_.working(now.mono);
  wake_at_ = steps_.step(now, std::move(input), effects_);
  for (const engine::Effect& effect : effects_) {
    if (const auto* exit = std::get_if<engine::Exit>(&effect)) exit_code_ = exit->code;
  }
  if (exit_code_) {
    std::erase_if(effects_, [](const engine::Effect& effect) {
      return std::holds_alternative<engine::Exit>(effect);
    });
  }
  if (!effects_.empty()) perform_(effects_);
  effects_.clear();
}

void EngineLoop::answer_letters() {
  mailbox_.take(letters_);
  std::size_t count = 0;
  for (Mailbox::Letter& letter : letters_) {
    if (exit_code_) break;
    const std::size_t stream_bytes = letter.stream_bytes;
    step(std::move(letter.input));
    if (stream_bytes > 0) mailbox_.release(stream_bytes);
    if (++count % kLettersPerLook == 0) on_signals(alarm_.look());
  }
  letters_.clear();
}

bool EngineLoop::is_due() const {
  if (wake_at_.at_once) return true;
  const Now now = real_now();
  return wake_at_.wall <= now.wall || wake_at_.mono <= now.mono;
}

void EngineLoop::on_signals(const Alarm::Woken& woken) {
  for (const int number : woken.signals) {
    if (number == 0) break;
    if (shutting_down_) ::_exit(128 + number);
    shutting_down_ = true;
    step(engine::Shutdown{});
  }
}

int EngineLoop::run() {
  while (!exit_code_) {
    answer_letters();
    pulse_.publish(steps_.health());
    if (exit_code_) break;
    // Letters first, so that a long queue of keys does not delay completions.
    if (is_due()) {
      step(engine::Wake{});
      on_signals(alarm_.look());
      continue;
    }
    if (!mailbox_.may_sleep()) continue;
    pulse_.sleeping();
    const Alarm::Woken woken = alarm_.sleep_until(wake_at_);
    mailbox_.clear_wake();
    on_signals(woken);
    if (woken.timer && !exit_code_) step(engine::Wake{});
  }
  pulse_.sleeping();
  return *exit_code_;
}

}  // namespace podcron::loop
