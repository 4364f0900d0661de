// Requests to pods by Boost.Beast. One of at most five files that include Beast.
#include <chrono>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include "controller/config/kubeconfig.h"
#include "controller/net/factories.h"
#include "controller/net/tls_link.h"
#include "kube/output_tail.h"

namespace podcron::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using api::HttpEnd;
using boost::system::error_code;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
using TlsOverSocket = asio::ssl::stream<Socket&>;

/// A head larger than this is no application's.
constexpr std::uint32_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;
/// Interim answers (1xx) before the real one.
constexpr int kInterimAnswersMax = 16;
/// Far above the engine's own limit.
constexpr std::size_t kRequestsMax = 2048;

/// A Beast body of which only the end is kept.
struct TailBody {
  struct value_type {
    kube::OutputTail tail;
    std::uint64_t bytes = 0;
  };
  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(http::header<IsRequest, Fields>&, value_type& value) : value_(value) {}
    void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      std::size_t count = 0;
      for (const asio::const_buffer piece : beast::buffers_range_ref(buffers)) {
        value_.tail.append({static_cast<const char*>(piece.data()), piece.size()});
        count += piece.size();
      }
      value_.bytes += count;
      return count;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& value_;
  };
};

/// Whom a pod's certificate is checked by. The system's authorities are read once.
class PodTrust {
 public:
  Result<std::shared_ptr<TlsMaterial>> material_for(const api::HttpTls& tls) {
    if (!tls.verify) {
      if (!unverified_) unverified_ = TlsMaterial::unverified();
      return unverified_;
    }
    if (tls.ca_bundle.empty() && system_) return system_;
    config::ClusterAccess access;
    if (!tls.ca_bundle.empty()) {
      auto pem = config::decode_base64(tls.ca_bundle);
      if (!pem) return fail(ErrorCode::kMalformed, "tls.caBundle: " + pem.error().message);
      access.ca.text = std::move(*pem);
    }
    auto material = TlsMaterial::load(access);
    // A resumed session is not verified again, and another pod may be able to resume it.
    if (material) SSL_CTX_set_session_cache_mode((*material)->context(), SSL_SESS_CACHE_OFF);
    if (material && tls.ca_bundle.empty()) system_ = *material;
    return material;
  }

 private:
  std::shared_ptr<TlsMaterial> unverified_;
  std::shared_ptr<TlsMaterial> system_;
};

class PodRequest;

class BeastPodHttp final : public PodHttp, public std::enable_shared_from_this<BeastPodHttp> {
 public:
  explicit BeastPodHttp(asio::io_context& context) : context_(context) {}

  void start(engine::HttpTask task, OnStarted on_started, OnEnded on_ended) override;
  void cancel(CallId id) override;
  void cancel_all() override;

  asio::io_context& context() { return context_; }
  PodTrust& trust() { return trust_; }
  void forget(CallId id) { requests_.erase(id); }

 private:
  asio::io_context& context_;
  PodTrust trust_;
  std::unordered_map<CallId, std::shared_ptr<PodRequest>> requests_;
};

/// One request, from the connection to the end of its answer.
class PodRequest : public std::enable_shared_from_this<PodRequest> {
 public:
  PodRequest(std::shared_ptr<BeastPodHttp> owner, engine::HttpTask task,
             PodHttp::OnStarted on_started, PodHttp::OnEnded on_ended)
      : owner_(std::move(owner)),
        task_(std::move(task)),
        on_started_(std::move(on_started)),
        on_ended_(std::move(on_ended)),
        socket_(owner_->context()),
        timer_(owner_->context()) {}
  ~PodRequest() {
    // OpenSSL calls back into the material for as long as the connection lives.
    tls_.reset();
  }

  void begin();
  void end(HttpEnd how, std::string error);

 private:
  void connect();
  void shake_hands();
  void write();
  void read_head();
  void on_head(const error_code& error);
  void read_body();
  /// Calls `next` with the stream that bytes go through.
  template <class Next>
  void over_stream(Next&& next) {
    tls_ ? next(*tls_) : next(socket_);
  }
  [[nodiscard]] std::string place() const;

  const std::shared_ptr<BeastPodHttp> owner_;
  const engine::HttpTask task_;
  PodHttp::OnStarted on_started_;
  PodHttp::OnEnded on_ended_;
  std::shared_ptr<TlsMaterial> material_;
  Socket socket_;
  std::optional<TlsOverSocket> tls_;
  Timer timer_;
  std::string out_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<TailBody>> parser_;
  int interim_answers_ = 0;
  bool leaving_ = false;
  bool ended_ = false;
  api::HttpReport report_;
};

std::string PodRequest::place() const {
  config::ClusterAccess access;
  access.host = task_.address;
  access.port = task_.port;
  return access.authority();
}

void PodRequest::begin() {
  auto text = render_pod_request(task_);
  if (!text) return end(HttpEnd::kNotSent, text.error().message);
  out_ = std::move(*text);
  if (task_.https) {
    auto material = owner_->trust().material_for(task_.tls);
    if (!material) return end(HttpEnd::kNotSent, material.error().message);
    material_ = std::move(*material);
  }
  timer_.expires_after(task_.connect_timeout);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    // It may have been queued already when the connection came about.
    if (error || !self || self->leaving_) return;
    self->end(HttpEnd::kNotConnected,
              fmt::format("no connection with {} within {} ms", self->place(),
                          self->task_.connect_timeout.count()));
  });
  connect();
}

