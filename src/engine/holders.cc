#include "engine/holders.h"

#include <fmt/format.h>

#include "api/codec.h"
#include "base/hash.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

constexpr Millis kRetry{1000};
/// A Lease that nobody renewed for so long belongs to a process that will not come back.
constexpr Millis kForgetAfter{10 * 60 * 1000};

}  // namespace

Holders::Holders(HoldersConfig config)
    : config_(std::move(config)),
      lease_name_(fmt::format("{}{:016x}", kHolderLeasePrefix, hash64(config_.holder))) {}

std::optional<Call> Holders::poll(Now now) {
  if (asking_ || now.mono < next_at_) return std::nullopt;
  asking_ = true;
  asked_at_ = now.mono;
  if (!acquired_) acquired_ = now.wall;
  Call call;
  call.kind = CallKind::kLease;
  call.priority = Priority::kLease;
  call.tries_max = 1;  // the next renewal is the repetition
  if (must_read_) {
    call.method = Method::kGet;
    call.path = kube::lease_path(config_.namespace_, lease_name_);
    return call;
  }
  call.method = resource_version_ == 0 ? Method::kPost : Method::kPut;
  call.path = resource_version_ == 0 ? kube::leases_path(config_.namespace_)
                                     : kube::lease_path(config_.namespace_, lease_name_);
  call.body = api::encode_lease(config_.namespace_, lease_name_, config_.holder, config_.duration,
                                *acquired_, now.wall, resource_version_);
  return call;
}

void Holders::on_answer(Now now, const KubeReply& reply) {
  asking_ = false;
  next_at_ = now.mono + kRetry;
  if (reply.certainty != Certainty::kDone) {
    must_read_ = true;
    return;
  }
  if (reply.http_status == 200 || reply.http_status == 201) {
    api::Decoder decoder;
    const auto lease = decoder.lease(reply.body);
    if (!lease) return;
    resource_version_ = lease->meta.resource_version;
    // A read only brings us up to date; the renewal follows at once.
    if (must_read_) {
      must_read_ = false;
      next_at_ = now.mono;
      return;
    }
    held_until_ = asked_at_ + config_.duration;
    next_at_ = now.mono + config_.renew_period;
    return;
  }
  if (reply.http_status == 409) {
    must_read_ = true;
    next_at_ = now.mono;
  } else if (reply.http_status == 404) {
    must_read_ = false;
    if (resource_version_ != 0) next_at_ = now.mono;
    resource_version_ = 0;
  }
}

Call Holders::release() const {
  Call call;
  call.kind = CallKind::kDeleteLease;
  call.priority = Priority::kLease;
  call.method = Method::kDelete;
  call.path = kube::lease_path(config_.namespace_, lease_name_);
  call.tries_max = 3;
  return call;
}

void Holders::apply(Now now, const api::Lease& lease, std::uint32_t epoch) {
  if (!lease.meta.name.starts_with(kHolderLeasePrefix)) return;
  Seen& seen = seen_[lease.holder_identity];
  if (!seen.present || seen.resource_version != lease.meta.resource_version) {
    seen.changed = now.mono;
  }
  seen.lease = lease.meta.name;
  seen.resource_version = lease.meta.resource_version;
  seen.epoch = epoch;
  seen.present = true;
}

void Holders::erase(Now now, const api::Lease& lease) {
  const auto at = seen_.find(lease.holder_identity);
  if (at == seen_.end() || !at->second.present) return;
  at->second.present = false;
  at->second.changed = now.mono;
}

void Holders::sweep(Now now, std::uint32_t epoch) {
  for (auto& [holder, seen] : seen_) {
    if (!seen.present || seen.epoch == epoch) continue;
    seen.present = false;
    seen.changed = now.mono;
  }
}

bool Holders::gone(Now now, std::string_view holder) {
  if (holder == config_.holder) return false;
  const auto at = seen_.find(holder);
  if (at == seen_.end()) {
    seen_[std::string(holder)].changed = now.mono;
    return false;
  }
  return now.mono - at->second.changed >= config_.duration;
}

std::vector<std::string> Holders::abandoned(Now now) {
  std::vector<std::string> leases;
  for (auto at = seen_.begin(); at != seen_.end();) {
    const Seen& seen = at->second;
    if (at->first == config_.holder || now.mono - seen.changed < kForgetAfter) {
      ++at;
      continue;
    }
    if (seen.present) {
      leases.push_back(seen.lease);
      at->second.changed = now.mono;  // asked for once; again only after another while
      ++at;
    } else {
      at = seen_.erase(at);
    }
  }
  return leases;
}

}  // namespace podcron::engine
