#include "engine/elector.h"

#include <algorithm>
#include <utility>

#include "api/codec.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

/// As client-go writes it when it lets go.
constexpr Seconds kReleasedDuration{1};

bool come_again(const KubeReply& reply) {
  return reply.certainty != Certainty::kDone || reply.http_status == 429 ||
         reply.http_status >= 500;
}

}  // namespace

Elector::Elector(std::optional<Election> election, std::string namespace_, std::string holder)
    : election_(std::move(election)),
      namespace_(std::move(namespace_)),
      holder_(std::move(holder)) {}

bool Elector::leads(Now now) const {
  return !election_ || (leads_until_ && now.mono < *leads_until_);
}

bool Elector::free(Now now) const {
  return !present_ || seen_holder_.empty() || now.mono >= changed_ + election_->duration;
}

MonoTime Elector::wake_at() const {
  if (!election_ || settled_) return MonoTime::max();
  const MonoTime next = asking_ ? MonoTime::max() : next_at_;
  return leads_until_ ? std::min(next, *leads_until_) : next;
}

std::optional<Call> Elector::poll(Now now) {
  if (leads_until_ && now.mono >= *leads_until_) leads_until_.reset();
  if (!election_ || settled_ || asking_ || now.mono < next_at_) return std::nullopt;
  if (releasing_ && !must_read_ && !ours()) {
    settled_ = true;
    return std::nullopt;
  }
  asking_ = true;
  asked_at_ = now.mono;
  reading_ = must_read_ || !(ours() || free(now));
  Call call;
  if (!reading_) call = write(now);
  call.kind = CallKind::kElection;
  call.priority = Priority::kLease;
  call.tries_max = 1;  // the next look is the repetition
  // An answer that is lost leaves time for another request before the renew deadline.
  call.timeout = Millis{election_->renew_deadline - election_->retry_period} / 2;
  if (reading_) call.path = kube::lease_path(namespace_, election_->lease);
  return call;
}

/// Renews, takes or releases it: a compare-and-swap, so that of two only one gets it.
Call Elector::write(Now now) {
  if (!ours() || !acquired_) acquired_ = now.wall;
  if (!ours() && present_) ++transitions_;
  Call call;
  call.method = present_ ? Method::kPut : Method::kPost;
  call.path =
      present_ ? kube::lease_path(namespace_, election_->lease) : kube::leases_path(namespace_);
  call.body = api::encode_lease(namespace_, election_->lease, releasing_ ? "" : holder_,
                                releasing_ ? kReleasedDuration : election_->duration, *acquired_,
                                now.wall, present_ ? version_ : 0, transitions_);
  return call;
}

void Elector::on_answer(Now now, const KubeReply& reply) {
  asking_ = false;
  next_at_ = now.mono + election_->retry_period;
  if (come_again(reply)) {
    must_read_ = true;
    return;
  }
  if (reading_) {
    on_read(now, reply);
  } else {
    on_written(now, reply);
  }
}

void Elector::on_read(Now now, const KubeReply& reply) {
  if (reply.http_status == 404) {
    see_none(now);
  } else if (reply.http_status == 200) {
    api::Decoder decoder;
    const auto lease = decoder.lease(reply.body);
    if (!lease) return;
    see(now, *lease);
  } else {
    return;
  }
  must_read_ = false;
  pace(now);
}

void Elector::on_written(Now now, const KubeReply& reply) {
  if (reply.http_status == 409 || reply.http_status == 404) {
    // Somebody else was faster, or deleted it. A 404 for a POST is a namespace that is not there.
    const bool hopeless = reply.http_status == 404 && !present_;
    must_read_ = true;
    if (!hopeless) next_at_ = now.mono;
    return;
  }
  must_read_ = true;
  if (reply.http_status != 200 && reply.http_status != 201) return;
  api::Decoder decoder;
  const auto lease = decoder.lease(reply.body);
  // The watch may have shown already what somebody else made of it since.
  if (!lease || lease->meta.resource_version < version_) return;
  see(now, *lease);
  must_read_ = false;
  if (releasing_) {
    next_at_ = now.mono;  // to find that it is not ours
  } else if (ours()) {
    leads_until_ = asked_at_ + election_->renew_deadline;
  }
}

/// When to look again: at once if it may be had, else after the retry period, or when it may be.
void Elector::pace(Now now) {
  if (ours() || free(now) || releasing_) {
    next_at_ = now.mono;
  } else {
    next_at_ = std::min(now.mono + Millis{election_->retry_period}, changed_ + election_->duration);
  }
}

void Elector::see(Now now, const api::Lease& lease) {
  const bool same = present_ && version_ == lease.meta.resource_version;
  if (!same) changed_ = now.mono;
  present_ = true;
  version_ = lease.meta.resource_version;
  seen_holder_ = lease.holder_identity;
  transitions_ = lease.transitions;
  // Whatever is left of our time: who has it now may already be at work.
  if (!ours()) leads_until_.reset();
}

void Elector::see_none(Now now) {
  if (present_) changed_ = now.mono;
  present_ = false;
  seen_holder_.clear();
  transitions_ = 0;
}

void Elector::release(Now now) {
  if (!election_ || releasing_) return;
  releasing_ = true;
  leads_until_.reset();
  next_at_ = now.mono;
  settled_ = !acquired_;  // never asked for
}

void Elector::apply(Now now, const api::Lease& lease) {
  if (!election_ || lease.meta.name != election_->lease) return;
  if (lease.meta.resource_version <= version_) return;
  see(now, lease);
  must_read_ = false;
  if (!leads(now) && free(now)) next_at_ = now.mono;
}

void Elector::erase(Now now, const api::Lease& lease) {
  if (!election_ || lease.meta.name != election_->lease) return;
  if (lease.meta.resource_version < version_) return;
  see_none(now);
  version_ = lease.meta.resource_version;
  next_at_ = now.mono;
}

}  // namespace podcron::engine
