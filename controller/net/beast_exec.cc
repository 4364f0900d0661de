// pods/exec by Boost.Beast's WebSocket. One of at most five files that include Beast.
#include <array>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/beast/core/flat_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <fmt/format.h>

#include "controller/net/factories.h"
#include "controller/net/tls_link.h"
#include "kube/exec_session.h"

namespace podcron::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
// flat_stream: Asio would send every buffer of the upgrade request as a TLS record of its own.
using WebSocket = websocket::stream<beast::flat_stream<TlsStream>, false>;

/// One read. Larger messages arrive in pieces of this size, so none has to be stored.
constexpr std::size_t kPieceBytes = 4096;
/// Of one message, which is never stored: only against a peer that has gone mad.
constexpr std::uint64_t kMessageBytesMax = 1ULL << 40;
/// After the peer's close frame: for our own, and for the end of TLS and TCP.
constexpr Millis kGoodbyeMax{2'000};
/// Far above the engine's own limit.
constexpr std::size_t kSessionsMax = 2048;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

class Session;

class Dialer final : public ExecDialer, public std::enable_shared_from_this<Dialer> {
 public:
  Dialer(asio::io_context& context, std::shared_ptr<Credentials> credentials, ExecLimits limits)
      : context_(context), credentials_(std::move(credentials)), limits_(limits) {}

  void open(CallId id, ExecCall call, OnStarted on_started, OnEnded on_ended) override;
  void cancel(CallId id) override;
  void cancel_all() override;

  void forget(CallId id, const Session& session) {
    const auto found = sessions_.find(id);
    if (found != sessions_.end() && found->second.get() == &session) sessions_.erase(found);
  }
  asio::io_context& context() { return context_; }
  const std::shared_ptr<Credentials>& credentials() { return credentials_; }
  [[nodiscard]] const ExecLimits& limits() const { return limits_; }

 private:
  asio::io_context& context_;
  const std::shared_ptr<Credentials> credentials_;
  const ExecLimits limits_;
  std::unordered_map<CallId, std::shared_ptr<Session>> sessions_;
};

/// One exec. Facts go into kube::ExecSession, which knows what they mean.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(CallId id, std::shared_ptr<Dialer> dialer, ExecCall call,
          ExecDialer::OnStarted on_started, ExecDialer::OnEnded on_ended)
      : id_(id),
        dialer_(std::move(dialer)),
        call_(std::move(call)),
        on_started_(std::move(on_started)),
        on_ended_(std::move(on_ended)),
        timer_(dialer_->context()) {}
  ~Session() {
    if (socket_) forgive_missing_goodbye(tls());
  }

  void begin();
  void cancel();
  void refuse(std::string_view error);

 private:
  TlsStream& tls() { return socket_->next_layer().next_layer(); }
  void shake_hands();
  void on_handshake(const error_code& error);
  void start_reading();
  void read();
  void on_piece(const error_code& error, std::size_t count);
  void watch_over();
  void on_timer();
  void fail(std::string_view error);
  /// Reports once the exchange is over; the connection may still say goodbye.
  void report_if_ended();
  void drop();

  const CallId id_;
  const std::shared_ptr<Dialer> dialer_;
  const ExecCall call_;
  ExecDialer::OnStarted on_started_;
  ExecDialer::OnEnded on_ended_;
  Timer timer_;
  std::shared_ptr<TlsLink> link_;
  std::optional<WebSocket> socket_;
  websocket::response_type response_;
  kube::ExecSession exchange_;
  std::string authority_;
  // The first byte is the channel of the message that the piece continues.
  std::array<char, 1 + kPieceBytes> piece_{};
  bool in_message_ = false;
  bool ping_pending_ = false;
  bool upgraded_ = false;
  bool request_left_ = false;
  bool over_ = false;  // reported
  SteadyTime handshake_deadline_;
  SteadyTime heard_at_;
};

void Session::begin() {
  handshake_deadline_ = steady_now() + call_.handshake_timeout;
  if (!fits_request_line(call_.path)) return fail("the path cannot stand in a request");
  authority_ = dialer_->credentials()->access().authority();
  link_ = std::make_shared<TlsLink>(dialer_->context(), dialer_->credentials());
  timer_.expires_at(handshake_deadline_);
  watch_over();
  link_->open([self = shared_from_this()](const std::string& error) {
    if (self->over_) return;
    if (!error.empty()) return self->fail(error);
    self->shake_hands();
  });
}

void Session::shake_hands() {
  socket_.emplace(std::move(link_->stream()));
  socket_->set_option(websocket::stream_base::decorator(
      [agent = fmt::format("{} {}", user_agent(), call_.purpose),
       authorization = dialer_->credentials()->authorization()](websocket::request_type& request) {
        request.set(http::field::user_agent, agent);
        request.set(
            http::field::sec_websocket_protocol,
            beast::string_view(kube::kExecSubprotocol.data(), kube::kExecSubprotocol.size()));
        if (!authorization.empty()) request.set(http::field::authorization, authorization);
      }));
  socket_->auto_fragment(true);
  socket_->read_message_max(kMessageBytesMax);
  // A raw pointer: the callback lives in the socket, which lives in this.
  socket_->control_callback([this](websocket::frame_type kind, beast::string_view) {
    heard_at_ = steady_now();
    if (kind != websocket::frame_type::close) return;
    exchange_.on_closed();
    report_if_ended();
  });
  request_left_ = true;
  const std::string path = dialer_->credentials()->access().path_prefix + call_.path;
  socket_->async_handshake(
      response_, authority_, path,
      [self = shared_from_this()](error_code error) { self->on_handshake(error); });
}

