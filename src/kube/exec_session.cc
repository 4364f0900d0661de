#include "kube/exec_session.h"

#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace podcron::kube {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr char kStdout = 1;
constexpr char kStderr = 2;
constexpr char kStatus = 3;

}  // namespace

void ExecSession::on_handshake(int http_status, std::string_view subprotocol,
                               std::string_view body) {
  if (ended_ || report_.http_status != 0) return;
  report_.http_status = http_status;
  if (http_status != kSwitchingProtocols) {
    report_.http_body = body.substr(0, api::kExecHttpBodyBytesMax);
    return end(api::ExecEnd::kRefused);
  }
  report_.subprotocol = subprotocol;
  if (subprotocol == kExecSubprotocol) return;
  report_.error = fmt::format("subprotocol: got \"{}\", wanted \"{}\"", subprotocol.substr(0, 64),
                              kExecSubprotocol);
  end(api::ExecEnd::kLost);
}

void ExecSession::on_message(std::string_view message) {
  if (ended_ || report_.http_status != kSwitchingProtocols || message.empty()) return;
  const char channel = message.front();
  const std::string_view payload = message.substr(1);
  if (channel == kStdout || channel == kStderr) {
    report_.output_bytes += payload.size();
    return tail_.append(payload);
  }
  if (channel != kStatus) return;
  const std::size_t room = api::kExecStatusBytesMax - report_.status_json.size();
  report_.status_json.append(payload.substr(0, room));
  // A status cut short must not be readable, whatever it begins with: a control character is
  // allowed nowhere in JSON. The outcome is then unknown, never a success.
  if (payload.size() > room) report_.status_json.back() = '\x01';
}

void ExecSession::on_closed() {
  // Without a 101 there was nothing to close: the request may have left and got no answer.
  const bool open = report_.http_status == kSwitchingProtocols;
  end(open ? api::ExecEnd::kClosed : api::ExecEnd::kLost);
}

void ExecSession::on_failed(bool request_left, std::string_view error) {
  if (ended_) return;
  report_.error = error;
  const bool may_have_started = request_left || report_.http_status != 0;
  end(may_have_started ? api::ExecEnd::kLost : api::ExecEnd::kNotConnected);
}

void ExecSession::on_cancelled() { end(api::ExecEnd::kCancelled); }

api::ExecReport ExecSession::take_report() {
  PODCRON_ASSERT(ended_);
  report_.tail = tail_.take();
  return std::move(report_);
}

void ExecSession::end(api::ExecEnd how) {
  if (ended_) return;
  report_.end = how;
  ended_ = true;
}

}  // namespace podcron::kube
