#include "engine/self_test.h"

#include <array>

#include <fmt/format.h>

#include "api/kube_status.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

using reconcile::Detection;

constexpr Millis kPeriod{5 * 60 * 1000};
/// After a failure, first soon: it may have been a passing one.
constexpr Millis kRetryFirst{5'000};
constexpr Millis kRetry{30'000};
/// One failure after a passed test is an accident; the second is told.
constexpr std::uint32_t kFailuresTold = 2;
/// For the webhook, the write of the Lease and the watch of it.
constexpr Millis kArrivalMax{10'000};

}  // namespace

SelfTest::SelfTest(bool enabled, std::string namespace_)
    : enabled_(enabled), namespace_(std::move(namespace_)) {
  detection_.state = enabled ? Detection::kUnproven : Detection::kDisabled;
  if (!enabled) detection_.why = "the controller runs without --webhook-listen";
}

MonoTime SelfTest::wake_at() const {
  if (!enabled_) return MonoTime::max();
  return until_ ? *until_ : next_at_;
}

void SelfTest::conclude(Detection state, std::string why) {
  if (detection_.state == state && detection_.why == why) return;
  detection_.state = state;
  detection_.why = std::move(why);
  ++version_;
}

std::optional<Call> SelfTest::poll(Now now) {
  if (until_ && now.mono >= *until_) fail(now);
  if (!enabled_ || until_ || now.mono < next_at_) return std::nullopt;
  until_ = now.mono + kArrivalMax;
  answer_.clear();
  const std::array<std::string, 1> argv{"true"};
  Call call;
  call.kind = CallKind::kSelfTest;
  call.path = kube::exec_path(namespace_, kSelfTestPodName, "none", argv);
  call.tries_max = 1;
  return call;
}

void SelfTest::on_answer(Now now, const KubeReply& reply) {
  if (!until_) return;
  if (reply.certainty != Certainty::kDone) {
    answer_ = "the API server did not answer it";
    return;
  }
  if (reply.http_status == 404) return;
  const auto status = api::decode_status(reply.body);
  answer_ = fmt::format("the API server answered it with HTTP {}{}", reply.http_status,
                        status ? ": " + status->message : "");
  // Rights are asked for before the webhook is.
  if (reply.http_status == 401 || reply.http_status == 403) fail(now);
}

void SelfTest::on_stored(Now now) {
  if (!enabled_) return;
  until_.reset();
  failures_ = 0;
  next_at_ = now.mono + kPeriod;
  conclude(Detection::kActive, "exec and attach are seen");
}

void SelfTest::fail(Now now) {
  until_.reset();
  ++failures_;
  next_at_ = now.mono + (failures_ == 1 ? kRetryFirst : kRetry);
  if (failures_ < kFailuresTold) return;
  conclude(Detection::kDegraded,
           "exec and attach may go unseen: " +
               (answer_.empty() ? "the API server did not ask the webhook about the self-test"
                                : "the self-test failed, " + answer_));
}

}  // namespace podcron::engine