void PodRequest::connect() {
  error_code no_address;
  const auto address = asio::ip::make_address(task_.address, no_address);
  if (no_address) {
    return end(HttpEnd::kNotSent, fmt::format("\"{}\" is no IP address", task_.address));
  }
  socket_.async_connect(
      {address, task_.port}, [self = shared_from_this()](const error_code& error) {
        if (self->ended_) return;
        if (error) {
          return self->end(HttpEnd::kNotConnected,
                           fmt::format("connect to {}: {}", self->place(), reason_text(error)));
        }
        error_code ignored;
        self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        self->socket_.set_option(asio::socket_base::keep_alive(true), ignored);
        self->material_ ? self->shake_hands() : self->write();
      });
}

void PodRequest::shake_hands() {
  SSL_CTX_up_ref(material_->context());
  asio::ssl::context wrapper(material_->context());  // holds one reference while it lives
  tls_.emplace(socket_, wrapper);
  const std::string& name = task_.tls.server_name;
  material_->prepare(tls_->native_handle(), name.empty() ? task_.address : name);
  tls_->async_handshake(
      asio::ssl::stream_base::client, [self = shared_from_this()](const error_code& error) {
        if (self->ended_) return;
        if (!error) return self->write();
        const long verified = SSL_get_verify_result(self->tls_->native_handle());
        const bool refused = self->task_.tls.verify && verified != X509_V_OK;
        self->end(HttpEnd::kNotConnected,
                  fmt::format("TLS with {}: {}", self->place(),
                              refused ? fmt::format("certificate verify failed: {}",
                                                    X509_verify_cert_error_string(verified))
                                      : reason_text(error)));
      });
}

void PodRequest::write() {
  timer_.cancel();
  leaving_ = true;  // from here on the kernel may have sent some of it
  if (on_started_) std::exchange(on_started_, nullptr)();
  if (ended_) return;
  over_stream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(out_),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (self->ended_) return;
                        // Who answers early and closes may still be heard.
                        if (error && error != asio::error::broken_pipe &&
                            error != asio::error::connection_reset) {
                          return self->end(HttpEnd::kLost,
                                           "write the request: " + reason_text(error));
                        }
                        self->read_head();
                      });
  });
}

void PodRequest::read_head() {
  parser_.emplace();
  parser_->header_limit(kHeadBytesMax);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  parser_->skip(task_.method == api::HttpMethod::kHead);
  buffer_.reserve(kReadBytes);
  over_stream([this](auto& stream) {
    http::async_read_header(stream, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!self->ended_) self->on_head(error);
                            });
  });
}

void PodRequest::on_head(const error_code& error) {
  if (error) return end(HttpEnd::kLost, "read the answer: " + reason_text(error));
  const auto& head = parser_->get();
  const int status = static_cast<int>(head.result_int());
  constexpr int kSwitchingProtocols = 101;
  if (status < 200 && status != kSwitchingProtocols) {
    if (++interim_answers_ > kInterimAnswersMax) {
      return end(HttpEnd::kLost, "too many interim answers");
    }
    return read_head();
  }
  report_.status = status;
  const auto server = head[http::field::server];
  const bool envoy = server == "envoy" || server == "istio-envoy" ||
                     head.find("x-envoy-upstream-service-time") != head.end();
  const bool linkerd = head.find("l5d-proxy-error") != head.end();
  report_.proxy = envoy ? "envoy" : linkerd ? "linkerd" : "";
  if (parser_->is_done()) return end(HttpEnd::kAnswered, "");
  read_body();
}

void PodRequest::read_body() {
  // From here on one read takes all that is there, however many chunks that is.
  parser_->eager(true);
  over_stream([this](auto& stream) {
    http::async_read(stream, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (self->ended_) return;
                       error ? self->end(HttpEnd::kLost, reason_text(error))
                             : self->end(HttpEnd::kAnswered, "");
                     });
  });
}

void PodRequest::end(HttpEnd how, std::string error) {
  if (ended_) return;
  ended_ = true;
  const std::shared_ptr<PodRequest> keep = shared_from_this();
  owner_->forget(task_.id.value);
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  on_started_ = nullptr;
  report_.end = how;
  report_.error = std::move(error);
  if (report_.status != 0) {
    report_.body_bytes = parser_->get().body().bytes;
    report_.tail = parser_->get().body().tail.take();
  }
  std::exchange(on_ended_, nullptr)(std::move(report_));
}

void BeastPodHttp::start(engine::HttpTask task, OnStarted on_started, OnEnded on_ended) {
  const CallId id = task.id.value;
  const auto request = std::make_shared<PodRequest>(shared_from_this(), std::move(task),
                                                    std::move(on_started), std::move(on_ended));
  if (requests_.size() >= kRequestsMax) {
    return request->end(HttpEnd::kNotSent, "too many requests are open");
  }
  requests_.emplace(id, request);
  request->begin();
}

void BeastPodHttp::cancel(CallId id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const std::shared_ptr<PodRequest> request = found->second;
  request->end(HttpEnd::kCancelled, "cancelled");
}

void BeastPodHttp::cancel_all() {
  while (!requests_.empty()) {
    const std::shared_ptr<PodRequest> request = requests_.begin()->second;
    request->end(HttpEnd::kCancelled, "cancelled");
  }
}

}  // namespace

std::shared_ptr<PodHttp> make_pod_http(IoThread& io) {
  return std::make_shared<BeastPodHttp>(io.context());
}

}  // namespace podcron::net
