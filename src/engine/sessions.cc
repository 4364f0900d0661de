#include "engine/sessions.h"

#include <fmt/format.h>

#include "api/codec.h"
#include "engine/self_test.h"
#include "engine/tables.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

/// kubectl connects twice when WebSockets are refused, and `kubectl cp` does: the second adds
/// nothing. Cooldowns are true to this.
constexpr Millis kSameSession{1000};
/// A pod that was just made may be known to the API server alone.
constexpr Millis kUnseenPodMax{60'000};
/// Times that a Lease may come and go while it is written.
constexpr int kTurnsMax = 4;
/// Between two requests about one Lease, and between two looks at a pod without the serving label.
constexpr Millis kAskAgain{60'000};
constexpr Millis kCheckAgain{300'000};
/// Tries while answers are uncertain, some ten minutes of them; both requests may be repeated.
constexpr std::uint32_t kTriesMax = 60;
/// Reviews come from whoever reaches the port, and while nothing is stored they pile up.
constexpr std::size_t kWritesMax = 4096;
constexpr std::size_t kReviewsPerWriteMax = 256;

constexpr std::size_t kUidBytes = 36;

}  // namespace

std::string_view to_string(SessionKind kind) { return kind == SessionKind::kTty ? "tty" : "exec"; }

std::string lease_name(const SessionKey& session) {
  return fmt::format("{}-{}", session.first.to_string(), to_string(session.second));
}

std::optional<SessionKey> session_named(std::string_view lease_name) {
  if (lease_name.size() <= kUidBytes || lease_name[kUidBytes] != '-') return std::nullopt;
  const auto uid = Uid::parse(lease_name.substr(0, kUidBytes));
  if (!uid) return std::nullopt;
  for (const SessionKind kind : {SessionKind::kTty, SessionKind::kExec}) {
    if (lease_name.substr(kUidBytes + 1) == to_string(kind)) return SessionKey{*uid, kind};
  }
  return std::nullopt;
}

void Sessions::settle(Wanted& wanted, bool stored) {
  for (const std::uint64_t review : wanted.reviews) settled_.push_back({review, stored});
  wanted.reviews.clear();
}

void Sessions::note(Now now, Connect connect, std::uint64_t review) {
  const SessionKey key{connect.pod, connect.kind};
  const auto same = [&](const std::string& user, WallMillis last) {
    return user == connect.user && std::chrono::abs(now.wall - last) < kSameSession;
  };
  const auto stored = stored_.find(key);
  const auto write = writes_.find(key);
  if (write == writes_.end() ? writes_.size() >= kWritesMax
                             : write->second.newest().reviews.size() >= kReviewsPerWriteMax) {
    settled_.push_back({review, false});
    return;
  }
  if (write == writes_.end()) {
    if (stored != stored_.end() && same(stored->second.user, stored->second.last)) {
      settled_.push_back({review, true});
      return;
    }
    Write begun;
    begun.now = {std::move(connect), now.wall, {review}};
    begun.renew = stored != stored_.end();
    writes_.emplace(key, std::move(begun));
    return;
  }
  Write& under_way = write->second;
  if (!under_way.next && same(under_way.now.connect.user, under_way.now.last)) {
    under_way.now.reviews.push_back(review);
    return;
  }
  if (!under_way.next) under_way.next = Wanted{};
  under_way.next->connect = std::move(connect);
  under_way.next->last = now.wall;
  under_way.next->reviews.push_back(review);
}

Call Sessions::request(const SessionKey& key, const Write& write) const {
  const Wanted& wanted = write.now;
  const std::string name = lease_name(key);
  Call call;
  call.kind = CallKind::kStoreSession;
  call.priority = Priority::kSession;
  call.name = name;
  call.tries_max = kTriesMax;
  if (write.renew) {
    call.method = Method::kPatch;
    call.path = kube::lease_path(namespace_, name);
    call.body = api::encode_session_renewal(wanted.connect.user, wanted.last);
    return call;
  }
  const std::string pod = engine::key_of(wanted.connect.pod_namespace, wanted.connect.pod_name);
  call.method = Method::kPost;
  call.path = kube::leases_path(namespace_);
  call.body = api::encode_session_lease({namespace_, name, to_string(key.second), pod,
                                         wanted.connect.user, wanted.last, wanted.last});
  return call;
}

std::vector<Call> Sessions::poll() {
  std::vector<Call> calls;
  for (auto& [key, write] : writes_) {
    if (write.sent) continue;
    write.sent = true;
    calls.push_back(request(key, write));
  }
  return calls;
}

std::optional<std::string> Sessions::on_answer(const Answer& answer,
                                               const Result<api::Lease>& lease, std::uint32_t epoch,
                                               bool seen_to_go) {
  const auto key = session_named(answer.call.name);
  const auto at = key ? writes_.find(*key) : writes_.end();
  if (at == writes_.end()) return std::nullopt;
  Write& write = at->second;
  const bool done = answer.reply.certainty == Certainty::kDone;
  const int status = done ? answer.reply.http_status : 0;
  const bool other_way = write.renew ? status == 404 : status == 409;
  if (other_way && ++write.turns <= kTurnsMax) {
    write.renew = !write.renew;
    write.sent = false;
    return std::nullopt;
  }
  const bool stored = status == 200 || status == 201;
  std::optional<std::string> changed;
  // Somebody may have deleted it right away: that is the newer word.
  if (stored && lease && (stored_.contains(*key) || !seen_to_go)) {
    changed = apply(*lease, epoch);
  }
  settle(write.now, stored);
  if (!write.next) {
    writes_.erase(at);
    return changed;
  }
  write.now = std::move(*write.next);
  write.next.reset();
  write.renew = stored_.contains(*key);
  write.sent = false;
  write.turns = 0;
  return changed;
}

std::optional<std::string> Sessions::apply(const api::Lease& lease, std::uint32_t epoch) {
  const auto key = session_named(lease.meta.name);
  if (!key || !lease.renew_time) return std::nullopt;
  Stored& stored = stored_[*key];
  stored.epoch = std::max(stored.epoch, epoch);
  if (lease.meta.resource_version <= stored.resource_version) return std::nullopt;
  stored.pod = lease.session_pod;
  stored.user = lease.holder_identity;
  stored.lease = lease.meta.uid;
  stored.resource_version = lease.meta.resource_version;
  stored.last = *lease.renew_time;
  return stored.pod;
}

std::optional<std::string> Sessions::erase(const api::Lease& lease) {
  const auto key = session_named(lease.meta.name);
  const auto at = key ? stored_.find(*key) : stored_.end();
  if (at == stored_.end() || at->second.resource_version > lease.meta.resource_version) {
    return std::nullopt;
  }
  std::string pod = std::move(at->second.pod);
  stored_.erase(at);
  return pod;
}

std::vector<std::string> Sessions::sweep(std::uint32_t epoch) {
  std::vector<std::string> pods;
  std::erase_if(stored_, [&](const auto& entry) {
    const bool gone = entry.second.epoch != epoch;
    if (gone) pods.push_back(entry.second.pod);
    return gone;
  });
  return pods;
}

std::optional<WallTime> Sessions::last(const Uid& pod, api::SessionExclusion exclude) const {
  std::optional<WallTime> latest;
  const auto look = [&](SessionKind kind) {
    const auto at = stored_.find({pod, kind});
    if (at == stored_.end()) return;
    const WallTime last = std::chrono::ceil<Seconds>(at->second.last);
    latest = std::max(latest.value_or(last), last);
  };
  if (exclude != api::SessionExclusion::kNone) look(SessionKind::kTty);
  if (exclude == api::SessionExclusion::kAnyExec) look(SessionKind::kExec);
  return latest;
}

Call Sessions::removal(const SessionKey& key, const Stored& stored) const {
  Call call;
  call.kind = CallKind::kDeleteSession;
  call.method = Method::kDelete;
  call.path = kube::lease_path(namespace_, lease_name(key));
  // Of this version only: a session that came meanwhile stays.
  call.body = api::encode_delete_options(stored.lease, stored.resource_version);
  call.tries_max = 1;  // the next look is the repetition
  return call;
}

std::vector<Call> Sessions::remove_over(Now now, const Keeping& keeping) {
  std::vector<Call> calls;
  for (auto& [key, stored] : stored_) {
    if (calls.size() == kRemovalsMax) break;
    if (key.first == kSelfTestPod || writes_.contains(key) || now.mono < stored.asked_until) {
      continue;
    }
    const Millis age = now.wall - stored.last;
    const std::string_view pod = stored.pod;
    const std::size_t slash = pod.find('/');
    const bool over = age > keeping.cooldown(pod.substr(0, slash));
    if (!over && (age <= kUnseenPodMax || keeping.exists(pod, key.first))) continue;
    stored.asked_until = now.mono + kAskAgain;
    if (over) {
      calls.push_back(removal(key, stored));
      continue;
    }
    Call call;
    call.kind = CallKind::kCheckSessionPod;
    call.name = lease_name(key);
    call.path = kube::pod_path(pod.substr(0, slash), pod.substr(slash + 1));
    call.tries_max = 1;
    calls.push_back(std::move(call));
  }
  return calls;
}

std::optional<Call> Sessions::on_pod_checked(Now now, std::string_view lease,
                                             const std::optional<Uid>& there) {
  const auto key = session_named(lease);
  const auto at = key ? stored_.find(*key) : stored_.end();
  if (at == stored_.end() || writes_.contains(*key)) return std::nullopt;
  if (there != key->first) return removal(*key, at->second);
  at->second.asked_until = now.mono + kCheckAgain;
  return std::nullopt;
}

}  // namespace podcron::engine
