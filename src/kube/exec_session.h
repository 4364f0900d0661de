// One exec exchange over WebSocket v4.channel.k8s.io, without the socket: frames in, report out.
//
// Only v4 is offered, so that the status is the node's own (docs/adr/0007-exec.md). Output is
// drained always and kept in an OutputTail. An empty first message is "open".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/exec_report.h"
#include "kube/output_tail.h"

namespace podcron::kube {

inline constexpr std::string_view kExecSubprotocol = "v4.channel.k8s.io";

class ExecSession {
 public:
  /// The HTTP answer to the upgrade. `http_status` 101 with another subprotocol than v4 ends the
  /// session as kLost with an error text: the command may have started.
  void on_handshake(int http_status, std::string_view subprotocol, std::string_view body);
  /// One whole binary message: channel byte, then payload. Unknown channels are ignored.
  void on_message(std::string_view message);
  /// The peer closed in order.
  void on_closed();
  /// The exchange ended otherwise. `request_left`: some byte of the request may have been sent.
  void on_failed(bool request_left, std::string_view error);
  /// We gave up.
  void on_cancelled();

  /// No further input changes the report.
  [[nodiscard]] bool ended() const { return ended_; }
  /// Valid once ended(). Moves the buffers out.
  api::ExecReport take_report();

 private:
  void end(api::ExecEnd how);

  api::ExecReport report_;
  OutputTail tail_;
  bool ended_ = false;
};

}  // namespace podcron::kube
