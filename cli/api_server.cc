#include "cli/api_server.h"

#include <future>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "api/kube_status.h"
#include "controller/net/factories.h"
#include "kube/paths.h"
#include "kube/stream_decoder.h"

namespace podcron::cli {
namespace {

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr const char* kDryRun = "?dryRun=All&fieldValidation=Strict";
constexpr std::string_view kYaml = "application/yaml";
constexpr int kNotFoundStatus = 404;
/// As the controller's: a page of 500 pods is about 5 MB.
constexpr int kPageItems = 500;
/// A person waits; an API server that is well answers in much less.
constexpr Millis kPatience{30'000};
constexpr std::size_t kRefusalBytesMax = 64 * 1024;

struct Page {
  int status = 0;
  std::vector<kube::StreamItem> items;
  std::string refusal;  // the body of what is no 200
  bool orderly = false;
  std::string error;
};

/// Decodes on the I/O thread while bytes arrive, and hands the whole page over at its end.
class PageSink final : public net::StreamSink {
 public:
  explicit PageSink(kube::ObjectKind kind) : decoder_(kind, false) {}

  std::future<Page> page() { return promise_.get_future(); }

  void head(const net::ResponseHead& head) override { page_.status = head.status; }
  void body(std::string_view bytes) override {
    if (page_.status == kOk) {
      decoder_.feed(bytes, page_.items);
    } else if (page_.refusal.size() < kRefusalBytesMax) {
      page_.refusal.append(bytes.substr(0, kRefusalBytesMax - page_.refusal.size()));
    }
  }
  bool ready(std::function<void()> /*resume*/) override { return true; }
  void done(bool orderly, std::string error) override {
    if (orderly) decoder_.finish(page_.items);
    page_.orderly = orderly;
    page_.error = std::move(error);
    promise_.set_value(std::move(page_));
  }

 private:
  kube::StreamDecoder decoder_;
  Page page_;
  std::promise<Page> promise_;
};

/// What one page held beside its objects.
struct Rest {
  bool ended = false;  // it had an end: nothing is missing
  std::string continue_token;
};

Result<Rest> take_items(std::vector<kube::StreamItem>&& items, const ApiServer::Take& take,
                        std::vector<std::string>& unreadable) {
  Rest rest;
  for (kube::StreamItem& item : items) {
    if (auto* apply = std::get_if<kube::Apply>(&item)) {
      take(std::move(apply->object));
    } else if (auto* end = std::get_if<kube::PageEnd>(&item)) {
      rest = {true, std::move(end->continue_token)};
    } else if (const auto* error = std::get_if<kube::StreamError>(&item)) {
      return fail(ErrorCode::kMalformed, error->status.message);
    } else if (auto* bad = std::get_if<kube::Undecodable>(&item)) {
      unreadable.push_back(bad->name.empty() ? bad->error : bad->name + ": " + bad->error);
    }
  }
  return rest;
}

}  // namespace

struct ApiServer::State {
  explicit State(std::shared_ptr<net::Credentials> the_credentials)
      : credentials(std::move(the_credentials)), http(net::make_beast_http(io, credentials)) {}
  // Connections must not go while their thread runs.
  ~State() { io.stop(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] tl::unexpected<Error> unreachable(const std::string& error) const {
    const config::ClusterAccess& access = credentials->access();
    // Who could not be connected to is in the error already.
    const bool named = error.find(access.authority()) != std::string::npos;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}{} ({})", named ? "" : access.authority() + ": ", error, access.origin));
  }

