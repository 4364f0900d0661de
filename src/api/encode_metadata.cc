#include "api/codec.h"
#include "api/json_writer.h"

namespace podcron::api {
namespace {

/// {"metadata":{"resourceVersion":"N" — left open for more fields of metadata.
JsonWriter begin_patch(std::uint64_t resource_version, std::size_t expected_bytes) {
  JsonWriter json(expected_bytes);
  json.begin_object();
  json.begin_object("metadata");
  json.word("resourceVersion", std::to_string(resource_version));
  return json;
}

}  // namespace

std::string encode_holder_patch(std::string_view holder, std::uint64_t resource_version) {
  JsonWriter json = begin_patch(resource_version, 160);
  json.begin_object("annotations");
  json.text(kHolderAnnotation, holder);
  json.end_object();
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_take_patch(std::string_view holder,
                              std::span<const std::string> other_finalizers,
                              std::uint64_t resource_version) {
  JsonWriter json = begin_patch(resource_version, 256);
  json.begin_object("annotations");
  json.text(kHolderAnnotation, holder);
  json.end_object();
  json.begin_array("finalizers");
  for (const auto& finalizer : other_finalizers) json.string(finalizer);
  json.string(kRecordFinalizer);
  json.end_array();
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_finalizers_patch(std::span<const std::string> kept,
                                    std::uint64_t resource_version) {
  JsonWriter json = begin_patch(resource_version, 160);
  json.begin_array("finalizers");
  for (const auto& finalizer : kept) json.string(finalizer);
  json.end_array();
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_delete_options(const Uid& uid, std::uint64_t resource_version) {
  JsonWriter json(192);
  json.begin_object();
  json.word("kind", "DeleteOptions");
  json.word("apiVersion", "v1");
  json.begin_object("preconditions");
  json.word("uid", uid.to_string());
  if (resource_version != 0) json.word("resourceVersion", std::to_string(resource_version));
  json.end_object();
  json.word("propagationPolicy", "Background");
  json.end_object();
  return json.take();
}

std::string encode_lease(std::string_view namespace_, std::string_view name,
                         std::string_view holder, Seconds duration, WallMillis acquire,
                         WallMillis renew, std::uint64_t resource_version,
                         std::optional<std::int64_t> transitions) {
  JsonWriter json(384);
  json.begin_object();
  json.word("apiVersion", "coordination.k8s.io/v1");
  json.word("kind", "Lease");
  json.begin_object("metadata");
  json.text("name", name);
  json.text("namespace", namespace_);
  if (resource_version != 0) json.word("resourceVersion", std::to_string(resource_version));
  json.end_object();
  json.begin_object("spec");
  json.text("holderIdentity", holder);
  json.number("leaseDurationSeconds", duration.count());
  json.word("acquireTime", to_rfc3339_micro(acquire));
  json.word("renewTime", to_rfc3339_micro(renew));
  if (transitions) json.number("leaseTransitions", *transitions);
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_session_lease(const SessionLease& session) {
  JsonWriter json(512);
  json.begin_object();
  json.word("apiVersion", "coordination.k8s.io/v1");
  json.word("kind", "Lease");
  json.begin_object("metadata");
  json.text("name", session.name);
  json.text("namespace", session.namespace_);
  json.begin_object("labels");
  json.text(kSessionLabel, session.kind);
  json.end_object();
  json.begin_object("annotations");
  json.text(kSessionPodAnnotation, session.pod);
  json.end_object();
  json.end_object();
  json.begin_object("spec");
  json.text("holderIdentity", clip_utf8(session.user, kSessionUserBytesMax));
  json.word("acquireTime", to_rfc3339_micro(session.first));
  json.word("renewTime", to_rfc3339_micro(session.last));
  json.end_object();
  json.end_object();
  return json.take();
}

std::string encode_session_renewal(std::string_view user, WallMillis last) {
  JsonWriter json(192);
  json.begin_object();
  json.begin_object("spec");
  json.text("holderIdentity", clip_utf8(user, kSessionUserBytesMax));
  json.word("renewTime", to_rfc3339_micro(last));
  json.end_object();
  json.end_object();
  return json.take();
}

}  // namespace podcron::api
