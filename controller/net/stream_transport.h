// One LIST page or one WATCH: a GET whose body is pushed into a sink as it arrives.
//
// Two implementations keep one contract (tests/unit/net/stream_contract_test.cc): cpprestsdk,
// and Boost.Beast.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "controller/net/http_text.h"
#include "controller/net/transport.h"

namespace podcron::net {

/// Called by one thread at a time, in the order head, body…, done; not always the same thread.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// At most once. Any status: the body of a refusal is pushed as well.
  virtual void head(const ResponseHead& head) = 0;
  virtual void body(std::string_view bytes) = 0;
  /// After every body(). False: no byte more until `resume` was called, once, from any thread;
  /// the socket is not read meanwhile, so the peer stops sending.
  virtual bool ready(std::function<void()> resume) = 0;
  /// Exactly once, and last. `orderly`: head and body were complete.
  virtual void done(bool orderly, std::string error) = 0;
};

struct StreamCall {
  std::string path;  // with query
  /// The call ends when no byte came for so long.
  Millis inactivity_timeout{};
  std::string_view accept = "application/json";  // of static storage
};

/// Calls on the I/O thread; sinks are called there or on a thread of the implementation.
class StreamTransport {
 public:
  virtual ~StreamTransport() = default;
  virtual void open(CallId id, StreamCall call, std::shared_ptr<StreamSink> sink) = 0;
  /// done() follows soon, with `orderly` only if the end was already on its way.
  virtual void cancel(CallId id) = 0;
  virtual void cancel_all() = 0;
  /// Streams whose done() was not called yet. Any thread.
  [[nodiscard]] virtual std::size_t open_count() const = 0;
};

}  // namespace podcron::net
