#include "kube/stream_decoder.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "api/decode.h"
#include "kube/splitter.h"

namespace podcron::kube {
namespace {

using api::Fault;
using api::Node;

/// What a workload of this kind is called; empty for other kinds.
std::string_view workload_kind(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kReplicaSet:
      return "ReplicaSet";
    case ObjectKind::kStatefulSet:
      return "StatefulSet";
    case ObjectKind::kDaemonSet:
      return "DaemonSet";
    case ObjectKind::kDeployment:
      return "Deployment";
    case ObjectKind::kControllerRevision:
      return "ControllerRevision";
    case ObjectKind::kPodCronJob:
    case ObjectKind::kPodJob:
    case ObjectKind::kPod:
    case ObjectKind::kLease:
    case ObjectKind::kNamespace:
    case ObjectKind::kEndpointSlice:
    case ObjectKind::kNode:
      return {};
  }
  return {};
}

void read_object(ObjectKind kind, const Node& node, Object& out) {
  switch (kind) {
    case ObjectKind::kPod:
      return api::read_pod(node, out.emplace<api::Pod>());
    case ObjectKind::kPodCronJob:
      return api::read_pod_cron_job(node, out.emplace<api::PodCronJob>());
    case ObjectKind::kPodJob:
      return api::read_pod_job(node, out.emplace<api::PodJob>());
    case ObjectKind::kLease:
      return api::read_lease(node, out.emplace<api::Lease>());
    case ObjectKind::kNamespace:
      return api::read_namespace(node, out.emplace<api::Namespace>());
    case ObjectKind::kEndpointSlice:
      return api::read_endpoint_slice(node, out.emplace<api::EndpointSlice>());
    case ObjectKind::kNode:
      return api::read_cluster_node(node, out.emplace<api::ClusterNode>());
    case ObjectKind::kReplicaSet:
    case ObjectKind::kStatefulSet:
    case ObjectKind::kDaemonSet:
    case ObjectKind::kDeployment:
    case ObjectKind::kControllerRevision:
      return api::read_workload(node, workload_kind(kind), out.emplace<api::Workload>());
  }
}

/// "namespace/name" as far as it can be read from an object that is wrong elsewhere.
std::string name_of(const Node& node) {
  std::string name;
  const auto meta = node.find("metadata");
  if (!meta) return name;
  for (const std::string_view key : {"namespace", "name"}) {
    const auto part = meta->find(key);
    if (!part || !part->is_string()) continue;
    std::string_view text;
    part->read(text);
    if (!name.empty()) name += '/';
    name.append(text.substr(0, 253));
  }
  return name;
}

std::string read_word(const Node& node, std::string_view key) {
  std::string text;
  const auto value = node.find(key);
  if (value && value->is_string()) value->read(text);
  return text;
}

/// A Status; one that cannot be read is still an error of the stream.
StreamError stream_error(std::string_view json) {
  auto status = api::decode_status(json);
  if (status) return {std::move(*status)};
  api::KubeStatus unreadable;
  unreadable.message = std::move(status.error().message);
  return {std::move(unreadable)};
}

}  // namespace

struct StreamDecoder::State {
  State(ObjectKind kind_of_objects, bool is_watch)
      : kind(kind_of_objects), watch(is_watch), list(kObjectBytesMax), lines(kObjectBytesMax) {}

  void take(const Piece& piece, std::vector<StreamItem>& out);
  void take_event(const Node& event, std::string_view json, std::vector<StreamItem>& out);
  void take_bookmark(const Node& object, std::vector<StreamItem>& out);
  void take_envelope(const Node& node, std::string_view json, std::vector<StreamItem>& out);
  template <class Item>
  void take_object(const Node& node, std::vector<StreamItem>& out);

  ObjectKind kind;
  bool watch;
  ListSplitter list;
  LineSplitter lines;
  api::JsonParser parser;
};

