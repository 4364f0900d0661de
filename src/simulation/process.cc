#include "simulation/process.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "cron/zone_database.h"

namespace podcron::simulation {
namespace {

/// More steps without virtual time moving on are a loop that would burn a processor in production.
constexpr std::uint64_t kStepsPerInstantMax = 20'000;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Process::Process(const ProcessPlace& place, engine::EngineConfig config, Millis mono_offset,
                 CrashHere crash_here, OnEnd on_end)
    : place_(place),
      wire_{place.environment,
            place.server,
            place.cluster,
            place.checker,
            place.partition,
            "",
            [this](engine::Input&& input) { deliver(std::move(input)); }},
      requests_(wire_),
      streams_(wire_),
      execs_(wire_),
      https_(wire_),
      strategies_(wire_),
      elected_(config.election.has_value()),
      engine_(std::move(config)),
      mono_offset_(mono_offset),
      crash_here_(std::move(crash_here)),
      on_end_(std::move(on_end)) {
  wire_.holder = engine_.holder();
}

Now Process::now() const {
  const Environment& env = place_.environment;
  return {env.true_wall() + place_.skew, MonoTime{env.timeline.now() + mono_offset_}};
}

void Process::start() {
  place_.environment.trace.line(wire_.holder, "starts");
  deliver(engine::ZonesReplaced{ZoneDatabase::make("simulation", {})});
  deliver(engine::Wake{});
}

void Process::shut_down() {
  shutting_down_ = true;
  place_.environment.trace.line(wire_.holder, "SIGTERM");
  deliver(engine::Shutdown{});
}

void Process::kill() {
  place_.environment.trace.line(wire_.holder, "SIGKILL");
  end(ProcessEnd::kCrash);
}

void Process::pause(Millis duration) {
  Environment& env = place_.environment;
  env.trace.line(wire_.holder, "SIGSTOP for {} ms", duration.count());
  paused_until_ = env.timeline.now() + duration;
}

void Process::heal() {
  if (paused()) {
    paused_until_ = place_.environment.timeline.now();
    schedule_turn();
  }
  streams_.heal();
  execs_.heal();
  https_.heal();
}

void Process::on_clock_step() { deliver(engine::Wake{}); }

void Process::deliver(engine::Input&& input) {
  if (ended_) return;
  inbox_.push_back(std::move(input));
  schedule_turn();
}

void Process::schedule_turn() {
  if (turn_scheduled_ || ended_) return;
  turn_scheduled_ = true;
  Environment& env = place_.environment;
  env.timeline.at(std::max(env.timeline.now(), paused_until_),
                  [this, witness = lifeline_.witness()] {
                    if (witness.alive()) turn();
                  });
}

void Process::turn() {
  turn_scheduled_ = false;
  if (ended_) return;
  if (paused()) return schedule_turn();
  while (!inbox_.empty()) {
    engine::Input input = std::move(inbox_.front());
    inbox_.pop_front();
    if (!step(std::move(input))) return;
    if (paused()) return schedule_turn();
  }
}

bool Process::step(engine::Input&& input) {
  Environment& env = place_.environment;
  ++env.report.steps;
  if (busy_at_ != env.timeline.now()) {
    busy_at_ = env.timeline.now();
    busy_steps_ = 0;
  }
  if (++busy_steps_ > kStepsPerInstantMax) {
    place_.checker.report("L5 no idle work", "the engine asks to be called again and again",
                          env.timeline.now());
    end(ProcessEnd::kCrash);
    return false;
  }
  effects_.clear();
  const engine::WakeAt wake = engine_.step(now(), std::move(input), effects_);
  for (engine::Effect& effect : effects_) {
    if (!perform(effect)) return false;
  }
  schedule_wake(wake);
  return true;
}

void Process::trace_log(const engine::Log& log) const {
  if (!place_.environment.trace.on()) return;
  std::string text(log.message);
  for (const auto& [key, value] : log.facts) text += fmt::format(" {}={}", key, value);
  place_.environment.trace.line(wire_.holder, "log: {}", text);
}

bool Process::perform(engine::Effect& effect) {
  Environment& env = place_.environment;
  ++env.report.effects;
  const auto fresh = [this](engine::EffectId id) {
    // Ids come from one counter and are never used again.
    PODCRON_ASSERT(id.value > last_effect_);
    last_effect_ = id.value;
  };
  const bool reaches_outside =
      std::visit(Overloaded{
                     [&](engine::KubeRequest& request) {
                       fresh(request.id);
                       place_.checker.on_request(candidate(), request, place_.server.store(),
                                                 env.timeline.now());
                       requests_.perform(std::move(request));
                       return true;
                     },
                     [&](engine::OpenStream& stream) {
                       fresh(stream.id);
                       streams_.perform(std::move(stream));
                       return false;
                     },
                     [&](engine::ExecTask& task) {
                       fresh(task.id);
                       place_.checker.on_exec(candidate(), task.purpose, env.timeline.now());
                       execs_.perform(std::move(task));
                       return true;
                     },
                     [&](engine::HttpTask& task) {
                       fresh(task.id);
                       place_.checker.on_exec(candidate(), task.purpose, env.timeline.now());
                       https_.perform(std::move(task));
                       return true;
                     },
                     [&](engine::AskStrategy& question) {
                       fresh(question.id);
                       strategies_.perform(question);
                       return true;
                     },
                     [&](engine::Cancel& cancel) {
                       // What has just ended cannot be cancelled any more; that is no error.
                       if (!execs_.cancel(cancel.target) && !https_.cancel(cancel.target) &&
                           !requests_.cancel(cancel.target)) {
                         streams_.cancel(cancel.target);
                       }
                       return false;
                     },
                     [&](engine::Log& log) {
                       trace_log(log);
                       return false;
                     },
                     [&](engine::AnswerReview&) { return true; },
                     [&](engine::Metric&) { return false; },
                     [&](engine::Exit&) {
                       end(ProcessEnd::kExit);
                       return false;
                     },
                 },
                 effect);
  if (ended_) return false;
  if (reaches_outside && crash_here_()) {
    env.trace.line(wire_.holder, "crashes");
    end(ProcessEnd::kCrash);
    return false;
  }
  return true;
}

void Process::schedule_wake(const engine::WakeAt& at) {
  if (at.at_once) {
    ++wake_number_;
    return deliver(engine::Wake{});
  }
  Environment& env = place_.environment;
  const Now stamp = now();
  Millis wait = Millis::max();
  if (at.wall != WallMillis::max()) wait = std::min(wait, at.wall - stamp.wall);
  if (at.mono != MonoTime::max()) wait = std::min(wait, at.mono - stamp.mono);
  const std::uint64_t number = ++wake_number_;
  if (wait == Millis::max()) return;
  env.timeline.after(std::max(wait, Millis{0}), [this, number, witness = lifeline_.witness()] {
    if (witness.alive() && number == wake_number_) deliver(engine::Wake{});
  });
}

void Process::end(ProcessEnd how) {
  if (ended_) return;
  ended_ = true;
  inbox_.clear();
  // Not at once: links and engine may be at work further up the stack.
  place_.environment.timeline.after(Millis{0}, [this, how, witness = lifeline_.witness()] {
    if (witness.alive()) on_end_(how);
  });
}

}  // namespace podcron::simulation
