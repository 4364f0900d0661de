#include "controller/net/http_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "api/words.h"
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
    case engine::Method::kHead:
      return "HEAD";
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

/// RFC 9110 section 5.6.2, as the CRD allows it.
bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

/// One line: neither its end nor another control character but a tab.
bool fits_header_line(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool may_have_body(api::HttpMethod method) {
  return method != api::HttpMethod::kGet && method != api::HttpMethod::kHead &&
         method != api::HttpMethod::kDelete;
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
  if (text.method != engine::Method::kGet && text.method != engine::Method::kHead) {
    if (!text.body.empty()) {
      const bool patch = text.method == engine::Method::kPatch;
      const std::string_view type = patch ? "application/merge-patch+json" : kJson;
      out.append("Content-Type: ").append(text.content_type.empty() ? type : text.content_type);
      out.append("\r\n");
    }
    out.append("Content-Length: ").append(std::to_string(text.body.size())).append("\r\n");
  }
  out.append(text.more).append("\r\n").append(text.body);
  return out;
}

Result<std::string> render_headers(
    const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !fits_header_line(value)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the header \"{}\" cannot stand in a request", name));
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return out;
}

Result<std::string> render_pod_request(const engine::HttpTask& task) {
  if (!fits_request_line(task.path)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the path \"{}\" cannot stand in a request", task.path));
  }
  auto headers = task.headers;
  const auto given = [&](std::string_view name) {
    return std::find_if(headers.begin(), headers.end(),
                        [&](const auto& header) { return same_name(header.first, name); });
  };
  const auto by_default = [&](std::string_view name, std::string value) {
    if (given(name) == headers.end()) headers.emplace_back(name, std::move(value));
  };
  config::ClusterAccess place;
  place.host = task.address;
  place.port = task.port;
  by_default("Host", place.authority());
  by_default("Accept", "*/*");
  if (const auto agent = given("User-Agent"); agent != headers.end()) {
    agent->second += " " + user_agent();
  } else {
    headers.emplace_back("User-Agent", user_agent());
  }
  if (!task.body.empty()) by_default("Content-Type", "text/plain; charset=utf-8");
  if (!task.body.empty() || may_have_body(task.method)) {
    headers.emplace_back("Content-Length", std::to_string(task.body.size()));
  }
  headers.emplace_back("Connection", "close");
  auto lines = render_headers(headers);
  if (!lines) return lines;
  return fmt::format("{} {} HTTP/1.1\r\n{}\r\n{}", api::word_of(api::kHttpMethodWords, task.method),
                     task.path, *lines, task.body);
}

}  // namespace podcron::net
