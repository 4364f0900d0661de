#include "kube/admission_review.h"

#include "api/json_node.h"
#include "api/json_writer.h"
#include "api/utf8.h"

namespace podcron::kube {
namespace {

using api::Node;

constexpr std::size_t kNamespaceBytesMax = 63;
constexpr std::size_t kPodBytesMax = 253;
/// Longer than any account of Kubernetes' own; of others the beginning is told.
constexpr std::size_t kUserBytesMax = 512;

/// What only admission says, beside the fields that are kept.
struct Subject {
  std::string_view operation;
  std::string_view resource;
  std::string_view sub_resource;
};

void read_options(const Node& node, ConnectReview& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "stdin") value.read(out.stdin_open);
    if (key == "tty") value.read(out.tty);
  });
}

void read_request(const Node& node, Subject& subject, ConnectReview& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "uid") {
      value.read(out.uid);
    } else if (key == "operation") {
      value.read(subject.operation);
    } else if (key == "namespace") {
      value.read(out.namespace_);
    } else if (key == "name") {
      value.read(out.pod);
    } else if (key == "resource") {
      if (const auto resource = value.find("resource")) resource->read(subject.resource);
    } else if (key == "subResource") {
      value.read(subject.sub_resource);
    } else if (key == "userInfo") {
      if (const auto user = value.find("username")) user->read(out.user);
    } else if (key == "object") {
      read_options(value, out);
    }
  });
}

void read_review(const Node& node, ConnectReview& out) {
  const auto request = node.find("request");
  if (!request) return node.missing("request");
  Subject subject;
  read_request(*request, subject, out);
  if (out.uid.empty()) request->missing("uid");
  if (out.namespace_.empty()) request->missing("namespace");
  if (out.pod.empty()) request->missing("name");
  if (out.user.empty()) request->missing("userInfo.username");
  // Nothing longer can be an object of Kubernetes, and all of it is kept while the pod is read.
  if (out.namespace_.size() > kNamespaceBytesMax)
    request->wanted("a namespace of at most 63 bytes");
  if (out.pod.size() > kPodBytesMax) request->wanted("a pod's name of at most 253 bytes");
  if (out.user.size() > kUserBytesMax) out.user = api::clip_utf8(out.user, kUserBytesMax);
  out.attach = subject.sub_resource == "attach";
  const bool known = out.attach || subject.sub_resource == "exec";
  if (subject.operation != "CONNECT" || subject.resource != "pods" || !known) {
    request->wanted("CONNECT of pods/exec or pods/attach");
  }
}

}  // namespace

struct ReviewDecoder::State {
  api::JsonParser parser;
};

ReviewDecoder::ReviewDecoder() : state_(std::make_unique<State>()) {}
ReviewDecoder::~ReviewDecoder() = default;
ReviewDecoder::ReviewDecoder(ReviewDecoder&&) noexcept = default;
ReviewDecoder& ReviewDecoder::operator=(ReviewDecoder&&) noexcept = default;

Result<ConnectReview> ReviewDecoder::decode(std::string_view body, std::string& review_uid) {
  return api::decode_object<ConnectReview>(state_->parser, body,
                                           [&](const Node& node, ConnectReview& out) {
                                             read_review(node, out);
                                             review_uid = out.uid;
                                           });
}

std::string encode_review_answer(std::string_view review_uid) {
  api::JsonWriter json(192);
  json.begin_object();
  json.word("apiVersion", "admission.k8s.io/v1");
  json.word("kind", "AdmissionReview");
  json.begin_object("response");
  json.text("uid", review_uid);
  json.boolean("allowed", true);
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_self_subject_review() {
  return R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})";
}

Result<std::string> decode_self_subject_review(std::string_view body) {
  api::JsonParser parser;
  return api::decode_object<std::string>(parser, body, [](const Node& node, std::string& out) {
    const auto status = node.find("status");
    const auto info = status ? status->find("userInfo") : std::nullopt;
    const auto name = info ? info->find("username") : std::nullopt;
    name ? name->read(out) : node.missing("status.userInfo.username");
  });
}

}  // namespace podcron::kube
