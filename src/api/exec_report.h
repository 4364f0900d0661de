// What one exec exchange showed on the wire. Facts only: src/reconcile/outcome maps it to an
// outcome.
//
// Source: docs/adr/0007-exec.md; the subprotocol v4.channel.k8s.io.
#pragma once

#include <cstdint>
#include <string>

namespace podcron::api {

enum class ExecEnd : std::uint8_t {
  kNotConnected,  // the request did not leave: nothing can have started
  kRefused,       // an HTTP answer other than 101
  kClosed,        // the peer closed the WebSocket in order
  kLost,          // the connection ended otherwise after the request may have left
  kCancelled,     // we gave up: deadline or shutdown
};

struct ExecReport {
  ExecEnd end = ExecEnd::kNotConnected;
  std::string subprotocol;         // as negotiated; "" when there was no 101
  int http_status = 0;             // of the handshake; 0 when there was none
  std::string http_body;           // of a refusal, at most kExecHttpBodyBytesMax
  std::string status_json;         // channel 3, whole; at most kExecStatusBytesMax
  std::string error;               // text of the transport error
  std::string tail;                // the last bytes of stdout and stderr in order of arrival
  std::uint64_t output_bytes = 0;  // of all output, also what the tail dropped
};

inline constexpr std::size_t kExecHttpBodyBytesMax = 4096;
inline constexpr std::size_t kExecStatusBytesMax = 16 * 1024;

}  // namespace podcron::api
