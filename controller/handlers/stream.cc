#include "controller/handlers/stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/codec.h"
#include "api/utf8.h"
#include "kube/stream_decoder.h"

namespace podcron::handlers {
namespace {

constexpr std::size_t kRefusalMax = 1024;

/// What a Status says; the text itself when it is none, as a proxy's.
std::string reason_of(const std::string& body) {
  const auto status = api::decode_status(body);
  return status ? status->message : std::string(api::clip_utf8(body, kRefusalMax));
}

class DecodingSink final : public net::StreamSink {
 public:
  DecodingSink(engine::EffectId id, kube::ObjectKind kind, bool watch,
               std::shared_ptr<loop::Mailbox> mailbox)
      : id_(id), decoder_(kind, watch), mailbox_(std::move(mailbox)) {}

  void head(const net::ResponseHead& head) override {
    head_ = head;
    if (head_.status != 200) return;
    // A watch may have nothing to say for long: that it was granted is news by itself.
    engine::StreamBatch granted;
    granted.id = id_;
    mailbox_->post(std::move(granted));
  }

  void body(std::string_view bytes) override {
    if (head_.status != 200) {
      refusal_.append(bytes.substr(0, kRefusalMax - std::min(kRefusalMax, refusal_.size())));
      return;
    }
    bytes_waiting_ += bytes.size();
    decoder_.feed(bytes, items_);
    post_items();
  }

  bool ready(std::function<void()> resume) override { return mailbox_->ready(std::move(resume)); }

  void done(bool orderly, std::string error) override {
    if (orderly && head_.status == 200) {
      decoder_.finish(items_);
      post_items();
    }
    engine::StreamEnded ended;
    ended.id = id_;
    ended.orderly = orderly;
    ended.http_status = head_.status;
    ended.retry_after = head_.retry_after;
    ended.date = head_.date;
    ended.error = error.empty() ? reason_of(refusal_) : std::move(error);
    mailbox_->post(std::move(ended));
  }

 private:
  void post_items() {
    if (items_.empty()) return;
    // What a batch holds is unknown here; the bytes it came from bound it, but for tiny objects.
    const std::size_t cost = std::max(bytes_waiting_, items_.size() * sizeof(kube::StreamItem));
    bytes_waiting_ = 0;
    const std::size_t count = items_.size();
    std::size_t charged = 0;
    for (std::size_t begin = 0; begin < count; begin += engine::kStreamBatchItemsMax) {
      const std::size_t end = std::min(begin + engine::kStreamBatchItemsMax, count);
      const std::size_t share = end == count ? cost - charged : cost * (end - begin) / count;
      charged += share;
      engine::StreamBatch batch;
      batch.id = id_;
      batch.items.reserve(end - begin);
      std::move(items_.begin() + static_cast<std::ptrdiff_t>(begin),
                items_.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(batch.items));
      mailbox_->post(std::move(batch), share);
    }
    items_.clear();
  }

  const engine::EffectId id_;
  kube::StreamDecoder decoder_;
  const std::shared_ptr<loop::Mailbox> mailbox_;
  net::ResponseHead head_;
  std::vector<kube::StreamItem> items_;
  std::size_t bytes_waiting_ = 0;
  std::string refusal_;  // the body of an answer that is no list and no watch
};

/// Nodes write their status every few seconds, some 20 KB with the images they hold; their labels
/// are all that is asked for.
std::string_view accept_of(const engine::OpenStream& effect) {
  if (effect.kind != kube::ObjectKind::kNode) return "application/json";
  return effect.watch ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
                      : "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
}

}  // namespace

void perform(engine::OpenStream&& effect, net::StreamTransport& transport,
             std::shared_ptr<loop::Mailbox> mailbox) {
  auto sink =
      std::make_shared<DecodingSink>(effect.id, effect.kind, effect.watch, std::move(mailbox));
  const std::string_view accept = accept_of(effect);
  transport.open(effect.id.value, {std::move(effect.path), effect.inactivity_timeout, accept},
                 std::move(sink));
}

}  // namespace podcron::handlers
