#include "engine/consultations.h"

#include <algorithm>

namespace podcron::engine {
namespace {

/// A claim is written in the step that the answer comes in. This is for one that has to be written
/// again; a later one is better made with a new answer.
constexpr Millis kAnswerHolds{15'000};
/// Until the question is asked again: doubled, up to the most. At most a minute, because a due time
/// that waits has hours at most.
constexpr Millis kAskAgainFirst{5'000};
constexpr Millis kAskAgainMax{60'000};
/// So long after it ended to hold, an answer's failures still count.
constexpr Millis kKept{10 * 60 * 1000};

Millis pause_after(std::uint32_t failures) {
  return std::min(kAskAgainMax, kAskAgainFirst * (1L << std::min(failures, 8U)));
}

}  // namespace

reconcile::Consultation Consultations::look_up(const Subject& subject, MonoTime now) const {
  const auto at = answers_.find({subject.job, subject.scheduled_time});
  if (at == answers_.end() || at->second.generation != subject.generation) return {};
  const State& state = at->second;
  if (state.pending) return {true, nullptr};
  if (now >= state.until) return {};
  return {true, &state.advice};
}

bool Consultations::take_place(const Subject& subject, const std::string& service) {
  Service& asked = services_[service];
  if (asked.busy < kQuestionsPerServiceMax) return true;
  const auto at = std::find(asked.queue.begin(), asked.queue.end(), subject.job);
  if (at == asked.queue.end()) asked.queue.push_back(subject.job);
  return false;
}

void Consultations::asked(EffectId id, const Subject& subject, const std::string& service,
                          std::string uid, std::vector<api::OfferedPod> offered) {
  ++services_[service].busy;
  State& state = answers_[{subject.job, subject.scheduled_time}];
  if (state.generation != subject.generation) state.failures = 0;
  state.generation = subject.generation;
  state.pending = true;
  under_way_[id.value] = {subject, service, std::move(uid), std::move(offered)};
}

std::optional<Consultations::Question> Consultations::ended(EffectId id) {
  const auto at = under_way_.find(id.value);
  if (at == under_way_.end()) return std::nullopt;
  Question question = std::move(at->second);
  under_way_.erase(at);
  --services_[question.service].busy;
  return question;
}

bool Consultations::settle(const Subject& subject, strategy::Advice&& advice, MonoTime now) {
  const auto at = answers_.find({subject.job, subject.scheduled_time});
  // Under another generation somebody has asked again, and waits for that answer.
  if (at == answers_.end() || at->second.generation != subject.generation) return false;
  State& state = at->second;
  const bool useful = !advice.chosen.empty();
  state.until = now + (useful ? kAnswerHolds : pause_after(state.failures));
  state.failures = useful ? 0 : state.failures + 1;
  state.pending = false;
  state.advice = std::move(advice);
  return true;
}

std::vector<JobId> Consultations::next_in_queue() {
  std::vector<JobId> jobs;
  for (auto& [name, service] : services_) {
    for (std::size_t free = kQuestionsPerServiceMax - service.busy;
         free > 0 && !service.queue.empty(); --free) {
      jobs.push_back(service.queue.front());
      service.queue.pop_front();
    }
  }
  return jobs;
}

std::optional<MonoTime> Consultations::next_end(JobId job, MonoTime now) const {
  std::optional<MonoTime> next;
  for (auto at = answers_.lower_bound({job, WallTime::min()});
       at != answers_.end() && at->first.first == job; ++at) {
    const State& state = at->second;
    if (state.pending || state.until <= now) continue;
    next = std::min(next.value_or(state.until), state.until);
  }
  return next;
}

void Consultations::forget(JobId job) {
  const auto from = answers_.lower_bound({job, WallTime::min()});
  answers_.erase(from, answers_.lower_bound({job + 1, WallTime::min()}));
}

void Consultations::sweep(MonoTime now) {
  std::erase_if(answers_, [&](const auto& entry) {
    return !entry.second.pending && now >= entry.second.until + kKept;
  });
}

}  // namespace podcron::engine
