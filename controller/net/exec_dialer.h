// pods/exec over WebSocket: opens, feeds kube::ExecSession, reports.
//
// Offers only v4.channel.k8s.io (docs/adr/0007-exec.md). After the 101: a ping every 5 s, and 61 s
// without any frame count as lost. Output is drained always, in pieces of a few kilobytes, so a
// flood costs no memory and the remote process never blocks on us. About 90 KB a session.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/exec_report.h"
#include "base/time.h"
#include "controller/net/transport.h"

namespace podcron::net {

struct ExecCall {
  std::string path;     // from kube::exec_path
  std::string purpose;  // "run/<run id>", for the User-Agent
  Millis handshake_timeout{};
};

/// Time limits of an open session; tests shorten them.
struct ExecLimits {
  Millis ping_period{5'000};
  Millis silence_max{61'000};
};

/// All calls on the I/O thread, and so are the callbacks.
class ExecDialer {
 public:
  using OnStarted = std::function<void()>;
  using OnEnded = std::function<void(api::ExecReport)>;

  virtual ~ExecDialer() = default;
  /// `on_started` at most once, at the 101; `on_ended` exactly once, also after cancel.
  virtual void open(CallId id, ExecCall call, OnStarted on_started, OnEnded on_ended) = 0;
  /// The report comes before this returns. Unknown ids do nothing.
  virtual void cancel(CallId id) = 0;
  virtual void cancel_all() = 0;
};

}  // namespace podcron::net
