// Interactive sessions: what the API server asks before it connects somebody to a pod is stored,
// then answered. Always allowed, and never later than kReviewMax.
#include <algorithm>

#include <fmt/format.h>

#include "engine/state.h"
#include "kube/paths.h"
#include "observe/log_keys.h"
#include "observe/metrics.h"

namespace podcron::engine {
namespace {

namespace key = observe::key;
namespace metric = observe::metric;

/// Below the webhook's timeoutSeconds (2): then the API server has its answer before it gives up.
constexpr Millis kReviewMax{1500};
constexpr Millis kTendPeriod{60'000};
/// While there is more to remove than may be asked for at once.
constexpr Millis kTendAgain{1'000};
/// Pods that are read at once. Reviews come from whoever reaches the port.
constexpr std::size_t kPodReadsMax = 256;
/// Sessions are kept for as long as anybody may ask: at least the default cooldown.
constexpr Seconds kKeptMin{3600};

SessionKind kind_of(const kube::ConnectReview& connect) {
  return connect.stdin_open || connect.tty ? SessionKind::kTty : SessionKind::kExec;
}

}  // namespace

void Engine::State::on_session_review(SessionReview&& review) {
  session_reviews_.emplace(review.review, now_.mono + kReviewMax);
  const kube::ConnectReview& connect = review.connect;
  if (!review.fault.empty()) {
    log(LogLevel::kDebug, "admission review cannot be read", {{key::kError, review.fault}});
    return answer_review(review.review, "malformed");
  }
  if (connect.pod == kSelfTestPodName && connect.namespace_ == config_.lease_namespace) {
    return note_session(connect, kSelfTestPod, review.review);
  }
  if (is_own_session(connect)) return answer_review(review.review, "ignored");
  const auto& only = config_.namespaces;
  if (!only.empty() && std::find(only.begin(), only.end(), connect.namespace_) == only.end()) {
    return answer_review(review.review, "no_candidate");
  }
  if (const auto pod = pods_.find(connect.namespace_, connect.pod)) {
    return note_session(connect, pods_.uid(*pod), review.review);
  }
  // The review has no UID, and the watch may be behind: only a live read tells.
  const std::string pod = key_of(connect.namespace_, connect.pod);
  if (session_reads_.size() >= kPodReadsMax && !session_reads_.contains(pod)) {
    return answer_review(review.review, "failed");
  }
  Call call;
  call.kind = CallKind::kReadSessionPod;
  call.priority = Priority::kSession;
  call.name = pod;
  call.path = kube::pod_path(connect.namespace_, connect.pod);
  call.tries_max = 1;
  auto& asked = session_reads_[call.name];
  asked.push_back(std::move(review));
  if (asked.size() > 1) return;
  outbox_.submit(std::move(call));
}

/// podcron itself, and the accounts that PodCronJobs of the pod's namespace run as.
bool Engine::State::is_own_session(const kube::ConnectReview& connect) const {
  if (!own_account_.empty() && connect.user == own_account_) return true;
  const std::string prefix = fmt::format("system:serviceaccount:{}:", connect.namespace_);
  if (!connect.user.starts_with(prefix)) return false;
  const std::string_view account = std::string_view(connect.user).substr(prefix.size());
  return std::any_of(jobs_.rows().begin(), jobs_.rows().end(), [&](const auto& entry) {
    const api::PodCronJob& job = entry.second.object;
    return job.meta.namespace_ == connect.namespace_ &&
           job.spec.job.service_account_name == account;
  });
}

void Engine::State::on_session_pod_read(const Answer& answer) {
  const auto at = session_reads_.find(answer.call.name);
  if (at == session_reads_.end()) return;
  const std::vector<SessionReview> reviews = std::move(at->second);
  session_reads_.erase(at);
  const int status = answer.reply.certainty == Certainty::kDone ? answer.reply.http_status : 0;
  std::optional<api::Pod> pod;
  if (status == 200) {
    if (auto read = decoder_.pod(answer.reply.body)) pod = std::move(*read);
  }
  const bool candidate = pod && config_.serving_selector.matches(pod->labels);
  for (const SessionReview& review : reviews) {
    if (candidate) {
      note_session(review.connect, pod->meta.uid, review.review);
    } else {
      answer_review(review.review, pod || status == 404 ? "no_candidate" : "failed");
    }
  }
}

void Engine::State::note_session(const kube::ConnectReview& connect, const Uid& pod,
                                 std::uint64_t review) {
  sessions_.note(now_, {connect.namespace_, connect.pod, pod, connect.user, kind_of(connect)},
                 review);
}

void Engine::State::on_session_stored(const Answer& answer) {
  const auto lease = decoder_.lease(answer.reply.body);
  const bool passed = lease && seen_to_go(kube::ObjectKind::kLease, lease->meta.resource_version);
  if (answer.reply.certainty == Certainty::kDone && answer.reply.http_status == 403) {
    log(LogLevel::kWarning, "session not stored",
        {{key::kNamespace, config_.lease_namespace},
         {key::kHttpStatus, "403"},
         {key::kError, answer.reply.body.substr(0, 512)}});
  }
  session_stored(sessions_.on_answer(answer, lease, epoch_of(kube::ObjectKind::kLease), passed));
}

void Engine::State::session_stored(const std::optional<std::string>& pod) {
  // What stood there when we began proves nothing about now.
  if (pod && all_listed_ && *pod == key_of(config_.lease_namespace, kSelfTestPodName)) {
    self_test_.on_stored(now_);
  }
  session_changed(pod);
}

/// Whoever waits for this pod looks again.
void Engine::State::session_changed(const std::optional<std::string>& pod) {
  if (!pod) return;
  const auto slash = pod->find('/');
  if (slash == std::string::npos) return;
  pod_changed(std::string_view(*pod).substr(0, slash), std::string_view(*pod).substr(slash + 1));
}

void Engine::State::answer_review(std::uint64_t review, std::string_view result) {
  // Once: the write may end after the answer that could not wait for it.
  if (session_reviews_.erase(review) == 0) return;
  out_->emplace_back(AnswerReview{review});
  count(metric::kSessionReviews, {{"result", std::string(result)}});
}

/// Late answers, requests of the sessions, the self-test, Leases that are over.
void Engine::State::tend_sessions() {
  std::vector<std::uint64_t> late;
  for (const auto& [review, until] : session_reviews_) {
    if (until <= now_.mono) late.push_back(review);
  }
  for (const std::uint64_t review : late) answer_review(review, "late");
  for (Call& call : sessions_.poll()) outbox_.submit(std::move(call));
  for (const auto& settled : sessions_.take_settled()) {
    answer_review(settled.review, settled.stored ? "stored" : "failed");
  }
  if (!synced() || draining_) return;
  if (auto call = self_test_.poll(now_)) {
    outbox_.submit(std::move(*call));
    if (own_account_.empty()) ask_own_account();
  }
  if (detection_told_ != self_test_.version()) tell_detection();
  if (sessions_.size() > 0 && now_.mono >= sessions_at_) remove_sessions();
}

void Engine::State::tell_detection() {
  detection_told_ = self_test_.version();
  const reconcile::SessionDetection& detection = self_test_.detection();
  gauge(metric::kSessionDetection, detection.state == reconcile::Detection::kActive ? 1 : 0);
  if (detection.state != reconcile::Detection::kUnproven) {
    const bool degraded = detection.state == reconcile::Detection::kDegraded;
    log(degraded ? LogLevel::kWarning : LogLevel::kInfo, "session detection",
        {{key::kMessage, detection.why}});
  }
  for (const auto& [id, row] : jobs_.rows()) enqueue(id);
}

void Engine::State::remove_sessions() {
  sessions_at_ = now_.mono + kTendPeriod;
  std::map<std::string, Seconds, std::less<>> longest;
  for (const auto& [id, row] : jobs_.rows()) {
    Seconds& most = longest.emplace(row.object.meta.namespace_, kKeptMin).first->second;
    most =
        std::max(most, Seconds(row.object.spec.job.target.interactive_sessions.cooldown_seconds));
  }
  const Sessions::Keeping keeping{[&](std::string_view pod, const Uid& uid) {
                                    const auto slash = pod.find('/');
                                    if (slash == std::string_view::npos)
                                      return true;  // not told: only time ends it
                                    const auto handle =
                                        pods_.find(pod.substr(0, slash), pod.substr(slash + 1));
                                    return handle && pods_.uid(*handle) == uid;
                                  },
                                  [&](std::string_view namespace_) {
                                    const auto at = longest.find(namespace_);
                                    return at == longest.end() ? kKeptMin : at->second;
                                  }};
  auto calls = sessions_.remove_over(now_, keeping);
  if (calls.size() == Sessions::kRemovalsMax) sessions_at_ = now_.mono + kTendAgain;
  for (Call& call : calls) outbox_.submit(std::move(call));
}

/// The watch shows only pods with the serving label: one that lost it is there all the same.
void Engine::State::on_session_pod_checked(const Answer& answer) {
  if (answer.reply.certainty != Certainty::kDone) return;
  std::optional<Uid> there;
  if (answer.reply.http_status == 200) {
    const auto pod = decoder_.pod(answer.reply.body);
    if (!pod) return;
    there = pod->meta.uid;
  } else if (answer.reply.http_status != 404) {
    return;
  }
  auto call = sessions_.on_pod_checked(now_, answer.call.name, there);
  if (call) outbox_.submit(std::move(*call));
}

void Engine::State::ask_own_account() {
  Call call;
  call.kind = CallKind::kAskOwnAccount;
  call.method = Method::kPost;
  call.path = kube::kSelfSubjectReviewsPath;
  call.body = kube::encode_self_subject_review();
  call.tries_max = 1;
  outbox_.submit(std::move(call));
}

void Engine::State::on_own_account(const Answer& answer) {
  if (answer.reply.certainty != Certainty::kDone || answer.reply.http_status != 201) return;
  if (auto account = kube::decode_self_subject_review(answer.reply.body)) {
    own_account_ = std::move(*account);
  }
}

/// Rule 25; null while there is no session at all, which spares a look-up a pod.
eligibility::LastSession Engine::State::last_session() const {
  if (sessions_.size() == 0) return nullptr;
  return [this](const Uid& pod, api::SessionExclusion exclude) {
    return sessions_.last(pod, exclude);
  };
}

reconcile::SessionDetection Engine::State::detection_for(const JobRow& row) const {
  reconcile::SessionDetection detection = self_test_.detection();
  if (config_.session_webhook && unseen_namespaces_.contains(row.object.meta.namespace_)) {
    detection.state = reconcile::Detection::kDisabled;
    detection.why = fmt::format("the webhook is limited to namespaces with the labels {}",
                                config_.session_namespaces.to_query());
  }
  detection.tell = row.detection != self_test_.version();
  return detection;
}

MonoTime Engine::State::sessions_wake_at() const {
  MonoTime at = MonoTime::max();
  for (const auto& [review, until] : session_reviews_) at = std::min(at, until);
  if (!synced() || draining_) return at;
  if (sessions_.size() > 0) at = std::min(at, sessions_at_);
  return std::min(at, self_test_.wake_at());
}

}  // namespace podcron::engine
