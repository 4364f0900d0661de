#include "engine/event_recorder.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/hash.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

/// The contract's section 3: at most one write in five minutes.
constexpr Millis kSeriesPeriod{5 * 60 * 1000};
constexpr std::size_t kSeriesMax = 4096;
/// Events are for people: three tries, then the metric has to do.
constexpr std::uint32_t kTriesMax = 3;

std::int32_t clamp_count(std::int64_t count) {
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(count, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

std::optional<Call> EventRecorder::record(Now now, const EventSubject& subject,
                                          std::string_view reason, std::string note,
                                          std::int64_t count) {
  const Key key{subject.uid, std::string(reason)};
  if (const auto at = series_.find(key); at != series_.end()) {
    Series& series = at->second;
    series.count += count;
    series.dirty = true;
    if (now.mono - series.written < kSeriesPeriod) return std::nullopt;
    return patch(now, series);
  }
  if (series_.size() >= kSeriesMax) forget_oldest();
  // Unique over restarts: the instance's random id is part of the hash.
  const std::uint64_t unique = hash64(instance_, ++made_);
  Series series{subject.namespace_, fmt::format("{}.{:016x}", subject.name, unique), now.mono,
                count, false};
  api::NewEvent event;
  event.namespace_ = subject.namespace_;
  event.name = series.event;
  event.regarding_kind = subject.kind;
  event.regarding_name = subject.name;
  event.regarding_uid = subject.uid;
  event.reason = reason;
  event.action = "Schedule";
  event.note = std::move(note);
  event.reporting_instance = instance_;
  event.first = now.wall;
  event.last = now.wall;
  event.series_count = clamp_count(count);
  Call call;
  call.kind = CallKind::kEvent;
  call.method = Method::kPost;
  call.path = kube::events_path(subject.namespace_);
  call.body = api::encode_event(event);
  call.tries_max = kTriesMax;
  series_.emplace(key, std::move(series));
  return call;
}

Call EventRecorder::patch(Now now, Series& series) {
  series.written = now.mono;
  series.dirty = false;
  Call call;
  call.kind = CallKind::kEvent;
  call.method = Method::kPatch;
  call.path = kube::event_path(series.namespace_, series.event);
  call.body = api::encode_event_series(now.wall, clamp_count(series.count));
  call.tries_max = kTriesMax;
  return call;
}

std::vector<Call> EventRecorder::poll(Now now) {
  std::vector<Call> calls;
  for (auto at = series_.begin(); at != series_.end();) {
    Series& series = at->second;
    if (now.mono - series.written < kSeriesPeriod) {
      ++at;
    } else if (series.dirty) {
      calls.push_back(patch(now, series));
      ++at;
    } else {
      at = series_.erase(at);  // quiet for a whole period: the next one starts a new Event
    }
  }
  return calls;
}

std::optional<MonoTime> EventRecorder::wake_at() const {
  std::optional<MonoTime> first;
  for (const auto& [key, series] : series_) {
    if (!series.dirty) continue;
    const MonoTime at = series.written + kSeriesPeriod;
    first = first ? std::min(*first, at) : at;
  }
  return first;
}

void EventRecorder::forget_oldest() {
  const auto oldest = std::min_element(
      series_.begin(), series_.end(),
      [](const auto& a, const auto& b) { return a.second.written < b.second.written; });
  series_.erase(oldest);
}

}  // namespace podcron::engine