void Session::on_handshake(const error_code& error) {
  if (over_) return;
  const bool answered = response_.result_int() != 0 && response_.version() != 0 &&
                        (!error || error == websocket::error::upgrade_declined ||
                         response_.result() == http::status::switching_protocols);
  if (!answered) return fail("upgrade: " + reason_text(error));
  const int status = static_cast<int>(response_.result_int());
  if (status == 401) dialer_->credentials()->suspect();
  const auto protocol = response_[http::field::sec_websocket_protocol];
  exchange_.on_handshake(status, {protocol.data(), protocol.size()}, response_.body());
  response_ = {};
  if (!exchange_.ended() && error) return fail("upgrade: " + reason_text(error));
  report_if_ended();
  if (over_) return drop();
  start_reading();
}

void Session::start_reading() {
  upgraded_ = true;
  heard_at_ = steady_now();
  timer_.expires_after(dialer_->limits().ping_period);
  watch_over();
  if (on_started_) on_started_();
  read();
}

void Session::read() {
  socket_->async_read_some(asio::buffer(piece_.data() + 1, kPieceBytes),
                           [self = shared_from_this()](error_code error, std::size_t count) {
                             self->on_piece(error, count);
                           });
}

void Session::on_piece(const error_code& error, std::size_t count) {
  if (over_) return drop();
  if (error) return fail(reason_text(error));
  heard_at_ = steady_now();
  if (count > 0 && socket_->got_binary()) {
    // A continued message gets its channel byte again, so every piece is a whole message.
    const char* const begin = piece_.data() + (in_message_ ? 0 : 1);
    if (!in_message_) piece_[0] = piece_[1];
    exchange_.on_message({begin, count + (in_message_ ? 1 : 0)});
  } else if (count > 0) {
    return fail("a text message; wanted binary ones only");
  }
  in_message_ = !socket_->is_message_done();
  report_if_ended();
  if (over_) return drop();
  read();
}

void Session::watch_over() {
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->on_timer();
  });
}

void Session::on_timer() {
  if (over_) return drop();
  if (!upgraded_) {
    return fail(
        fmt::format("no answer to the upgrade within {} ms", call_.handshake_timeout.count()));
  }
  const ExecLimits& limits = dialer_->limits();
  if (steady_now() - heard_at_ >= limits.silence_max) {
    return fail(
        fmt::format("nothing heard for {} ms, not even a pong", limits.silence_max.count()));
  }
  timer_.expires_after(limits.ping_period);
  watch_over();
  if (ping_pending_) return;  // the socket takes no byte; silence_max will tell
  ping_pending_ = true;
  socket_->async_ping({}, [self = shared_from_this()](error_code) { self->ping_pending_ = false; });
}

void Session::fail(std::string_view error) {
  if (!exchange_.ended()) exchange_.on_failed(request_left_, error);
  report_if_ended();
  drop();
}

void Session::refuse(std::string_view error) { fail(error); }

void Session::cancel() {
  if (over_) return;
  exchange_.on_cancelled();
  report_if_ended();
  drop();
}

void Session::report_if_ended() {
  if (over_ || !exchange_.ended()) return;
  over_ = true;
  timer_.expires_after(kGoodbyeMax);
  watch_over();
  dialer_->forget(id_, *this);
  on_started_ = nullptr;
  const auto on_ended = std::move(on_ended_);
  on_ended(exchange_.take_report());
}

void Session::drop() {
  timer_.cancel();
  if (socket_) {
    error_code ignored;
    forgive_missing_goodbye(tls());
    tls().next_layer().close(ignored);
  } else if (link_) {
    link_->close();
  }
}

void Dialer::open(CallId id, ExecCall call, OnStarted on_started, OnEnded on_ended) {
  const auto session = std::make_shared<Session>(id, shared_from_this(), std::move(call),
                                                 std::move(on_started), std::move(on_ended));
  const bool room = sessions_.size() < kSessionsMax;
  if (!room || !sessions_.emplace(id, session).second) {
    return session->refuse("too many sessions are open");
  }
  session->begin();
}

void Dialer::cancel(CallId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const std::shared_ptr<Session> session = found->second;
  session->cancel();
}

void Dialer::cancel_all() {
  while (!sessions_.empty()) {
    const std::shared_ptr<Session> session = sessions_.begin()->second;
    session->cancel();
  }
}

}  // namespace

std::shared_ptr<ExecDialer> make_beast_exec(IoThread& io, std::shared_ptr<Credentials> credentials,
                                            ExecLimits limits) {
  return std::make_shared<Dialer>(io.context(), std::move(credentials), limits);
}

}  // namespace podcron::net
