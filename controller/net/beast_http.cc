// HTTP/1.1 by Boost.Beast: small requests and streams, over one pool of connections.
//
// One of at most five files that include Beast: each takes 20 s and 1 GB to compile.
#include <atomic>
#include <chrono>
#include <unordered_map>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include "controller/net/factories.h"
#include "controller/net/link_pool.h"
#include "controller/net/tls_link.h"

namespace podcron::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
using engine::Certainty;

/// A head larger than this is not an API server's.
constexpr std::uint32_t kHeadBytesMax = 64 * 1024;
/// What one read of a stream takes from the socket: memory per stream, and the size of the
/// pieces that the sink gets.
constexpr std::size_t kStreamReadBytes = 64 * 1024;
/// Far above the engine's own limits: a stop for a runaway, not a queue.
constexpr std::size_t kCallsMax = 1024;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

template <class Fields>
ResponseHead head_of(const http::header<false, Fields>& header) {
  const auto text = [&header](http::field field) {
    const auto value = header[field];
    return std::string_view(value.data(), value.size());
  };
  return make_head(static_cast<int>(header.result_int()), text(http::field::date),
                   text(http::field::retry_after));
}

/// What went wrong while an answer was awaited or read.
std::string read_error_text(const error_code& error, std::size_t bytes_max) {
  if (error == http::error::end_of_stream) return "the connection closed before an answer came";
  if (error == http::error::partial_message || error == asio::ssl::error::stream_truncated ||
      error == asio::error::eof) {
    return "the connection closed in the middle of the answer";
  }
  if (error == http::error::body_limit) {
    return fmt::format("the answer is larger than {} bytes", bytes_max);
  }
  return reason_text(error);
}

class Call;

/// The connections and the open calls. Lives on the I/O thread.
class HttpCore : public std::enable_shared_from_this<HttpCore> {
 public:
  HttpCore(asio::io_context& context, std::shared_ptr<Credentials> credentials)
      : context_(context),
        credentials_(std::move(credentials)),
        pool_(context, credentials_),
        timer_(context) {}

  /// False when there are too many.
  bool add(std::shared_ptr<Call> call);
  void forget(CallId id) { calls_.erase(id); }
  void cancel(CallId id);
  void cancel_all();
  /// Calls are looked at no later than `when`.
  void arm(SteadyTime when);
  void give_back(std::shared_ptr<TlsLink> link) {
    pool_.give_back(std::move(link));
    arm(steady_now() + LinkPool::kIdleMax);
  }

  asio::io_context& context() { return context_; }
  Credentials& credentials() { return *credentials_; }
  LinkPool& pool() { return pool_; }
  std::atomic<std::size_t> open_streams{0};

 private:
  void on_timer();

  asio::io_context& context_;
  const std::shared_ptr<Credentials> credentials_;
  LinkPool pool_;
  Timer timer_;
  SteadyTime armed_ = SteadyTime::max();
  std::unordered_map<CallId, std::shared_ptr<Call>> calls_;
};

/// One exchange: take a connection, write the request, read the answer, end exactly once.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(CallId id, std::shared_ptr<HttpCore> core, Millis patience)
      : id_(id), core_(std::move(core)), patience_(patience) {
    touch();
  }
  virtual ~Call() = default;

  /// The authorization is filled in here.
  void begin(RequestText request);
  /// Ends it with this error, now.
  void abort(const std::string& error) { end(error, false); }
  void expire() {
    abort(fmt::format("no answer within {} ms{}", patience_.count(), left_ ? "" : " (connecting)"));
  }
  [[nodiscard]] CallId id() const { return id_; }
  [[nodiscard]] SteadyTime deadline() const { return deadline_; }

 protected:
  virtual void read() = 0;
  /// The last call: tells the caller. `error` "" when the answer is whole.
  virtual void report(std::string error) = 0;

  void touch() { deadline_ = steady_now() + patience_; }
  void never_expire() { deadline_ = SteadyTime::max(); }
  void end(std::string error, bool reusable);
  TlsStream& stream() { return link_->stream(); }
  HttpCore& core() { return *core_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] Certainty certainty_of_failure() const {
    return left_ ? Certainty::kUnknown : Certainty::kNotExecuted;
  }

 private:
  void write();

  const CallId id_;
  const std::shared_ptr<HttpCore> core_;
  const Millis patience_;
  SteadyTime deadline_;
  std::shared_ptr<TlsLink> link_;
  std::string out_;
  bool added_ = false;
  bool left_ = false;
  bool ended_ = false;
};

