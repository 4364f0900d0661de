#include "controller/handlers/http_task.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "controller/net/http_text.h"
#include "kube/output_tail.h"

namespace podcron::handlers {
namespace {

/// Far above any activeDeadlineSeconds: it is the engine that ends a task.
constexpr Millis kNoTimeout{std::chrono::hours{24 * 366}};

engine::Method method_of(api::HttpMethod method) {
  switch (method) {
    case api::HttpMethod::kGet:
      return engine::Method::kGet;
    case api::HttpMethod::kHead:
      return engine::Method::kHead;
    case api::HttpMethod::kPost:
      return engine::Method::kPost;
    case api::HttpMethod::kPut:
      return engine::Method::kPut;
    case api::HttpMethod::kPatch:
      return engine::Method::kPatch;
    case api::HttpMethod::kDelete:
      return engine::Method::kDelete;
  }
  return engine::Method::kGet;
}

/// Headers that mean the API server here, not the pod behind it.
bool is_of_the_connection(std::string_view name) {
  const auto is = [name](std::string_view other) {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  };
  return is("authorization") || is("host") || is("user-agent") || is("accept") ||
         is("content-type") || name.starts_with("Impersonate-") || is("impersonate-user");
}

/// The API server answered for the pod: a Status of its own.
bool is_refusal(const net::Reply& reply) {
  constexpr int kBadRequest = 400;
  return reply.head.status >= kBadRequest &&
         reply.body.starts_with("{\"kind\":\"Status\",\"apiVersion\":\"v1\"");
}

api::HttpReport report_of(net::Reply&& reply) {
  api::HttpReport report;
  report.error = std::move(reply.error);
  report.status = reply.head.status;
  report.body_bytes = reply.body.size();
  switch (reply.certainty) {
    case engine::Certainty::kDone:
      report.end = api::HttpEnd::kAnswered;
      break;
    case engine::Certainty::kNotExecuted:
      report.end = api::HttpEnd::kNotSent;
      break;
    case engine::Certainty::kUnknown:
      report.end = api::HttpEnd::kLost;
      break;
  }
  if (is_refusal(reply)) {
    report.refusal = std::move(reply.body);
    return report;
  }
  kube::OutputTail tail;
  tail.append(reply.body);
  report.tail = tail.take();
  return report;
}

void through_api_server(engine::HttpTask&& task, net::Transport& api_server,
                        loop::Mailbox& mailbox) {
  const engine::EffectId id = task.id;
  const auto refuse = [&](std::string why) {
    api::HttpReport report;
    report.error = std::move(why);
    mailbox.post(engine::TaskEnded{id, std::move(report)});
  };
  for (const auto& [name, value] : task.headers) {
    if (!is_of_the_connection(name)) continue;
    return refuse(fmt::format("the header {} cannot be sent by way of the API server", name));
  }
  auto lines = net::render_headers(task.headers);
  if (!lines) return refuse(lines.error().message);
  net::Request request;
  request.method = method_of(task.method);
  request.path = std::move(task.path);
  request.body = std::move(task.body);
  request.content_type = "text/plain; charset=utf-8";
  request.more_headers = std::move(*lines);
  request.timeout = kNoTimeout;
  mailbox.post(engine::TaskStarted{id});
  api_server.start(id.value, std::move(request), [id, &mailbox](net::Reply reply) {
    mailbox.post(engine::TaskEnded{id, report_of(std::move(reply))});
  });
}

}  // namespace

void perform(engine::HttpTask&& effect, net::PodHttp& pods, net::Transport& api_server,
             loop::Mailbox& mailbox) {
  if (effect.address.empty()) return through_api_server(std::move(effect), api_server, mailbox);
  const engine::EffectId id = effect.id;
  pods.start(
      std::move(effect), [id, &mailbox] { mailbox.post(engine::TaskStarted{id}); },
      [id, &mailbox](api::HttpReport report) {
        mailbox.post(engine::TaskEnded{id, std::move(report)});
      });
}

}  // namespace podcron::handlers
