#include "simulation/strategy_link.h"

#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "simulation/json.h"

namespace podcron::simulation {
namespace {

/// What a service does with one question.
enum class Manner { kRight, kNone, kSilent, kError, kNotOffered, kTwice, kOtherUid, kNoJson };
constexpr std::uint64_t kManners = 8;

/// One of the offered pods, and whatever is wrong with the answer.
Json answer_with(const std::string& pod, const std::string& uid, Manner manner) {
  Json pods = Json::array();
  if (manner != Manner::kNone) pods.push_back(pod);
  if (manner == Manner::kTwice) pods.push_back(pod);
  if (manner == Manner::kNotOffered) pods.push_back("kube-apiserver");
  return {{"response",
           {{"uid", manner == Manner::kOtherUid ? "another" : uid}, {"pods", std::move(pods)}}}};
}

}  // namespace

StrategyLink::StrategyLink(Wire& wire)
    : wire_(wire),
      prng_(hash_combine(wire.environment.report.seed,
                         static_cast<std::uint64_t>(wire.environment.timeline.now().count()))) {}

void StrategyLink::perform(const engine::AskStrategy& question) {
  Environment& env = wire_.environment;
  PODCRON_ASSERT(question.service == kStrategyService && question.timeout > Millis{0});
  env.trace.line(wire_.holder, "asks #{} {}", question.id.value, question.body);
  const bool odd = env.faults.active() && prng_.chance(400);
  const auto manner = odd ? static_cast<Manner>(prng_.below(kManners)) : Manner::kRight;
  const auto within = [this](Millis most) {
    return Millis{static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(most.count())))};
  };
  engine::StrategyReply reply;
  reply.id = question.id;
  if (manner == Manner::kSilent) {
    reply.error = "no answer in time";
    return answer_after(question.timeout, std::move(reply));
  }
  reply.http_status = manner == Manner::kError ? 500 : 200;
  ++env.report.questions;
  const Json request = Json::parse(question.body).at("request");
  const Json& offered = request.at("pods");
  const std::string pod = text_in(offered.at(prng_.below(offered.size())), "name");
  reply.body = manner == Manner::kNoJson
                   ? "<html>"
                   : to_text(answer_with(pod, text_in(request, "uid"), manner));
  if (manner == Manner::kRight) wire_.checker.advised(text_in(request, "run"), pod);
  answer_after(odd ? within(question.timeout) : within(Millis{50}), std::move(reply));
}

void StrategyLink::answer_after(Millis delay, engine::StrategyReply&& reply) {
  wire_.environment.timeline.after(
      delay, [this, reply = std::make_shared<engine::StrategyReply>(std::move(reply)),
              witness = lifeline_.witness()] {
        if (!witness.alive()) return;
        wire_.environment.trace.line(wire_.holder, "advice #{} {} {}{}", reply->id.value,
                                     reply->http_status, reply->error, reply->body);
        wire_.deliver(engine::Input(std::move(*reply)));
      });
}

}  // namespace podcron::simulation