void Call::begin(RequestText request) {
  Credentials& credentials = core_->credentials();
  const std::string authorization = credentials.authorization();
  request.authorization = authorization;
  auto text = render_request(credentials.access(), request);
  if (!text) return abort(text.error().message);
  out_ = std::move(*text);
  added_ = core_->add(shared_from_this());
  if (!added_) return abort("too many requests are open");
  LinkPool::Lease lease = core_->pool().take();
  link_ = std::move(lease.link);
  if (!lease.fresh) return write();
  link_->open([self = shared_from_this()](std::string error) {
    if (self->ended_) return;
    if (!error.empty()) return self->end(std::move(error), false);
    self->write();
  });
}

void Call::write() {
  left_ = true;  // from here on the kernel may have sent some of it
  asio::async_write(stream(), asio::buffer(out_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (self->ended_) return;
                      if (error) {
                        return self->end("write the request: " + reason_text(error), false);
                      }
                      self->read();
                    });
}

void Call::end(std::string error, bool reusable) {
  if (ended_) return;
  ended_ = true;
  const std::shared_ptr<Call> keep = shared_from_this();
  if (added_) core_->forget(id_);
  if (link_ && reusable) {
    core_->give_back(std::move(link_));
  } else if (link_) {
    link_->close();
  }
  report(std::move(error));
}

bool HttpCore::add(std::shared_ptr<Call> call) {
  if (calls_.size() >= kCallsMax) return false;
  arm(call->deadline());
  const CallId id = call->id();
  return calls_.emplace(id, std::move(call)).second;
}

void HttpCore::cancel(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::shared_ptr<Call> call = found->second;
  call->abort("cancelled");
}

void HttpCore::cancel_all() {
  while (!calls_.empty()) {
    const std::shared_ptr<Call> call = calls_.begin()->second;
    call->abort("cancelled");
  }
  pool_.close_all();
  armed_ = SteadyTime::max();
  timer_.cancel();
}

void HttpCore::arm(SteadyTime when) {
  // Deadlines mostly come in order, so a call hardly ever touches the timer.
  if (when >= armed_) return;
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->on_timer();
  });
}

void HttpCore::on_timer() {
  armed_ = SteadyTime::max();
  const SteadyTime now = steady_now();
  std::vector<std::shared_ptr<Call>> expired;
  SteadyTime next = SteadyTime::max();
  for (const auto& [id, call] : calls_) {
    if (call->deadline() <= now) {
      expired.push_back(call);
    } else {
      next = std::min(next, call->deadline());
    }
  }
  for (const auto& call : expired) call->expire();
  if (pool_.sweep() > 0) next = std::min(next, now + LinkPool::kIdleMax);
  if (next != SteadyTime::max()) arm(next);
}

// ---- Small requests ----

class RequestCall final : public Call {
 public:
  RequestCall(CallId id, std::shared_ptr<HttpCore> core, const Request& request, OnReply on_reply)
      : Call(id, std::move(core), request.timeout),
        bytes_max_(request.reply_bytes_max),
        without_body_(request.method == engine::Method::kHead),
        on_reply_(std::move(on_reply)) {}

 private:
  std::shared_ptr<RequestCall> self() {
    return std::static_pointer_cast<RequestCall>(shared_from_this());
  }

  void read() override {
    parser_.body_limit(bytes_max_);
    parser_.header_limit(kHeadBytesMax);
    parser_.skip(without_body_);
    buffer_.reserve(4096);
    // Head and body apart: Beast 1.74 forgets the limit when both come in one read.
    http::async_read_header(
        stream(), buffer_, parser_, [self = self()](error_code error, std::size_t) {
          if (self->ended()) return;
          if (error || self->parser_.is_done()) return self->on_read(error);
          http::async_read(
              self->stream(), self->buffer_, self->parser_,
              [self](error_code body_error, std::size_t) { self->on_read(body_error); });
        });
  }

  void on_read(const error_code& error) {
    if (ended()) return;
    if (error) return end(read_error_text(error, bytes_max_), false);
    const int status = static_cast<int>(parser_.get().result_int());
    if (status == 401) core().credentials().suspect();
    whole_ = true;
    end("", parser_.get().keep_alive() && buffer_.size() == 0);
  }

  void report(std::string error) override {
    Reply reply;
    reply.certainty = whole_ ? Certainty::kDone : certainty_of_failure();
    reply.error = std::move(error);
    if (whole_) {
      reply.head = head_of(parser_.get().base());
      reply.body = std::move(parser_.get().body());
    }
    on_reply_(std::move(reply));
  }

  const std::size_t bytes_max_;
  const bool without_body_;
  OnReply on_reply_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  bool whole_ = false;
};

class BeastTransport final : public Transport {
 public:
  explicit BeastTransport(std::shared_ptr<HttpCore> core) : core_(std::move(core)) {}