  const std::shared_ptr<net::Credentials> credentials;
  net::IoThread io;
  net::BeastHttp http;
  net::CallId last_call = 0;
};

ApiServer::ApiServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApiServer::~ApiServer() = default;

Result<std::unique_ptr<ApiServer>> ApiServer::open(const config::ClusterAccess& access) {
  // Changed files are of no interest to a command of a few seconds.
  auto credentials = net::Credentials::load(access, [](const Error&) {});
  if (!credentials) return tl::unexpected(credentials.error());
  return std::unique_ptr<ApiServer>(
      new ApiServer(std::make_unique<State>(std::move(*credentials))));
}

Result<std::string> ApiServer::get(const std::string& path) {
  return ask(engine::Method::kGet, path);
}

Result<std::string> ApiServer::dry_run_create(const std::string& path, const std::string& yaml) {
  return ask(engine::Method::kPost, path + kDryRun, yaml, kYaml);
}

Result<std::string> ApiServer::dry_run_replace(const std::string& path, const std::string& yaml) {
  return ask(engine::Method::kPut, path + kDryRun, yaml, kYaml);
}

Result<std::string> ApiServer::create(const std::string& path, const std::string& json) {
  return ask(engine::Method::kPost, path, json);
}

Result<std::string> ApiServer::merge_patch(const std::string& path, const std::string& json) {
  return ask(engine::Method::kPatch, path, json);
}

Result<void> ApiServer::remove(const std::string& path) {
  const auto answer = ask(engine::Method::kDelete, path);
  if (answer || answer.error().code == ErrorCode::kNotFound) return {};
  return tl::unexpected(answer.error());
}

Result<std::string> ApiServer::ask(engine::Method method, const std::string& path,
                                   const std::string& body, std::string_view content_type) {
  State& state = *state_;
  // Shared: set_value may still be at work over there when this returns here.
  const auto promise = std::make_shared<std::promise<net::Reply>>();
  std::future<net::Reply> future = promise->get_future();
  state.io.post([&state, promise, method, path, body, content_type, id = ++state.last_call] {
    net::Request request{method, path, body, kPatience, content_type};
    state.http.requests->start(id, std::move(request), [promise](net::Reply reply) {
      promise->set_value(std::move(reply));
    });
  });
  net::Reply reply = future.get();
  if (reply.certainty != engine::Certainty::kDone) return state.unreachable(reply.error);
  if (reply.head.status != kOk && reply.head.status != kCreated) {
    return tl::unexpected(
        refusal(reply.head.status, reply.body, path, state.credentials->access().origin));
  }
  return std::move(reply.body);
}

Result<void> ApiServer::list(kube::ObjectKind kind, const std::string& path, const Take& take,
                             std::vector<std::string>& unreadable) {
  State& state = *state_;
  std::string continue_token;
  do {
    std::string call = fmt::format("{}?limit={}", path, kPageItems);
    if (!continue_token.empty()) call += "&continue=" + kube::percent_encode(continue_token);
    const auto sink = std::make_shared<PageSink>(kind);
    std::future<Page> future = sink->page();
    state.io.post([&state, call, sink, id = ++state.last_call] {
      state.http.streams->open(id, {call, kPatience}, sink);
    });
    Page page = future.get();
    if (page.status != 0 && page.status != kOk) {
      return tl::unexpected(
          refusal(page.status, page.refusal, path, state.credentials->access().origin));
    }
    if (!page.orderly) return state.unreachable(page.error);
    auto rest = take_items(std::move(page.items), take, unreadable);
    if (!rest) return state.unreachable(rest.error().message);
    if (!rest->ended) return state.unreachable(fmt::format("{}: the answer is no list", path));
    continue_token = std::move(rest->continue_token);
  } while (!continue_token.empty());
  return {};
}

Error refusal(int http_status, const std::string& body, const std::string& path,
              const std::string& origin) {
  const auto code =
      http_status == kNotFoundStatus ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument;
  const auto status = api::decode_status(body);
  if (status && !status->message.empty()) {
    return {code, fmt::format("{} ({})", status->message, origin)};
  }
  // An unknown API group is answered in plain text.
  if (http_status == kNotFoundStatus && path.starts_with("/apis/podcron.dev/")) {
    return {code, fmt::format("the cluster does not know podcron.dev/v1alpha1: its CRDs are not "
                              "installed ({})",
                              origin)};
  }
  return {code, fmt::format("{}: HTTP status {} ({})", path, http_status, origin)};
}

}  // namespace podcron::cli
