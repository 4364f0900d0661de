#include "controller/handlers/http_task.h"

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

/// Of one answer; more of it is an answer that broke off.
constexpr std::size_t kProxiedReplyBytesMax = 64u << 10;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Headers that mean the API server here, not the pod behind it.
bool is_of_the_connection(std::string_view header) {
  const std::string name = lowered(header);
  return name == "authorization" || name == "host" || name == "user-agent" || name == "accept" ||
         name == "content-type" || name.starts_with("impersonate-");
}

/// Something on the way might take the path for one outside of the pod's own.
bool climbs(std::string_view path) {
  const std::string text = lowered(path.substr(0, path.find('?')));
  return text.find("..") != std::string::npos || text.find("%2e") != std::string::npos ||
         text.find("%2f") != std::string::npos;
}

/// The API server refused in the pod's place, in words of its own about this pod. Anything else may
/// be the pod's answer, whatever it looks like.
bool is_refusal(const net::Reply& reply) {
  const bool status = reply.body.starts_with("{\"kind\":\"Status\",\"apiVersion\":\"v1\"");
  const auto says = [&](std::string_view text) {
    return reply.body.find(text) != std::string::npos;
  };
  constexpr int kBadRequest = 400;
  constexpr int kForbidden = 403;
  constexpr int kNotFound = 404;
  if (!status) return false;
  switch (reply.head.status) {
    case kBadRequest:
      return says("\"message\":\"address not allowed\"");
    case kForbidden:
      return says("\"reason\":\"Forbidden\"") && says("pods/proxy");
    case kNotFound:
      return says("\"kind\":\"pods\"");
    default:
      return false;
  }
}

/// A server on the way may have lost the pod's answer.
bool is_of_a_gateway(int status) {
  constexpr int kBadGateway = 502;
  constexpr int kGatewayTimeout = 504;
  return status >= kBadGateway && status <= kGatewayTimeout;
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
  if (report.error == "cancelled") report.end = api::HttpEnd::kCancelled;
  if (is_of_a_gateway(report.status)) report.proxy = "the API server";
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
  if (climbs(task.path)) {
    return refuse("a path with '..', %2e or %2f cannot be sent by way of the API server");
  }
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
  request.reply_bytes_max = kProxiedReplyBytesMax;
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