void StreamDecoder::State::take(const Piece& piece, std::vector<StreamItem>& out) {
  if (piece.kind == PieceKind::kOversized) {
    out.emplace_back(
        Undecodable{"", fmt::format("larger than {} bytes, skipped", kObjectBytesMax)});
    return;
  }
  const auto element = parser.parse(piece.bytes);
  if (!element) {
    out.emplace_back(Undecodable{"", element.error().message});
    return;
  }
  Fault fault;
  const Node node(*element, fault);
  if (piece.kind == PieceKind::kEnvelope) return take_envelope(node, piece.bytes, out);
  watch ? take_event(node, piece.bytes, out) : take_object<Apply>(node, out);
}

/// Reads in place: an item is large, and most are never moved again.
template <class Item>
void StreamDecoder::State::take_object(const Node& node, std::vector<StreamItem>& out) {
  Fault fault;
  auto& item = std::get<Item>(out.emplace_back(std::in_place_type<Item>));
  read_object(kind, node.as_root(fault), item.object);
  if (!fault.first) return;
  out.back().emplace<Undecodable>(Undecodable{name_of(node), std::move(fault.first->message)});
}

void StreamDecoder::State::take_event(const Node& event, std::string_view json,
                                      std::vector<StreamItem>& out) {
  const auto object = event.find("object");
  const std::string type = read_word(event, "type");
  if (!object || type.empty()) {
    // A refused watch is answered with a Status in place of events.
    if (read_word(event, "kind") == "Status") {
      out.emplace_back(stream_error(json));
    } else {
      out.emplace_back(Undecodable{"", "not a watch event: type or object is missing"});
    }
  } else if (type == "ADDED" || type == "MODIFIED") {
    take_object<Apply>(*object, out);
  } else if (type == "DELETED") {
    take_object<Delete>(*object, out);
  } else if (type == "BOOKMARK") {
    take_bookmark(*object, out);
  } else if (type == "ERROR") {
    out.emplace_back(stream_error(object->to_json()));
  } else {
    out.emplace_back(Undecodable{
        name_of(*object), "type: got \"" + type.substr(0, 64) + "\", which is no watch event"});
  }
}

void StreamDecoder::State::take_bookmark(const Node& object, std::vector<StreamItem>& out) {
  Fault fault;
  api::ObjectMeta meta;
  const Node root = object.as_root(fault);
  if (const auto node = root.find("metadata")) {
    if (const auto version = node->find("resourceVersion")) {
      api::read_meta_field("resourceVersion", *version, meta);
    }
  }
  if (meta.resource_version == 0) root.missing("metadata.resourceVersion");
  if (fault.first) {
    out.emplace_back(Undecodable{"", "bookmark: " + fault.first->message});
  } else {
    out.emplace_back(Bookmark{meta.resource_version});
  }
}

void StreamDecoder::State::take_envelope(const Node& node, std::string_view json,
                                         std::vector<StreamItem>& out) {
  if (read_word(node, "kind") == "Status") {
    out.emplace_back(stream_error(json));
    return;
  }
  Fault fault;
  api::ObjectMeta meta;
  std::string continue_token;
  const Node root = node.as_root(fault);
  if (const auto list_meta = root.find("metadata")) {
    list_meta->fields([&](std::string_view key, const Node& value) {
      if (key == "continue") {
        value.read(continue_token);
      } else if (key == "resourceVersion") {
        api::read_meta_field(key, value, meta);
      }
    });
  }
  // A page that does not say what it is a state of cannot be the start of a watch.
  if (meta.resource_version == 0) root.missing("metadata.resourceVersion");
  if (fault.first) {
    out.emplace_back(Undecodable{"", "list: " + fault.first->message});
  } else {
    out.emplace_back(PageEnd{std::move(continue_token), meta.resource_version});
  }
}

StreamDecoder::StreamDecoder(ObjectKind kind, bool watch)
    : state_(std::make_unique<State>(kind, watch)) {}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

void StreamDecoder::feed(std::string_view bytes, std::vector<StreamItem>& out) {
  if (state_->watch) {
    while (const auto piece = state_->lines.next(bytes)) state_->take(*piece, out);
  } else {
    while (const auto piece = state_->list.next(bytes)) state_->take(*piece, out);
  }
}

void StreamDecoder::finish(std::vector<StreamItem>& out) {
  if (!state_->watch) return;
  if (const auto piece = state_->lines.rest()) state_->take(*piece, out);
}

}  // namespace podcron::kube
