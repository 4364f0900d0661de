#include "kube/watch_machine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "kube/paths.h"

namespace podcron::kube {
namespace {

constexpr int kPageItems = 500;

// The server ends a watch after so long, a different time for each, so that not all return at
// once. Our own limit on silence is above it: bookmarks come about every minute, but only as a
// courtesy, so silence below the server's limit is no fault.
constexpr std::uint64_t kWatchSecondsMin = 300;
constexpr std::uint64_t kWatchSecondsMax = 600;
constexpr Millis kWatchSilenceSlack{30'000};
/// The API server gives up on a request of its own after 60 s.
constexpr Millis kListSilenceMax{65'000};

// client-go's reflector: 0.8 s doubled to 30 s, forgotten after 2 minutes of health.
constexpr Millis kDelayFirst{800};
constexpr Millis kDelayMax{30'000};
constexpr Millis kHealthyAfter{120'000};
/// A watch that ends sooner without one item is a failure, also when it ends in order.
constexpr Millis kWatchLivesMin{1000};
/// A proxy that asks for more must not blind us for longer.
constexpr Millis kRetryAfterMax{300'000};
/// So many answered watches in a row that failed without an item: this resourceVersion leads
/// nowhere (400, 504 "too large", 500 from a broken cache), so the next try is a fresh list.
constexpr int kFruitlessWatchesMax = 5;

constexpr int kOk = 200;
constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
constexpr int kServiceUnavailable = 503;

/// The request itself is wrong: the same one again cannot succeed.
bool is_refusal(int http_status) {
  return http_status >= 400 && http_status < 500 && http_status != kTooManyRequests;
}

/// The server asks for less; that says nothing about the request.
bool is_overload(int code) { return code == kTooManyRequests || code == kServiceUnavailable; }

std::uint64_t resource_version_of(const Object& object) {
  return std::visit([](const auto& one) { return one.meta.resource_version; }, object);
}

}  // namespace

WatchMachine::WatchMachine(StreamTarget target, std::uint64_t seed)
    : target_(std::move(target)), prng_(seed) {}

std::optional<StreamRequest> WatchMachine::poll(Now now) {
  if (open_ || now.mono < retry_at_) return std::nullopt;
  open_ = true;
  page_complete_ = false;
  any_item_ = false;
  error_code_ = 0;
  error_retry_after_.reset();
  opened_at_ = now.mono;
  if (!healthy_since_) healthy_since_ = now.mono;
  if (phase_ == Phase::kWatch) return watch_request();
  // A list that starts again shows another state, so what an earlier try marked proves nothing.
  if (continue_token_.empty()) ++epoch_;
  return list_request();
}

std::optional<MonoTime> WatchMachine::wake_at() const {
  return open_ ? std::nullopt : std::optional(retry_at_);
}

StoreAction WatchMachine::on_item(const StreamItem& item) {
  PODCRON_ASSERT(open_);
  if (const auto* error = std::get_if<StreamError>(&item)) {
    note_error(error->status);
    return StoreAction::kNone;
  }
  // Lines that are no objects (a proxy's page) must not pass for a healthy stream.
  if (!std::holds_alternative<Undecodable>(item)) any_item_ = true;
  return phase_ == Phase::kList ? on_list_item(item) : on_watch_item(item);
}

StoreAction WatchMachine::on_list_item(const StreamItem& item) {
  if (std::holds_alternative<Apply>(item)) return StoreAction::kApply;
  const auto* end = std::get_if<PageEnd>(&item);
  if (end == nullptr || page_complete_) return StoreAction::kNone;
  page_complete_ = true;
  continue_token_ = end->continue_token;
  if (!continue_token_.empty()) return StoreAction::kNone;
  resource_version_ = end->resource_version;
  from_quorum_ = false;
  synced_ = true;
  return StoreAction::kSweep;
}

StoreAction WatchMachine::on_watch_item(const StreamItem& item) {
  const auto seen = [this](std::uint64_t resource_version) {
    // Never back: a relist "not older than" it then cannot travel back in time.
    resource_version_ = std::max(resource_version_, resource_version);
  };
  if (const auto* apply = std::get_if<Apply>(&item)) {
    seen(resource_version_of(apply->object));
    return StoreAction::kApply;
  }
  if (const auto* gone = std::get_if<Delete>(&item)) {
    seen(resource_version_of(gone->object));
    return StoreAction::kDelete;
  }
  if (const auto* bookmark = std::get_if<Bookmark>(&item)) seen(bookmark->resource_version);
  return StoreAction::kNone;
}

void WatchMachine::on_end(Now now, const StreamEnd& end) {
  PODCRON_ASSERT(open_);
  open_ = false;
  phase_ == Phase::kList ? list_ended(now, end) : watch_ended(now, end);
}

void WatchMachine::list_ended(Now now, const StreamEnd& end) {
  if (page_complete_) {
    retry_at_ = now.mono;
    if (!continue_token_.empty()) return;
    phase_ = Phase::kWatch;
    fruitless_watches_ = 0;
    return;
  }
  if (continue_token_.empty()) {
    // The list cannot be had as of our resourceVersion, or not now: the state that a majority of
    // etcd has agreed on can always be asked for.
    from_quorum_ = true;
  } else if (error_code_ == kGone || is_refusal(end.http_status)) {
    from_quorum_ = true;
    restart_list();
  }
  back_off(now, end);
}

void WatchMachine::watch_ended(Now now, const StreamEnd& end) {
  const bool short_lived = !any_item_ && now.mono - opened_at_ < kWatchLivesMin;
  const bool failed = !end.orderly || end.http_status != kOk || error_code_ != 0 || short_lived;
  if (!failed) {
    fruitless_watches_ = 0;
    retry_at_ = now.mono;
    return;
  }
  if (any_item_) {
    fruitless_watches_ = 0;
  } else if (end.http_status != 0 && !is_overload(end.http_status) && !is_overload(error_code_)) {
    ++fruitless_watches_;
  }
  const bool fruitless = fruitless_watches_ >= kFruitlessWatchesMax;
  if (fruitless) from_quorum_ = true;
  if (fruitless || error_code_ == kGone || end.http_status == kGone) restart_list();
  back_off(now, end);
}

void WatchMachine::retarget(std::string label_selector) {
  target_.label_selector = std::move(label_selector);
  restart_list();
  open_ = false;
  synced_ = false;
  // What the old selector showed says nothing about the objects of the new one.
  from_quorum_ = true;
}

void WatchMachine::restart_list() {
  if (synced_) ++relists_;
  phase_ = Phase::kList;
  continue_token_.clear();
}

void WatchMachine::note_error(const api::KubeStatus& status) {
  error_code_ = status.code == 0 ? -1 : status.code;
  if (status.reason == "Expired" || status.reason == "Gone") error_code_ = kGone;
  if (status.retry_after_seconds) error_retry_after_ = Seconds{*status.retry_after_seconds};
}

void WatchMachine::back_off(Now now, const StreamEnd& end) {
  // An attempt that showed nothing was no health, however long it hung.
  const MonoTime healthy_until = any_item_ ? now.mono : opened_at_;
  const bool was_healthy = healthy_since_ && healthy_until - *healthy_since_ >= kHealthyAfter;
  delay_ = delay_ == Millis{0} || was_healthy ? kDelayFirst : std::min(2 * delay_, kDelayMax);
  healthy_since_.reset();
  const Millis asked = std::max(end.retry_after, error_retry_after_).value_or(Millis{0});
  const Millis wait = std::max(delay_, std::min(asked, kRetryAfterMax));
  // Up to half as much again, so that the watchers of one server do not come back together.
  const auto jitter = prng_.below(static_cast<std::uint64_t>(delay_.count()) / 2 + 1);
  retry_at_ = now.mono + wait + Millis{jitter};
}

StreamRequest WatchMachine::watch_request() {
  const std::uint64_t seconds =
      kWatchSecondsMin + prng_.below(kWatchSecondsMax - kWatchSecondsMin + 1);
  StreamRequest request;
  request.watch = true;
  request.path =
      fmt::format("{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}{}",
                  target_.path, resource_version_, seconds, selectors());
  request.inactivity_timeout = Seconds{static_cast<std::int64_t>(seconds)} + kWatchSilenceSlack;
  return request;
}

StreamRequest WatchMachine::list_request() const {
  StreamRequest request;
  request.path = fmt::format("{}?limit={}{}", target_.path, kPageItems, selectors());
  if (!continue_token_.empty()) {
    // The token says as of when; the server refuses a resourceVersion beside it.
    request.path += "&continue=" + percent_encode(continue_token_);
  } else if (resource_version_ != 0 && !from_quorum_) {
    request.path +=
        fmt::format("&resourceVersion={}&resourceVersionMatch=NotOlderThan", resource_version_);
  }
  request.inactivity_timeout = kListSilenceMax;
  return request;
}

std::string WatchMachine::selectors() const {
  std::string query;
  if (!target_.label_selector.empty()) {
    query += "&labelSelector=" + percent_encode(target_.label_selector);
  }
  if (!target_.field_selector.empty()) {
    query += "&fieldSelector=" + percent_encode(target_.field_selector);
  }
  return query;
}

}  // namespace podcron::kube
