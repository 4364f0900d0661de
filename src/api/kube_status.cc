#include "api/kube_status.h"

#include <charconv>

#include "api/json_node.h"
#include "api/utf8.h"

namespace podcron::api {
namespace {

void read_cause(const Node& node, std::optional<std::int32_t>& exit_code) {
  std::string_view reason;
  std::string_view message;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "reason") value.read(reason);
    if (key == "message") value.read(message);
  });
  if (reason != "ExitCode") return;
  std::int32_t code = 0;
  const auto [end, error] = std::from_chars(message.data(), message.data() + message.size(), code);
  // Text that is no number proves no exit code; the caller then knows only that it is not known.
  if (error == std::errc{} && end == message.data() + message.size()) exit_code = code;
}

void read_details(const Node& node, KubeStatus& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "retryAfterSeconds") {
      value.read_optional(out.retry_after_seconds);
    } else if (key == "causes") {
      value.items([&](const Node& item) { read_cause(item, out.exit_code); });
    }
  });
}

void read_kube_status(const Node& node, KubeStatus& out) {
  bool has_status = false;
  constexpr Word<bool> kWords[] = {{"Success", true}, {"Failure", false}};
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "status") {
      has_status = true;
      read_word(value, kWords, out.success);
    } else if (key == "code") {
      value.read(out.code);
    } else if (key == "reason") {
      value.read(out.reason);
    } else if (key == "message") {
      std::string_view text;
      value.read(text);
      out.message.assign(clip_utf8(text, kStatusMessageBytesMax));
    } else if (key == "details") {
      read_details(value, out);
    }
  });
  if (!has_status) node.missing("status");
  // The cause means an exit code under this reason only.
  if (out.reason != "NonZeroExitCode") out.exit_code.reset();
}

}  // namespace

Result<KubeStatus> decode_status(std::string_view json) {
  JsonParser parser;
  return decode_object<KubeStatus>(parser, json, read_kube_status);
}

}  // namespace podcron::api
