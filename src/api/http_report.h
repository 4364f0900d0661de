// What one HTTP request to a pod showed on the wire. Facts only: src/reconcile/outcome maps it to
// an outcome.
//
// Source: RFC 9110, RFC 9112; the contract's section 6.
#pragma once

#include <cstdint>
#include <string>

namespace podcron::api {

enum class HttpEnd : std::uint8_t {
  kNotSent,       // by our own fault: too many requests are open, the request cannot be written
  kNotConnected,  // no connection, or no TLS, with the pod: nothing of the request left
  kAnswered,      // head and body came whole
  kLost,          // the request may have left; no answer, or only a part of it, came
  kCancelled,     // we gave up: deadline or shutdown
};

struct HttpReport {
  HttpEnd end = HttpEnd::kNotSent;
  int status = 0;       // of the answer's head; 0: none came
  std::string refusal;  // the API server's own Status, when it answered for the pod
  /// "envoy" or "linkerd" when such a proxy's marks are in the head; "the API server" with a
  /// gateway's status by way of it.
  std::string proxy;
  std::string tail;              // the last bytes of the answer's body
  std::uint64_t body_bytes = 0;  // of the whole body, also what the tail dropped
  std::string error;             // text of the transport error
};

}  // namespace podcron::api
