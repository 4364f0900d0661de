// One API call with a small answer.
//
// Handlers never retry: a call is made once, and its reply says how certain its effect is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "controller/net/http_text.h"
#include "engine/effects.h"

namespace podcron::net {

/// Chosen by the caller; unique among what is open.
using CallId = std::uint64_t;

struct Request {
  engine::Method method = engine::Method::kGet;
  std::string path;  // with query
  std::string body;
  Millis timeout{};                 // from start() to the last byte of the answer
  std::string_view content_type{};  // of static storage; empty: as http_text.h says
  std::string more_headers{};       // lines of render_headers()
  std::size_t reply_bytes_max = engine::kReplyBytesMax;  // of the answer's body
};

struct Reply {
  /// kNotExecuted: no byte of the request can have left (look-up, connect or TLS failed).
  /// kUnknown: some may have, and no whole answer of at most Request::reply_bytes_max came.
  engine::Certainty certainty = engine::Certainty::kNotExecuted;
  ResponseHead head;
  std::string body;
  std::string error;
};
using OnReply = std::function<void(Reply)>;

/// All calls on the I/O thread, and so are the replies.
class Transport {
 public:
  virtual ~Transport() = default;
  /// `on_reply` exactly once, also after cancel; perhaps before start() returns.
  virtual void start(CallId id, Request request, OnReply on_reply) = 0;
  /// The reply comes before this returns. Unknown ids do nothing.
  virtual void cancel(CallId id) = 0;
  virtual void cancel_all() = 0;
};

}  // namespace podcron::net
