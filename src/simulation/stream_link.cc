#include "simulation/stream_link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

/// The API server sends bookmarks about once a minute.
constexpr Millis kBookmarkPeriod{60'000};

}  // namespace

StreamLink::Stream* StreamLink::find(engine::EffectId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void StreamLink::perform(engine::OpenStream&& effect) {
  Environment& env = wire_.environment;
  ++env.report.streams;
  PODCRON_ASSERT(effect.inactivity_timeout > Millis{0});
  env.trace.line(wire_.holder, "{} {} #{}", effect.watch ? "WATCH" : "LIST", effect.path,
                 effect.id.value);
  const engine::EffectId id = effect.id;
  Stream stream{effect, kube::StreamDecoder(effect.kind, effect.watch), std::nullopt};
  stream.last_byte = env.timeline.now();
  const bool added = streams_.emplace(id, std::move(stream)).second;
  PODCRON_ASSERT(added);
  schedule_silence_check(id);
  // Behind a partition the bytes are sent again until it is over, or the silence ends the stream.
  const VirtualTime now = env.timeline.now();
  const VirtualTime passes = wire_.partitioned() ? wire_.partition.until : now;
  streams_.at(id).delayed_until = passes;
  env.timeline.at(passes + wire_.latency(), [this, id, witness = lifeline_.witness()] {
    if (witness.alive()) start(id);
  });
}

std::optional<ApiAnswer> StreamLink::draw_refusal(const Stream& stream) {
  Environment& env = wire_.environment;
  const bool watch = stream.effect.watch;
  if (!env.strikes(watch ? FaultKind::kWatchRefused : FaultKind::kListFailed)) return std::nullopt;
  const bool continued = stream.effect.path.find("continue=") != std::string::npos;
  switch (env.prng.below(4)) {
    case 0:
      if (watch || continued) return expired("too old resource version");
      return internal_error("etcdserver: request timed out");
    case 1:
      return too_many_requests(Seconds{1 + static_cast<int>(env.prng.below(3))});
    case 2:
      return service_unavailable();
    default:
      return internal_error("etcdserver: leader changed");
  }
}

void StreamLink::start(engine::EffectId id) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  if (auto refusal = draw_refusal(*stream)) {
    const auto retry =
        refusal->retry_after ? std::optional<Millis>(*refusal->retry_after) : std::nullopt;
    return end(id, true, refusal->status, retry, "");
  }
  if (stream->effect.watch) {
    start_watch(id, *stream);
  } else {
    start_list(*stream);
  }
}

void StreamLink::start_list(Stream& stream) {
  Environment& env = wire_.environment;
  const engine::EffectId id = stream.effect.id;
  std::uint64_t stale = UINT64_MAX;
  if (allows_stale(stream.effect.path) && env.strikes(FaultKind::kListStale)) {
    stale = wire_.server.store().revision() - env.prng.below(200);
  }
  ApiAnswer answer = wire_.server.handle(
      {engine::Method::kGet, stream.effect.path, "", {wire_.holder, false, false}}, stale);
  const auto retry = answer.retry_after ? std::optional<Millis>(*answer.retry_after) : std::nullopt;
  if (answer.ok() && env.strikes(FaultKind::kListCut)) {
    const std::size_t cut = env.prng.below(answer.body.size());
    grant(id);
    receive(stream, std::string_view(answer.body).substr(0, cut), false);
    return end(id, false, 200, std::nullopt, "connection reset");
  }
  env.timeline.after(wire_.latency(),
                     [this, id, retry, answer = std::move(answer), witness = lifeline_.witness()] {
                       Stream* found = witness.alive() ? find(id) : nullptr;
                       if (found == nullptr || found->silent) return;
                       if (answer.ok()) {
                         grant(id);
                         receive(*found, answer.body, true);
                       }
                       end(id, true, answer.status, retry, "");
                     });
}

void StreamLink::start_watch(engine::EffectId id, Stream& stream) {
  Environment& env = wire_.environment;
  ApiAnswer refusal;
  auto watch = wire_.server.open_watch(stream.effect.path, refusal);
  if (!watch) {
    return end(id, true, refusal.status, std::nullopt, "");
  }
  stream.watch = std::move(*watch);
  stream.silent = env.strikes(FaultKind::kWatchSilent);
  env.timeline.after(stream.watch->timeout, [this, id, witness = lifeline_.witness()] {
    Stream* found = witness.alive() ? find(id) : nullptr;
    if (found != nullptr && !found->silent) end(id, true, 200, std::nullopt, "");
  });
  if (stream.watch->bookmarks) schedule_bookmark(id);
  schedule_pump(id, stream);
  grant(id);
}

void StreamLink::on_change(Resource resource) {
  for (auto& [id, stream] : streams_) {
    if (stream.watch && stream.watch->selection.resource == resource) schedule_pump(id, stream);
  }
}

