#include "controller/net/link_pool.h"

#include <chrono>

namespace podcron::net {
namespace {

std::int64_t steady_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

LinkPool::LinkPool(boost::asio::io_context& context, std::shared_ptr<Credentials> credentials)
    : context_(context), credentials_(std::move(credentials)) {}

LinkPool::Lease LinkPool::take() {
  const std::shared_ptr<TlsMaterial> material = credentials_->material();
  const std::int64_t now_ms = steady_ms();
  while (!idle_.empty()) {
    Idle candidate = std::move(idle_.back());
    idle_.pop_back();
    const bool young = now_ms - candidate.since_ms < kIdleMax.count();
    // Replaced certificates count from the next request on.
    if (young && candidate.link->material() == material && candidate.link->quiet()) {
      return {std::move(candidate.link), false};
    }
    candidate.link->close();
  }
  return {std::make_shared<TlsLink>(context_, credentials_), true};
}

void LinkPool::give_back(std::shared_ptr<TlsLink> link) {
  if (idle_.size() >= kIdleLinksMax) return link->close();
  idle_.push_back({std::move(link), steady_ms()});
}

std::size_t LinkPool::sweep() {
  const std::int64_t now_ms = steady_ms();
  std::size_t old = 0;
  while (old < idle_.size() && now_ms - idle_[old].since_ms >= kIdleMax.count()) {
    idle_[old++].link->close();
  }
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(old));
  return idle_.size();
}

void LinkPool::close_all() {
  for (const Idle& idle : idle_) idle.link->close();
  idle_.clear();
}

}  // namespace podcron::net
