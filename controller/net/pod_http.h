// HTTP requests to pods, straight to their addresses: HTTP/1.1, plain or over TLS.
//
// One connection each, nothing kept, no redirects, no proxy settings, no name look-up: the address
// is a literal that the engine has judged. Answers are drained to the end in bounded memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/http_report.h"
#include "controller/net/transport.h"
#include "engine/effects.h"

namespace podcron::net {

/// All calls on the I/O thread, and so are the callbacks.
class PodHttp {
 public:
  using OnStarted = std::function<void()>;
  using OnEnded = std::function<void(api::HttpReport)>;

  virtual ~PodHttp() = default;
  /// `on_started` at most once, when the request begins to leave; `on_ended` exactly once, also
  /// after cancel. No time limit but for the connection.
  virtual void start(engine::HttpTask task, OnStarted on_started, OnEnded on_ended) = 0;
  /// The report comes before this returns. Unknown ids do nothing.
  virtual void cancel(CallId id) = 0;
  virtual void cancel_all() = 0;
};

}  // namespace podcron::net
