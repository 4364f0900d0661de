#include "simulation/replica.h"

#include <algorithm>
#include <utility>

namespace podcron::simulation {
namespace {

/// terminationGracePeriodSeconds of the controller's pod: SIGKILL follows.
constexpr Millis kGrace{30'000};

}  // namespace

Replica::Replica(const Place& place, std::string pod_name, bool elected, Millis skew,
                 Process::CrashHere crash_here)
    : place_(place),
      pod_name_(std::move(pod_name)),
      elected_(elected),
      skew_(skew),
      crash_here_(std::move(crash_here)) {}

void Replica::start() {
  Environment& env = place_.environment;
  ++env.report.incarnations;
  engine::EngineConfig config;
  config.pod_name = pod_name_;
  config.process_id = env.prng.next();
  if (elected_) config.election.emplace();
  config.serving_selector.requirements = {
      {"podcron.dev/serving", api::SelectorOperator::kIn, {"true"}}};
  config.strategy_services[kStrategyService] = Seconds{10};
  const Millis mono_offset = env.draw(Millis{0}, Millis{1'000'000});
  process_ = std::make_unique<Process>(
      ProcessPlace{env, place_.server, place_.cluster, place_.checker, partition_, skew_},
      std::move(config), mono_offset, crash_here_, [this](ProcessEnd how) { on_end(how); });
  process_->start();
}

void Replica::on_end(ProcessEnd how) {
  Environment& env = place_.environment;
  process_.reset();
  // Mostly back soon; sometimes so late that the lease is long over.
  Millis delay = env.draw(Millis{200}, Millis{4000});
  if (how == ProcessEnd::kCrash && env.faults.active() && env.prng.chance(300)) {
    delay = env.draw(Millis{4000}, Millis{45'000});
  }
  env.timeline.after(delay, [this] { start(); });
}

void Replica::shut_down() {
  if (!process_ || process_->shutting_down()) return;
  process_->shut_down();
  const std::string holder = process_->holder();
  place_.environment.timeline.after(kGrace, [this, holder] {
    if (process_ && process_->holder() == holder) process_->kill();
  });
}

void Replica::pause(Millis duration) {
  if (process_ && !process_->paused()) process_->pause(duration);
}

void Replica::partition(Millis duration, bool requests_blocked) {
  Environment& env = place_.environment;
  env.trace.line(pod_name_, "partition for {} ms{}", duration.count(),
                 requests_blocked ? "" : ", requests pass");
  partition_ = {env.timeline.now() + duration, requests_blocked};
}

void Replica::step_clock(Millis by) {
  skew_ += by;
  place_.environment.trace.line(pod_name_, "clock steps by {} ms", by.count());
  if (process_) process_->on_clock_step();
}

void Replica::on_change(Resource resource) {
  if (process_) process_->on_change(resource);
}

void Replica::heal() {
  partition_ = {};
  if (process_) process_->heal();
}

}  // namespace podcron::simulation
