// What the API server, or somebody in its place, sends of any kind is read or refused, the same
// however it is cut into pieces; one object that cannot be read does not take the others with it.
//
// Input: from the end of the bytes, in this order: the kind of object, LIST or WATCH, where it is
// cut. The rest is what is sent; the session webhook is sent the same, and it is taken for a pod
// around a run as well.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "api/codec.h"
#include "fuzz/require.h"
#include "kube/admission_review.h"
#include "kube/stream_decoder.h"
#include "reconcile/http_target.h"
#include "reconcile/ip_address.h"

namespace podcron::test {
namespace {

using kube::StreamItem;

constexpr auto kKindMost = static_cast<std::uint8_t>(kube::ObjectKind::kNode);

std::vector<StreamItem> read(kube::ObjectKind kind, bool watch, std::string_view bytes,
                             std::size_t cut) {
  kube::StreamDecoder decoder(kind, watch);
  std::vector<StreamItem> items;
  cut = std::min(cut, bytes.size());
  decoder.feed(bytes.substr(0, cut), items);
  decoder.feed(bytes.substr(cut), items);
  decoder.finish(items);
  return items;
}

bool same(const StreamItem& one, const StreamItem& other) {
  if (one.index() != other.index()) return false;
  if (const auto* apply = std::get_if<kube::Apply>(&one)) {
    return apply->object == std::get<kube::Apply>(other).object;
  }
  if (const auto* bad = std::get_if<kube::Undecodable>(&one)) {
    return bad->error == std::get<kube::Undecodable>(other).error;
  }
  return true;
}

void check_stream(kube::ObjectKind kind, bool watch, const std::string& bytes, std::size_t cut) {
  const auto whole = read(kind, watch, bytes, bytes.size());
  const auto pieces = read(kind, watch, bytes, cut);
  require(whole.size() == pieces.size(), "a cut changes nothing");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    require(same(whole[i], pieces[i]), "a cut changes nothing");
    if (const auto* bad = std::get_if<kube::Undecodable>(&whole[i])) {
      require(!bad->error.empty(), "what cannot be read is told why");
    }
  }
}

void check_review(const std::string& body) {
  std::string uid;
  const auto review = kube::ReviewDecoder().decode(body, uid);
  if (!review) {
    require(!review.error().message.empty(), "a refusal says why");
  } else {
    require(!review->pod.empty() && !review->namespace_.empty(), "a session is somewhere");
  }
  require(!kube::encode_review_answer(uid).empty(), "every review is answered");
}

/// What is read of a live pod right around a run, and where HTTP would go then.
void check_live_pod(const std::string& pod) {
  api::Decoder decoder;
  const auto fate = decoder.container_fate(pod, "app");
  require(fate || !fate.error().message.empty(), "what cannot be read is told why");
  const auto address = decoder.pod_address(pod);
  if (!address) return require(!address.error().message.empty(), "what cannot be read is told why");
  const auto target = reconcile::http_target(*address, "app", {8080, ""}, {});
  if (!target) return require(!target.error().message.empty(), "a refusal says why");
  const auto ip = reconcile::IpAddress::parse(target->address);
  require(ip && !ip->loopback() && !ip->link_local() && !ip->multicast() && !ip->unspecified(),
          "HTTP goes to an ordinary address");
}

}  // namespace
}  // namespace podcron::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace podcron::test;
  FuzzedDataProvider input(bytes, size);
  const auto kind = static_cast<podcron::kube::ObjectKind>(
      input.ConsumeIntegralInRange<std::uint8_t>(0, kKindMost));
  const bool watch = input.ConsumeBool();
  const auto cut = input.ConsumeIntegralInRange<std::size_t>(0, 2000);
  const std::string text = input.ConsumeRemainingBytesAsString();
  check_stream(kind, watch, text, cut);
  check_review(text);
  check_live_pod(text);
  return 0;
}
