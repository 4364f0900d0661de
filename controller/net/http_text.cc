#include "controller/net/http_text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "podcron_version.h"

namespace podcron::net {
namespace {

constexpr Millis kRetryAfterMax{3'600'000};

std::string_view method_name(engine::Method method) {
  switch (method) {
    case engine::Method::kGet:
      return "GET";
    case engine::Method::kPost:
      return "POST";
    case engine::Method::kPut:
      return "PUT";
    case engine::Method::kPatch:
      return "PATCH";
    case engine::Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

std::optional<Millis> parse_retry_after(std::string_view text, std::optional<WallTime> date) {
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) {
    const auto until = parse_http_date(text);
    if (!until || !date) return std::nullopt;
    seconds = (*until - *date).count();
  }
  seconds = std::clamp<std::int64_t>(seconds, 0, kRetryAfterMax.count() / 1000);
  return Millis(seconds * 1000);
}

}  // namespace

ResponseHead make_head(int status, std::string_view date, std::string_view retry_after) {
  ResponseHead head;
  head.status = status;
  if (auto parsed = parse_http_date(date)) head.date = *parsed;
  head.retry_after = parse_retry_after(retry_after, head.date);
  return head;
}

const std::string& user_agent() {
  static const std::string text = fmt::format("podcron/{}", kVersion);
  return text;
}

bool fits_request_line(std::string_view path) {
  return !path.empty() && path.front() == '/' && std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
}

Result<std::string> render_request(const config::ClusterAccess& access, const RequestText& text) {
  if (!fits_request_line(text.path)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the path \"{}\" cannot stand in a request", text.path));
  }
  std::string out;
  out.reserve(512 + text.path.size() + text.authorization.size() + text.body.size());
  out.append(method_name(text.method)).append(" ");
  out.append(access.path_prefix).append(text.path).append(" HTTP/1.1\r\nHost: ");
  out.append(access.authority()).append("\r\nUser-Agent: ").append(user_agent());
  out.append("\r\nAccept: ").append(text.accept).append("\r\n");
  if (!text.authorization.empty()) {
    out.append("Authorization: ").append(text.authorization).append("\r\n");
  }
  if (text.method != engine::Method::kGet) {
    if (!text.body.empty()) {
      const bool patch = text.method == engine::Method::kPatch;
      const std::string_view type = patch ? "application/merge-patch+json" : kJson;
      out.append("Content-Type: ").append(text.content_type.empty() ? type : text.content_type);
      out.append("\r\n");
    }
    out.append("Content-Length: ").append(std::to_string(text.body.size())).append("\r\n");
  }
  out.append("\r\n").append(text.body);
  return out;
}

}  // namespace podcron::net
