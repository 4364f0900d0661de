#include "api/codec.h"
#include "api/json_writer.h"

namespace podcron::api {
namespace {

// Bounds of events.k8s.io/v1: a longer text would be refused and the Event lost.
constexpr std::size_t kNoteBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 128;
constexpr std::string_view kReportingController = "podcron.dev/controller";

void write_series(JsonWriter& json, WallMillis last, std::int32_t count) {
  json.begin_object("series");
  json.number("count", count);
  json.word("lastObservedTime", to_rfc3339_micro(last));
  json.end_object();
}

}  // namespace

std::string encode_event(const NewEvent& event) {
  JsonWriter json(768);
  json.begin_object();
  json.word("apiVersion", "events.k8s.io/v1");
  json.word("kind", "Event");
  json.begin_object("metadata");
  json.text("name", event.name);
  json.text("namespace", event.namespace_);
  json.end_object();
  json.word("eventTime", to_rfc3339_micro(event.first));
  json.word("type", event.warning ? "Warning" : "Normal");
  json.text("reason", clip_utf8(event.reason, kWordBytesMax));
  json.text("action", clip_utf8(event.action, kWordBytesMax));
  json.text("note", clip_utf8(event.note, kNoteBytesMax));
  json.begin_object("regarding");
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.text("kind", event.regarding_kind);
  json.text("namespace", event.namespace_);
  json.text("name", event.regarding_name);
  json.word("uid", event.regarding_uid.to_string());
  json.end_object();
  json.word("reportingController", kReportingController);
  json.text("reportingInstance", clip_utf8(event.reporting_instance, kWordBytesMax));
  if (event.series_count > 1) write_series(json, event.last, event.series_count);
  json.end_object();
  return json.take();
}

std::string encode_event_series(WallMillis last, std::int32_t series_count) {
  JsonWriter json(96);
  json.begin_object();
  write_series(json, last, series_count);
  json.end_object();
  return json.take();
}

}  // namespace podcron::api
