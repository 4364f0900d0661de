// Questions to strategy services: which are under way, which wait for a place, and what was
// answered.
//
// One question at a time for each due time of a PodCronJob. An answer holds for a moment, long
// enough to be claimed with; a failure, and an answer that nobody shall be chosen, hold until the
// question may be asked again, so that a service is never asked in a loop. A slow service keeps
// only its own places busy.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/effects.h"
#include "engine/tables.h"
#include "reconcile/consult.h"

namespace podcron::engine {

/// Questions under way at one service: as many as exec handshakes, so that a full round of the
/// largest questions stays below 16 MB.
inline constexpr std::size_t kQuestionsPerServiceMax = 16;

class Consultations {
 public:
  /// Whose question, about which due time, under which spec.
  struct Subject {
    JobId job = 0;
    WallTime scheduled_time{};
    std::int64_t generation = 0;
  };

  /// `advice` lives until the next call that is not const.
  [[nodiscard]] reconcile::Consultation look_up(const Subject& subject, MonoTime now) const;

  /// False: the service has no place. Then the job waits in the queue, and is handed out by
  /// `next_in_queue` when there is one.
  bool take_place(const Subject& subject, const std::string& service);
  /// The question has left as `id`; its uid and its pods are kept to judge the answer by.
  void asked(EffectId id, const Subject& subject, const std::string& service, std::string uid,
             std::vector<api::OfferedPod> offered);

  struct Question {
    Subject subject;
    std::string service;
    std::string uid;
    std::vector<api::OfferedPod> offered;
  };
  /// Frees its place. nullopt: no such question.
  std::optional<Question> ended(EffectId id);
  /// What came of it. False: nobody waits for it any more (the spec is another, or the job is
  /// gone).
  bool settle(const Subject& subject, strategy::Advice&& advice, MonoTime now);

  /// The jobs that may ask now, taken from the queues: as many as there are places.
  std::vector<JobId> next_in_queue();

  /// When an answer of this job ends to hold.
  [[nodiscard]] std::optional<MonoTime> next_end(JobId job, MonoTime now) const;
  /// The time is claimed, or decided otherwise.
  void forget(JobId job, WallTime scheduled_time) { answers_.erase({job, scheduled_time}); }
  void forget(JobId job);
  /// Drops answers that nobody asked for again.
  void sweep(MonoTime now);

 private:
  struct State {
    std::int64_t generation = 0;
    bool pending = false;
    strategy::Advice advice{};
    MonoTime until{};            // it holds
    std::uint32_t failures = 0;  // in a row
  };
  struct Service {
    std::size_t busy = 0;
    std::deque<JobId> queue;  // none twice
  };

  std::map<std::pair<JobId, WallTime>, State> answers_;
  std::map<std::uint64_t, Question> under_way_;  // by effect
  std::map<std::string, Service, std::less<>> services_;
};

}  // namespace podcron::engine
