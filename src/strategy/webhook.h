// Webhook: a strategy service of the administrator's chooses among the eligible pods.
//
// Whoever drives the service asks first, and draws with the answer in hand: given the same answer,
// the choice is the same. What it says is judged here, and nothing of it is believed: only pods
// that were offered can be chosen, and only while they are eligible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/strategy_review.h"
#include "base/result.h"
#include "strategy/strategy.h"

namespace podcron::strategy {

/// A question has at most so many pods: below a megabyte with names as they mostly are. Of more
/// eligible ones the first by name are offered.
inline constexpr std::size_t kPodsOfferedMax = 5'000;

/// What a service said about one due time.
struct Advice {
  std::vector<Uid> chosen{};  // sorted; none is an answer too
  std::string failure{};      // why it did not say anything that can be used; empty: it did
};

/// Whether the service has to be asked before a choice.
[[nodiscard]] bool asks_service(const api::StrategySpec& spec);

/// The pods of a question: names, UIDs and since when they are Ready.
std::vector<api::OfferedPod> offer(const store::PodStore& pods,
                                   std::span<const store::PodHandle> eligible);

/// Judges an answer to the question `uid` about the pods of `offered`, which are in name order.
/// Refused: another uid, a pod that was not offered or stands there twice, more than kTargetsMax.
Advice advice_of(std::string_view uid, std::span<const api::OfferedPod> offered,
                 const Result<api::StrategyAnswer>& answer);

/// Those of the advice that are eligible. If there is none that can be followed, failurePolicy
/// Random draws one pod; if the service itself wants none, there is none.
void choose_webhook(const Question& question, std::vector<std::uint32_t>& out);

/// The service chose one pod and no other: failurePolicy Random alone allows another.
void choose_webhook_again(const Question& question, std::vector<std::uint32_t>& out);

/// "strategy service \"quiet\": HTTP status 500, wanted 200": why nothing was chosen.
std::string why_no_advice(const api::StrategySpec& spec, const Advice* advice);

}  // namespace podcron::strategy
