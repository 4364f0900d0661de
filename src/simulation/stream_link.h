// Performs OpenStreams: LIST pages and WATCHes as bytes through the production decoder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/effects.h"
#include "kube/stream_decoder.h"
#include "simulation/lifeline.h"
#include "simulation/wire.h"

namespace podcron::simulation {

class StreamLink {
 public:
  explicit StreamLink(Wire& wire) : wire_(wire) {}

  void perform(engine::OpenStream&& effect);
  /// True if `id` was an open stream; it ends without order.
  bool cancel(engine::EffectId id);
  /// Something of `resource` changed: watches of it have news.
  void on_change(Resource resource);
  /// The network is whole again: streams that hang are cut, as a reset does.
  void heal();

 private:
  struct Stream {
    engine::OpenStream effect;
    kube::StreamDecoder decoder;
    std::optional<Watch> watch;
    bool pumping = false;  // news are on their way
    bool silent = false;   // nothing arrives any more
    VirtualTime last_byte{};
    VirtualTime delayed_until{};
  };

  void start(engine::EffectId id);
  void start_list(Stream& stream);
  void start_watch(engine::EffectId id, Stream& stream);
  [[nodiscard]] std::optional<ApiAnswer> draw_refusal(const Stream& stream);
  void schedule_pump(engine::EffectId id, Stream& stream);
  void pump(engine::EffectId id);
  void schedule_bookmark(engine::EffectId id);
  void schedule_silence_check(engine::EffectId id);
  /// The empty batch that says 200.
  void grant(engine::EffectId id);
  /// Feeds bytes in pieces of random size and hands on the batches.
  void receive(Stream& stream, std::string_view bytes, bool whole);
  void end(engine::EffectId id, bool orderly, int http_status, std::optional<Millis> retry_after,
           std::string_view error);
  Stream* find(engine::EffectId id);

  Wire& wire_;
  std::map<engine::EffectId, Stream> streams_;
  Lifeline lifeline_;
};

}  // namespace podcron::simulation
