// The text of HTTP/1.1 that we write and the two header fields that we understand.
//
// Source: RFC 9110, RFC 9112.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "controller/config/cluster_access.h"
#include "engine/effects.h"

namespace podcron::net {

/// What of an answer's head matters to a caller.
struct ResponseHead {
  int status = 0;
  std::optional<WallTime> date;
  std::optional<Millis> retry_after;
};

/// `date` and `retry_after` are the fields' texts, "" when absent. A Retry-After is seconds or an
/// HTTP date, which then counts from `date`; anything else is as if it were absent.
ResponseHead make_head(int status, std::string_view date, std::string_view retry_after);

inline constexpr std::string_view kJson = "application/json";

struct RequestText {
  engine::Method method = engine::Method::kGet;
  std::string_view path;  // with query, without the server's prefix
  std::string_view authorization;
  std::string_view body;
  std::string_view accept = kJson;
  std::string_view content_type{};  // of a body; empty: JSON, of a PATCH a merge patch
  std::string_view more{};          // further header lines, each with its line end
};

/// Head and body as one piece, so that they leave in one TLS record.
/// Errors: kInvalidArgument for a path that would break the request line.
Result<std::string> render_request(const config::ClusterAccess& access, const RequestText& text);

/// Header lines, each with its line end.
/// Errors: kInvalidArgument for one that would break the lines.
Result<std::string> render_headers(const std::vector<std::pair<std::string, std::string>>& headers);

/// A request to a pod: what is said there wins over what is sent by default (Host, Accept,
/// Content-Type); User-Agent ends with ours. The connection is closed after the answer.
/// Errors: kInvalidArgument for a path or header that would break the request's lines.
Result<std::string> render_pod_request(const engine::HttpTask& task);

/// "podcron/0.1.0".
const std::string& user_agent();

/// No blank or control character.
bool fits_request_line(std::string_view path);

}  // namespace podcron::net
