// Strategies that ask a service: the question before the claim, and the answer that it waits for.
#include <algorithm>

#include <fmt/format.h>

#include "api/codec.h"
#include "engine/state.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"
#include "reconcile/due_time.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;

/// As the CRD bounds strategy.webhook.timeoutSeconds.
constexpr Seconds kTimeoutMin{1};
constexpr Seconds kTimeoutMax{30};
/// What is left of a due time's waiting for what follows the answer, or its failure.
constexpr Millis kForTheClaim{400};
constexpr Millis kWaitLeast{200};

strategy::Advice advice_in(const StrategyReply& reply, const Consultations::Question& question,
                           api::Decoder& decoder) {
  if (!reply.error.empty()) return {{}, reply.error};
  if (reply.http_status != 200) {
    return {{}, fmt::format("HTTP status {}, wanted 200", reply.http_status)};
  }
  return strategy::advice_of(question.uid, question.offered, decoder.strategy_answer(reply.body));
}

std::string_view result_label(const strategy::Advice& advice) {
  if (!advice.failure.empty()) return "failed";
  return advice.chosen.empty() ? "none" : "chosen";
}

}  // namespace

reconcile::Consultation Engine::State::consultation(const JobRow& row, WallTime scheduled) const {
  return consultations_.look_up({row.id, scheduled, row.object.meta.generation}, now_.mono);
}

void Engine::State::consult(const JobRow& row, const reconcile::Inquiry& inquiry) {
  const api::ObjectMeta& meta = row.object.meta;
  api::StrategyReview review;
  review.run = reconcile::run_name(meta.name, meta.uid, inquiry.scheduled_time);
  review.namespace_ = meta.namespace_;
  review.pod_cron_job = meta.name;
  review.pod_cron_job_uid = meta.uid;
  ask_service({row.id, inquiry.scheduled_time, meta.generation},
              row.object.spec.job.strategy.webhook, std::move(review), inquiry);
}

/// A PodJob is what it is: its spec has no other generation.
void Engine::State::consult(const HandMade& made, const reconcile::Inquiry& inquiry) {
  const JobRow* parent = parent_of(made);
  api::StrategyReview review;
  review.run = made.record.meta.name;
  review.namespace_ = made.record.meta.namespace_;
  if (parent != nullptr) {
    review.pod_cron_job = parent->object.meta.name;
    review.pod_cron_job_uid = parent->object.meta.uid;
  }
  ask_service({made.id, inquiry.scheduled_time, 1}, made.record.spec.strategy.webhook,
              std::move(review), inquiry);
}

/// Asks, or waits in the service's queue until there is a place.
void Engine::State::ask_service(const Consultations::Subject& subject,
                                const api::StrategyWebhook& webhook, api::StrategyReview&& review,
                                const reconcile::Inquiry& inquiry) {
  const auto service = config_.strategy_services.find(webhook.name);
  if (service == config_.strategy_services.end()) return;
  if (!consultations_.take_place(subject, webhook.name)) return;
  const EffectId id{++next_id_};
  review.uid = fmt::format("{}.{:016x}.{}", review.run, config_.process_id, id.value);
  review.scheduled_time = inquiry.scheduled_time;
  review.eligible = static_cast<std::int64_t>(inquiry.eligible.size());
  review.chosen_max = static_cast<std::int64_t>(api::kTargetsMax);
  review.pods = strategy::offer(pods_, inquiry.eligible);
  const Millis asked_for = std::clamp(Seconds{webhook.timeout_seconds}, kTimeoutMin, kTimeoutMax);
  Millis timeout = std::min(asked_for, service->second);
  // An answer that comes when the time is over helps nobody, and keeps a place from others.
  if (inquiry.until) {
    const Millis left = WallMillis(*inquiry.until) - now_.wall - kForTheClaim;
    timeout = std::max(kWaitLeast, std::min(timeout, left));
  }
  out_->emplace_back(AskStrategy{id, webhook.name, api::encode_strategy_review(review), timeout});
  consultations_.asked(id, subject, webhook.name, std::move(review.uid), std::move(review.pods));
}

/// A claim that is taken over has no answer with it: what was answered died with its holder.
void Engine::State::consult_again(const JobRow& row, WallTime scheduled,
                                  const eligibility::Assessment& assessment) {
  const reconcile::Consultation known = consultation(row, scheduled);
  if (known.asked || !reconcile::must_consult(row.object.spec.job, assessment, known)) return;
  consult(row, {scheduled, assessment.eligible});
}

void Engine::State::on_strategy_reply(const StrategyReply& reply) {
  const auto question = consultations_.ended(reply.id);
  if (!question) return;
  strategy::Advice advice = advice_in(reply, *question, decoder_);
  count(metric::kStrategyReviews,
        {{"service", question->service}, {"result", std::string(result_label(advice))}});
  if (const HandMade* made = hand_made_.find(question->subject.job)) {
    consultations_.settle(question->subject, std::move(advice), now_.mono);
    return enqueue(made->id);
  }
  const JobRow* row = jobs_.find(question->subject.job);
  if (row == nullptr) return;
  const api::ObjectMeta& meta = row->object.meta;
  const WallTime scheduled = question->subject.scheduled_time;
  if (!advice.failure.empty()) {
    log(LogLevel::kWarning, "strategy service gave no answer",
        {{key::kPodCronJob, key_of(meta.namespace_, meta.name)},
         {key::kScheduled, to_rfc3339(scheduled)},
         {key::kService, question->service},
         {key::kError, advice.failure}});
  }
  if (!consultations_.settle(question->subject, std::move(advice), now_.mono)) return;
  // A take-over that waited for it goes on at once.
  rest_until_.erase(key_of(meta.namespace_, reconcile::run_name(meta.name, meta.uid, scheduled)));
  enqueue(row->id);
}

/// Places that became free go to those that wait. Whoever does not want one any more leaves it to
/// the next step, which comes at once.
void Engine::State::ask_queued() {
  for (const JobId id : consultations_.next_in_queue()) enqueue(id);
}

}  // namespace podcron::engine
