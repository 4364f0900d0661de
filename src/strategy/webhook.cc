#include "strategy/webhook.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/pod_job.h"
#include "api/utf8.h"
#include "strategy/random.h"

namespace podcron::strategy {
namespace {

constexpr std::size_t kQuotedBytesMax = 64;

/// Foreign text for a message: short, and nothing in it that a terminal obeys.
std::string quoted(std::string_view text) {
  std::string out(api::clip_utf8(text, kQuotedBytesMax));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return "\"" + out + "\"";
}

/// The pod of that name; null: it was not offered.
const api::OfferedPod* find(std::span<const api::OfferedPod> offered, std::string_view name) {
  const auto at =
      std::lower_bound(offered.begin(), offered.end(), name,
                       [](const api::OfferedPod& pod, std::string_view n) { return pod.name < n; });
  return at == offered.end() || at->name != name ? nullptr : &*at;
}

Result<std::vector<Uid>> judge(std::string_view uid, std::span<const api::OfferedPod> offered,
                               const api::StrategyAnswer& answer) {
  if (answer.uid != uid) {
    return fail(ErrorCode::kMalformed,
                fmt::format("response.uid: got {}, wanted {}", quoted(answer.uid), quoted(uid)));
  }
  if (answer.pods.size() > api::kTargetsMax) {
    return fail(ErrorCode::kMalformed, fmt::format("response.pods: got {} pods, wanted at most {}",
                                                   answer.pods.size(), api::kTargetsMax));
  }
  std::vector<Uid> chosen;
  chosen.reserve(answer.pods.size());
  for (std::size_t i = 0; i < answer.pods.size(); ++i) {
    const api::OfferedPod* pod = find(offered, answer.pods[i]);
    if (pod == nullptr) {
      return fail(
          ErrorCode::kMalformed,
          fmt::format("response.pods[{}]: got {}, wanted the name of a pod that was offered", i,
                      quoted(answer.pods[i])));
    }
    const auto at = std::lower_bound(chosen.begin(), chosen.end(), pod->uid);
    if (at != chosen.end() && *at == pod->uid) {
      return fail(ErrorCode::kMalformed, fmt::format("response.pods[{}]: {} stands there twice", i,
                                                     quoted(answer.pods[i])));
    }
    chosen.insert(at, pod->uid);
  }
  return chosen;
}

}  // namespace

bool asks_service(const api::StrategySpec& spec) { return spec.type == "Webhook"; }

std::vector<api::OfferedPod> offer(const store::PodStore& pods,
                                   std::span<const store::PodHandle> eligible) {
  const auto first = eligible.first(std::min(eligible.size(), kPodsOfferedMax));
  const Candidates candidates(pods, first);
  std::vector<api::OfferedPod> offered;
  offered.reserve(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    const WallTime since = candidates.ready_since(i, WallTime::min());
    offered.push_back({std::string(candidates.name(i)), candidates.uid(i),
                       std::string(pods.node_name(first[i])),
                       since == WallTime::min() ? std::nullopt : std::optional(since)});
  }
  return offered;
}

Advice advice_of(std::string_view uid, std::span<const api::OfferedPod> offered,
                 const Result<api::StrategyAnswer>& answer) {
  if (!answer) return {{}, "the answer is of no use: " + answer.error().message};
  auto chosen = judge(uid, offered, *answer);
  if (!chosen) return {{}, "the answer is of no use: " + chosen.error().message};
  return {std::move(*chosen), ""};
}

void choose_webhook(const Question& question, std::vector<std::uint32_t>& out) {
  const Advice* advice = question.occasion.advice;
  if (advice == nullptr) return;
  const std::vector<Uid>& wanted = advice->chosen;
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < question.candidates.size() && !wanted.empty(); ++i) {
    if (std::binary_search(wanted.begin(), wanted.end(), question.candidates.uid(i))) {
      out.push_back(static_cast<std::uint32_t>(i));
    }
  }
  const bool wants_none = wanted.empty() && advice->failure.empty();
  if (out.size() == before && !wants_none) choose_webhook_again(question, out);
}

void choose_webhook_again(const Question& question, std::vector<std::uint32_t>& out) {
  if (question.spec.webhook.failure_policy != api::FailurePolicy::kRandom) return;
  choose_one_at_random(question, out);
}

std::string why_no_advice(const api::StrategySpec& spec, const Advice* advice) {
  const std::string service = fmt::format("strategy service {}", quoted(spec.webhook.name));
  if (advice == nullptr) return service + " is asked when a time is due";
  if (!advice->failure.empty()) return service + ": " + advice->failure;
  if (advice->chosen.empty()) return service + " chooses none of them";
  return fmt::format("none of the {} that {} chose is eligible any more", advice->chosen.size(),
                     service);
}

}  // namespace podcron::strategy