  void start(CallId id, Request request, OnReply on_reply) override {
    const auto call = std::make_shared<RequestCall>(id, core_, request, std::move(on_reply));
    RequestText text;
    text.method = request.method;
    text.path = request.path;
    text.body = request.body;
    text.content_type = request.content_type;
    text.more = request.more_headers;
    call->begin(text);
  }
  void cancel(CallId id) override { core_->cancel(id); }
  void cancel_all() override { core_->cancel_all(); }

 private:
  const std::shared_ptr<HttpCore> core_;
};

// ---- Streams ----

/// A Beast body that hands every piece on as it is parsed and keeps nothing.
struct PushedBody {
  struct value_type {
    StreamSink* sink = nullptr;
  };
  class reader {
   public:
    // Beast makes the reader before it has parsed the head, which PushCall therefore reports.
    template <bool IsRequest, class Fields>
    reader(http::header<IsRequest, Fields>&, value_type& value) : value_(value) {}
    void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      std::size_t count = 0;
      for (const asio::const_buffer piece : beast::buffers_range_ref(buffers)) {
        value_.sink->body({static_cast<const char*>(piece.data()), piece.size()});
        count += piece.size();
      }
      return count;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& value_;
  };
};

class PushCall final : public Call {
 public:
  PushCall(CallId id, std::shared_ptr<HttpCore> core, Millis inactivity_timeout,
           std::shared_ptr<StreamSink> sink)
      : Call(id, std::move(core), inactivity_timeout),
        sink_(std::move(sink)),
        buffer_(kStreamReadBytes) {
    ++this->core().open_streams;
    parser_.get().body().sink = sink_.get();
    parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser_.header_limit(kHeadBytesMax);
  }

 private:
  std::shared_ptr<PushCall> self() {
    return std::static_pointer_cast<PushCall>(shared_from_this());
  }

  void read() override {
    http::async_read_header(
        stream(), buffer_, parser_, [self = self()](error_code error, std::size_t) {
          if (self->ended()) return;
          if (error) return self->end(read_error_text(error, engine::kReplyBytesMax), false);
          self->sink_->head(head_of(self->parser_.get().base()));
          // From here on one read takes all that is there, however many chunks
          // that is.
          self->parser_.eager(true);
          self->on_read({});
        });
  }

  void read_more() {
    http::async_read_some(stream(), buffer_, parser_,
                          [self = self()](error_code error, std::size_t) { self->on_read(error); });
  }

  void on_read(const error_code& error) {
    if (ended()) return;
    if (error) return end(read_error_text(error, engine::kReplyBytesMax), false);
    touch();
    if (parser_.is_done()) {
      if (parser_.get().result_int() == 401) core().credentials().suspect();
      return end("", parser_.get().keep_alive() && buffer_.size() == 0);
    }
    // `resume` comes from any thread; the weak pointer lets a cancelled stream go at once.
    const std::weak_ptr<Call> weak = weak_from_this();
    const auto resume = [weak, &context = core().context()] {
      asio::post(context, [weak] {
        if (const auto call = weak.lock()) static_cast<PushCall&>(*call).go_on();
      });
    };
    if (sink_->ready(resume)) return read_more();
    never_expire();  // we are the slow side now
  }

  void go_on() {
    if (ended()) return;
    touch();
    core().arm(deadline());
    read_more();
  }

  void report(std::string error) override {
    --core().open_streams;
    const bool orderly = error.empty();
    sink_->done(orderly, std::move(error));
  }

  const std::shared_ptr<StreamSink> sink_;
  beast::flat_buffer buffer_;
  http::response_parser<PushedBody> parser_;
};

class BeastStreams final : public StreamTransport {
 public:
  explicit BeastStreams(std::shared_ptr<HttpCore> core) : core_(std::move(core)) {}

  void open(CallId id, StreamCall call, std::shared_ptr<StreamSink> sink) override {
    const auto push =
        std::make_shared<PushCall>(id, core_, call.inactivity_timeout, std::move(sink));
    RequestText request;
    request.path = call.path;
    request.accept = call.accept;
    push->begin(request);
  }
  void cancel(CallId id) override { core_->cancel(id); }
  void cancel_all() override { core_->cancel_all(); }
  std::size_t open_count() const override { return core_->open_streams; }

 private:
  const std::shared_ptr<HttpCore> core_;
};

}  // namespace

BeastHttp make_beast_http(IoThread& io, std::shared_ptr<Credentials> credentials) {
  const auto core = std::make_shared<HttpCore>(io.context(), std::move(credentials));
  return {std::make_shared<BeastTransport>(core), std::make_shared<BeastStreams>(core)};
}

}  // namespace podcron::net