void StreamLink::schedule_pump(engine::EffectId id, Stream& stream) {
  if (stream.pumping || stream.silent) return;
  Environment& env = wire_.environment;
  stream.pumping = true;
  const VirtualTime now = env.timeline.now();
  if (env.strikes(FaultKind::kWatchDelayed)) {
    stream.delayed_until = now + env.draw(Millis{500}, Millis{30'000});
  }
  VirtualTime when = std::max(now, stream.delayed_until) + wire_.latency();
  if (wire_.partitioned()) {
    when = std::max(when, wire_.partition.until);
    stream.delayed_until = when;
  }
  env.timeline.at(when, [this, id, witness = lifeline_.witness()] {
    if (witness.alive()) pump(id);
  });
}

void StreamLink::pump(engine::EffectId id) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->watch || stream->silent) return;
  stream->pumping = false;
  if (wire_.partitioned()) return schedule_pump(id, *stream);
  std::string lines;
  const bool goes_on = wire_.server.read_watch(*stream->watch, lines);
  if (lines.empty()) return;
  if (wire_.environment.strikes(FaultKind::kWatchCut)) {
    lines.resize(wire_.environment.prng.below(lines.size()));
    receive(*stream, lines, false);
    return end(id, false, 200, std::nullopt, "connection reset");
  }
  receive(*stream, lines, !goes_on);
  if (!goes_on) end(id, true, 200, std::nullopt, "");
}

void StreamLink::schedule_bookmark(engine::EffectId id) {
  wire_.environment.timeline.after(kBookmarkPeriod, [this, id, witness = lifeline_.witness()] {
    Stream* stream = witness.alive() ? find(id) : nullptr;
    if (stream == nullptr || !stream->watch) return;
    schedule_bookmark(id);
    if (stream->silent || stream->pumping || wire_.partitioned()) return;
    std::string lines;
    const bool goes_on = wire_.server.read_watch(*stream->watch, lines);
    if (goes_on) lines += wire_.server.bookmark_line(*stream->watch);
    receive(*stream, lines, !goes_on);
    if (!goes_on) end(id, true, 200, std::nullopt, "");
  });
}

void StreamLink::schedule_silence_check(engine::EffectId id) {
  Stream* stream = find(id);
  const VirtualTime when = stream->last_byte + stream->effect.inactivity_timeout;
  wire_.environment.timeline.at(when, [this, id, witness = lifeline_.witness()] {
    Stream* found = witness.alive() ? find(id) : nullptr;
    if (found == nullptr) return;
    const VirtualTime deadline = found->last_byte + found->effect.inactivity_timeout;
    if (wire_.environment.timeline.now() < deadline) return schedule_silence_check(id);
    end(id, false, found->watch ? 200 : 0, std::nullopt, "no byte in time");
  });
}

void StreamLink::grant(engine::EffectId id) {
  engine::StreamBatch granted;
  granted.id = id;
  wire_.deliver(engine::Input(std::move(granted)));
}

void StreamLink::receive(Stream& stream, std::string_view bytes, bool whole) {
  stream.last_byte = wire_.environment.timeline.now();
  std::vector<kube::StreamItem> items;
  while (!bytes.empty()) {
    // Mostly whole reads, sometimes very small ones: the decoder must not care.
    Prng& prng = wire_.environment.prng;
    const std::size_t size = prng.chance(50) ? 1 + prng.below(64) : bytes.size();
    stream.decoder.feed(bytes.substr(0, size), items);
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  if (whole) stream.decoder.finish(items);
  const engine::EffectId id = stream.effect.id;
  for (std::size_t at = 0; at < items.size(); at += engine::kStreamBatchItemsMax) {
    const std::size_t end = std::min(items.size(), at + engine::kStreamBatchItemsMax);
    engine::StreamBatch batch;
    batch.id = id;
    batch.items.assign(std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(at)),
                       std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(end)));
    wire_.deliver(engine::Input(std::move(batch)));
  }
}

void StreamLink::end(engine::EffectId id, bool orderly, int http_status,
                     std::optional<Millis> retry_after, std::string_view error) {
  if (streams_.erase(id) == 0) return;
  engine::StreamEnded ended;
  ended.id = id;
  ended.orderly = orderly;
  ended.http_status = http_status;
  ended.retry_after = retry_after;
  if (http_status != 0) ended.date = wire_.server_date();
  ended.error = error;
  wire_.environment.trace.line(wire_.holder, "stream #{} ended {} {}", id.value, http_status,
                               error);
  wire_.deliver(engine::Input(std::move(ended)));
}

bool StreamLink::cancel(engine::EffectId id) {
  if (find(id) == nullptr) return false;
  end(id, false, 0, std::nullopt, "cancelled");
  return true;
}

void StreamLink::heal() {
  std::vector<engine::EffectId> hanging;
  const VirtualTime now = wire_.environment.timeline.now();
  for (const auto& [id, stream] : streams_) {
    if (stream.silent || stream.delayed_until > now) hanging.push_back(id);
  }
  for (const engine::EffectId id : hanging) {
    end(id, false, 200, std::nullopt, "connection reset");
  }
}

}  // namespace podcron::simulation
