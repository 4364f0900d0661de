// LIST and WATCH by cpprestsdk. The only file that includes it: it carries its own Asio, and its
// traps stay here (docs/adr/0008-cpprestsdk.md).
// Otherwise it defines a macro called U.
#define _TURN_OFF_PLATFORM_STRING
#include <cpprest/http_client.h>
#include <openssl/x509v3.h>
#include <pplx/threadpool.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "controller/net/factories.h"

namespace podcron::net {
namespace {

namespace streams = Concurrency::streams;
using web::http::http_request;
using web::http::http_response;
using web::http::client::http_client;
using web::http::client::http_client_config;

/// cpprestsdk pushes into a "streambuf". This one hands every piece on synchronously and keeps
/// nothing: by default a slow reader would leave the whole body in memory.
class SinkBuffer final : public streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit SinkBuffer(std::shared_ptr<StreamSink> sink)
      : streambuf_state_manager(std::ios_base::out), sink_(std::move(sink)) {}

  /// The body may be read before the continuation with the head has run: it waits for that.
  void release_head() { head_seen_.set(); }
  /// Whoever waits goes on; what comes is thrown away.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    paused_.set();
    head_seen_.set();
  }

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(-1); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(-1); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(-1);
  }
  bool acquire(std::uint8_t*& pointer, std::size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, std::size_t) override {}

 protected:
  pplx::task<int_type> _putc(std::uint8_t byte) override {
    return _putn(&byte, 1).then([byte](std::size_t) { return static_cast<int_type>(byte); });
  }

  /// The next read of the socket starts when the returned task completes: this is how a full
  /// mailbox stops the peer.
  pplx::task<std::size_t> _putn(const std::uint8_t* bytes, std::size_t count) override {
    const pplx::task<void> head(head_seen_);
    if (head.is_done()) return push(bytes, count);
    return head.then([self = self(), bytes, count] { return self->push(bytes, count); });
  }

  pplx::task<int_type> _bumpc() override { return no_input(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return no_input(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return no_input(); }
  pplx::task<int_type> _ungetc() override { return no_input(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

 private:
  std::shared_ptr<SinkBuffer> self() {
    return std::static_pointer_cast<SinkBuffer>(shared_from_this());
  }
  static pplx::task<int_type> no_input() { return pplx::task_from_result<int_type>(traits::eof()); }

  pplx::task<std::size_t> push(const std::uint8_t* bytes, std::size_t count) {
    pplx::task_completion_event<void> resumed;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return pplx::task_from_result(count);
      paused_ = resumed;
    }
    sink_->body({reinterpret_cast<const char*>(bytes), count});
    if (sink_->ready([resumed] { resumed.set(); })) return pplx::task_from_result(count);
    return pplx::task<void>(resumed).then([count] { return count; });
  }

  const std::shared_ptr<StreamSink> sink_;
  pplx::task_completion_event<void> head_seen_;
  std::mutex mutex_;
  bool stopped_ = false;                      // guarded by mutex_
  pplx::task_completion_event<void> paused_;  // guarded by mutex_
};

/// Why the last certificate was refused; cpprestsdk itself only says "Error in SSL handshake".
struct Refusal {
  std::mutex mutex;
  std::string text;
};

/// In place of OpenSSL's own call, only to keep the reason. The verification is the same.
int verify_and_keep_reason(X509_STORE_CTX* context, void* refusal) {
  const int good = X509_verify_cert(context);
  auto& kept = *static_cast<Refusal*>(refusal);
  const std::lock_guard lock(kept.mutex);
  kept.text.clear();
  if (good != 1) {
    const int code = X509_STORE_CTX_get_error(context);
    kept.text = code == X509_V_OK ? "the certificate is for another host"
                                  : X509_verify_cert_error_string(code);
  }
  return good;
}

/// Its error codes mislead (end of file reads "No such file"), so only phase and text count. One
/// exception: it turns "connection refused" into "host unreachable" and says neither.
std::string text_of(const std::exception& thrown) {
  const auto* const http = dynamic_cast<const web::http::http_exception*>(&thrown);
  if (http != nullptr && http->error_code() == std::errc::host_unreachable) {
    return "connection refused, or host unreachable";
  }
  const std::string text = thrown.what();
  return text.empty() ? "unknown error" : text;
}

/// One open call.
struct Flow {
  CallId id = 0;
  std::shared_ptr<StreamSink> sink;
  std::shared_ptr<SinkBuffer> buffer;
  pplx::cancellation_token_source cancel;
  std::atomic<bool> cancelled{false};
  bool headed = false;
};

class CpprestStreams final : public StreamTransport,
                             public std::enable_shared_from_this<CpprestStreams> {
 public:
  explicit CpprestStreams(std::shared_ptr<Credentials> credentials)
      : credentials_(std::move(credentials)), refusal_(std::make_shared<Refusal>()) {}

  void open(CallId id, StreamCall call, std::shared_ptr<StreamSink> sink) override;
  void cancel(CallId id) override;
  void cancel_all() override;
  std::size_t open_count() const override { return open_; }

 private:
  std::shared_ptr<http_client> client_for(Millis inactivity_timeout);
  http_client_config make_config(Millis inactivity_timeout) const;
  http_request make_request(const StreamCall& call, SinkBuffer& buffer) const;
  void on_head(Flow& flow, const http_response& response) const;
  void finish(Flow& flow, const std::string& error);
  static void stop(Flow& flow);

  const std::shared_ptr<Credentials> credentials_;
  const std::shared_ptr<Refusal> refusal_;
  std::map<Millis, std::shared_ptr<http_client>> clients_;  // I/O thread only
  std::mutex mutex_;
  std::unordered_map<CallId, std::shared_ptr<Flow>> flows_;  // guarded by mutex_
  std::atomic<std::size_t> open_{0};
};

http_client_config CpprestStreams::make_config(Millis inactivity_timeout) const {
  http_client_config config;
  // Every byte resets it, so it is the inactivity time-out; 0 would mean "fail at once".
  config.set_timeout(std::max(inactivity_timeout, Millis(1)));
  // It would send the Authorization header to whatever host the answer names.
  config.set_max_redirects(0);
  config.set_ssl_context_callback(
      [credentials = credentials_, refusal = refusal_](boost::asio::ssl::context& context) {
        // Per connection, on a fresh context: rotated certificates count from the next one on.
        credentials->material()->apply(context.native_handle());
        SSL_CTX_set_cert_verify_callback(context.native_handle(), verify_and_keep_reason,
                                         refusal.get());
      });
  return config;
}

std::shared_ptr<http_client> CpprestStreams::client_for(Millis inactivity_timeout) {
  // The time-out belongs to the client; the engine uses two or three different ones.
  auto& client = clients_[inactivity_timeout];
  if (!client) {
    const config::ClusterAccess& access = credentials_->access();
    client = std::make_shared<http_client>(web::uri("https://" + access.authority()),
                                           make_config(inactivity_timeout));
  }
  return client;
}

http_request CpprestStreams::make_request(const StreamCall& call, SinkBuffer& buffer) const {
  const config::ClusterAccess& access = credentials_->access();
  http_request request(web::http::methods::GET);
  request.set_request_uri(web::uri(access.path_prefix + call.path));
  request.headers().add("User-Agent", user_agent());
  request.headers().add("Accept", std::string(call.accept));
  // The Host field also replaces SNI and the verified name.
  if (!access.tls_server_name.empty()) request.headers().add("Host", access.tls_server_name);
  if (const std::string authorization = credentials_->authorization(); !authorization.empty()) {
    request.headers().add("Authorization", authorization);
  }
  request.set_response_stream(
      streams::ostream(streams::streambuf<std::uint8_t>(buffer.shared_from_this())));
  return request;
}

void CpprestStreams::on_head(Flow& flow, const http_response& response) const {
  const auto text = [&response](const char* field) {
    const auto found = response.headers().find(field);
    return found == response.headers().end() ? std::string() : found->second;
  };
  if (response.status_code() == 401) credentials_->suspect();
  flow.headed = true;
  flow.sink->head(make_head(response.status_code(), text("Date"), text("Retry-After")));
  flow.buffer->release_head();
}

void CpprestStreams::open(CallId id, StreamCall call, std::shared_ptr<StreamSink> sink) {
  const auto flow = std::make_shared<Flow>();
  flow->id = id;
  flow->sink = std::move(sink);
  flow->buffer = std::make_shared<SinkBuffer>(flow->sink);
  ++open_;
  {
    const std::lock_guard lock(mutex_);
    flows_.emplace(id, flow);
  }
  const auto self = shared_from_this();
  pplx::task<http_response> answer;
  try {
    if (!fits_request_line(call.path)) throw std::runtime_error("the path cannot be requested");
    answer = client_for(call.inactivity_timeout)
                 ->request(make_request(call, *flow->buffer), flow->cancel.get_token());
  } catch (const std::exception& error) {
    return finish(*flow, text_of(error));
  }
  // Task-based continuations always run and see every exception: one that nobody looks at would
  // end the process. Nothing else here may call get() or wait(): the pool has one thread.
  answer
      .then([self, flow](pplx::task<http_response> task) {
        const http_response response = task.get();
        self->on_head(*flow, response);
        return response.content_ready();
      })
      .then([self, flow](pplx::task<http_response> task) noexcept {
        std::string error;
        try {
          task.get();
        } catch (const std::exception& thrown) {
          error = text_of(thrown);
        }
        self->finish(*flow, error);
      });
}

void CpprestStreams::finish(Flow& flow, const std::string& error) {
  std::string text = error;
  if (flow.cancelled) {
    text = "cancelled";
  } else if (!error.empty()) {
    const std::string authority = credentials_->access().authority();
    text = fmt::format("{} {}: {}", flow.headed ? "read from" : "connect to", authority, error);
    const std::lock_guard lock(refusal_->mutex);
    if (!flow.headed && !refusal_->text.empty()) {
      text += ": certificate verify failed: " + refusal_->text;
      refusal_->text.clear();
    }
  }
  {
    const std::lock_guard lock(mutex_);
    flows_.erase(flow.id);
  }
  const bool orderly = text.empty();
  flow.sink->done(orderly, std::move(text));
  --open_;
}

void CpprestStreams::stop(Flow& flow) {
  flow.cancelled = true;
  flow.buffer->stop();
  flow.cancel.cancel();
}

void CpprestStreams::cancel(CallId id) {
  std::shared_ptr<Flow> flow;
  {
    const std::lock_guard lock(mutex_);
    const auto found = flows_.find(id);
    if (found == flows_.end()) return;
    flow = found->second;
  }
  stop(*flow);
}

void CpprestStreams::cancel_all() {
  std::unordered_map<CallId, std::shared_ptr<Flow>> flows;
  {
    const std::lock_guard lock(mutex_);
    flows = flows_;
  }
  for (const auto& [id, flow] : flows) stop(*flow);
}

}  // namespace

void prepare_cpprest() {
  system_ca_file();  // asks the environment before we change it
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
  ::setenv("SSL_CERT_DIR", "/nonexistent", 1);
  // One thread: nothing blocks on it, and more only cost context switches.
  crossplat::threadpool::initialize_with_threads(1);
}

std::shared_ptr<StreamTransport> make_cpprest_streams(std::shared_ptr<Credentials> credentials) {
  return std::make_shared<CpprestStreams>(std::move(credentials));
}

}  // namespace podcron::net
